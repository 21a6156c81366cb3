import type { ElementDefinition, Resource, StructureDefinition } from '@medplum/fhirtypes'
import type { Issue } from '../../src/base/errors.js'
import { shipped } from '../../src/fhir/definitions/shipped.js'
import { overlay } from '../../src/fhir/library.js'
import { type Asked, validate } from '../../src/fhir/validation.js'
import { Terminologies } from '../../src/terminology/terminologies.js'
import type { Json } from './structures.js'

export const url = (name: string) => `http://example.org/StructureDefinition/${name}`

/** A profile without a snapshot; elements by their ids: `Patient.name:main.family` */
export function aProfile(
  name: string,
  type: string,
  elements: Readonly<Record<string, Partial<ElementDefinition>>>,
  more: Partial<StructureDefinition> = {},
): StructureDefinition {
  return {
    resourceType: 'StructureDefinition',
    url: url(name),
    name,
    status: 'active',
    kind: /^[A-Z]/.test(type) ? 'resource' : 'complex-type',
    abstract: false,
    type,
    baseDefinition: `http://hl7.org/fhir/StructureDefinition/${type}`,
    derivation: 'constraint',
    differential: {
      element: Object.entries(elements).map(([id, element]) => {
        const sliceName = /:([^.]+)$/.exec(id)?.[1]
        const path = id.replace(/:[^.]+/g, '')
        return { id, path, ...(sliceName && { sliceName }), ...element } as ElementDefinition
      }),
    },
    ...more,
  } as StructureDefinition
}

/** An extension that is known by `url(name)`. */
export const anExtension = (
  name: string,
  elements: Readonly<Record<string, Partial<ElementDefinition>>> = {},
  more: Partial<StructureDefinition> = {},
): StructureDefinition =>
  aProfile(
    name,
    'Extension',
    { 'Extension.url': { fixedUri: url(name) }, ...elements },
    { kind: 'complex-type', context: [{ type: 'element', expression: 'Element' }], ...more },
  )

const terminology = new Terminologies(
  () => [],
  async () => shipped,
).membershipFor(1)

/** What is said of a resource, in a server that has nothing but R4, HL7 Terminology and these definitions. */
export const issuesOf = (
  resource: unknown,
  { definitions = [], ...asked }: Partial<Asked> & { definitions?: readonly Resource[] } = {},
): Promise<Issue[]> =>
  validate(resource, { mode: 'full', library: overlay(shipped, definitions), terminology, ...asked })

/** The errors alone, as `path message`. */
export async function errorsOf(...of: Parameters<typeof issuesOf>): Promise<string[]> {
  const issues = await issuesOf(...of)
  return issues
    .filter(({ severity }) => severity === 'error')
    .map(({ expression, details }) => `${expression?.[0]} ${details?.coding?.[0]?.code}`)
}

/** The errors of a resource that is held against a profile of its own. */
export const errorsBy = (
  profile: StructureDefinition,
  resource: Json,
  definitions: readonly Resource[] = [],
): Promise<string[]> => errorsOf(resource, { profiles: [profile.url], definitions: [profile, ...definitions] })

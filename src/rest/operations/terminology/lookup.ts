import type { CodeSystem, ParametersParameter } from '@medplum/fhirtypes'
import { Invalid, NotFound } from '../../../base/errors.js'
import { decimalOf } from '../../../fhir/json.js'
import { lookUp } from '../../../terminology/lookup.js'
import type { CodeSystemProvider, ConceptProperty, Designation } from '../../../terminology/provider.js'
import { notKnown } from '../../../terminology/unknown.js'
import { Ground } from '../../../terminology/validate-code/ground.js'
import { supplementsNamed } from '../../../terminology/valueset/supplements.js'
import { wantedVersion } from '../../../terminology/versions.js'
import { operation } from '../../operation.js'
import { type Asked, aboutCommon, asked, common } from './asked.js'

/** @see https://hl7.org/fhir/R4/codesystem-operation-lookup.html */
export const lookup = operation({
  code: 'lookup',
  definition: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-lookup',
  title: 'Concept Look Up & Decomposition',
  description: 'What is known of a code: its display, designations and properties, with parents and children.',
  on: { resource: ['CodeSystem'], levels: ['type', 'instance'] },
  affectsState: false,
  bareOutcomes: true,
  needs: { letters: ['r'], of: 'type' },
  in: {
    code: '0..1 code',
    system: '0..1 uri',
    version: '0..1 string',
    coding: '0..1 Coding',
    date: '0..1 dateTime',
    property: '0..* code',
    ...common,
  },
  out: {
    name: '1..1 string',
    version: '0..1 string',
    display: '1..1 string',
    system: '0..1 uri',
    code: '0..1 code',
    abstract: '0..1 boolean',
    definition: '0..1 string',
    designation: '0..* part',
    property: '0..* part',
  },
  about: {
    code: 'With a system; or coding',
    date: 'Of a system without a version the one that was in effect then',
    property: 'What is wanted: properties, `designation`, `definition`, `lang.de`; without it, or with `*`, all',
    ...aboutCommon,
  },

  async handle(call) {
    const { params } = call
    const all = await asked(call)
    const { coding, property: properties, date } = params
    const code = params.code ?? coding?.code
    if (code === undefined) throw new Invalid('$lookup needs a code, and its system, or a coding')
    const supplements = await supplementsNamed(params.useSupplement, all.systems)
    const { system, version } = params
    const provider = await systemOf(all, { id: call.id, system, version, coding, date, supplements })
    const languages = all.displayLanguages ?? all.acceptLanguages
    const found = await lookUp(provider, { code, properties, languages })
    return {
      ...found,
      system: provider.url,
      designation: found.designations.map(partsOfDesignation),
      property: found.properties.map(partsOfProperty),
    }
  },
})

interface About {
  readonly id?: string
  readonly system?: string
  readonly version?: string
  readonly coding?: { readonly system?: string; readonly version?: string }
  readonly date?: string
  readonly supplements?: readonly CodeSystem[]
}

/**
 * The code system that an operation on CodeSystem is about: of its URL, or of its parameters.
 * @throws NotFound  it is not known (404)
 */
export async function systemOf(
  asked: Asked,
  { id, coding, date, supplements = [], ...named }: About,
): Promise<CodeSystemProvider> {
  const { systems, versions } = asked
  const ground = new Ground({ ...asked, supplements }, date?.slice(0, '2026-10-01'.length))
  if (id !== undefined) {
    const resource = await systems.library.withId('CodeSystem', id)
    if (!resource?.url) throw new NotFound(`CodeSystem/${id} is not known, or has no url`)
    return (await ground.system(resource.url, resource.version)) ?? notKnown(systems, resource.url, resource.version)
  }
  const system = named.system ?? coding?.system
  if (system === undefined) throw new Invalid('The system of the code is needed: as system, or in coding')
  const version = named.version ?? coding?.version
  return (
    (await ground.systemFor(system, version)) ?? notKnown(systems, system, wantedVersion(system, version, versions))
  )
}

const partsOfDesignation = ({ language, use, value }: Designation): ParametersParameter[] => [
  ...(language === undefined ? [] : [{ name: 'language', valueCode: language }]),
  ...(use === undefined ? [] : [{ name: 'use', valueCoding: { ...use } }]),
  { name: 'value', valueString: value },
]

function partsOfProperty({ code, display, type, value, description }: ConceptProperty): ParametersParameter[] {
  return [
    { name: 'code', valueCode: code },
    ...(display === undefined ? [] : [{ name: 'code-display', valueString: display }]),
    { name: 'value', [`value${type.charAt(0).toUpperCase()}${type.slice(1)}`]: typed(type, value) },
    ...(description === undefined ? [] : [{ name: 'description', valueString: description }]),
  ]
}

function typed(type: ConceptProperty['type'], value: ConceptProperty['value']): unknown {
  if (typeof value !== 'string') return value
  if (type === 'boolean') return value === 'true'
  return type === 'integer' || type === 'decimal' ? decimalOf(value) : value
}

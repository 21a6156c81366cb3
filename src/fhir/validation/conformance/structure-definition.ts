import { typeDefinition } from '../../definitions.js'
import { membersOf } from '../../members.js'
import { listOf } from '../bundle/entries.js'
import { parseDiscriminator } from '../discriminator.js'
import type { Json, Place } from '../rule.js'
import { messages } from './messages.js'

/** https://hl7.org/fhir/R4/structuredefinition.html */
export function checkStructureDefinition(definition: Json, at: Place): void {
  for (const view of ['differential', 'snapshot']) {
    const elements = listOf((definition[view] as Json | undefined)?.element)
    for (const [place, element] of elements.entries()) checkDiscriminators(element, `.${view}.element[${place}]`, at)
  }
  if (definition.type === 'Extension') checkExtensionUrl(definition, at)
}

/** A discriminator leads from what is sliced to something that R4 has there. */
function checkDiscriminators({ path, slicing }: Json, below: string, at: Place): void {
  const type = typeof path === 'string' ? typeAt(path) : undefined
  if (type === undefined) return
  for (const [place, { type: kind, path: way }] of listOf((slicing as Json | undefined)?.discriminator).entries()) {
    if (typeof way !== 'string' || leads(type, { type: kind as string, path: way })) continue
    at.report(messages.discriminator, () => `cannot be a discriminator of ${path}, which is of type ${type}`, {
      below: `${below}.slicing.discriminator[${place}]`,
    })
  }
}

/** @returns whether the path leads somewhere, or where nothing can be told */
function leads(type: string, discriminator: { type: string; path: string }): boolean {
  let here = type
  for (const step of parseDiscriminator(discriminator).steps) {
    if (step.kind === 'resolve' || step.kind === 'ofType') return true
    const types = typesOf(here, step.kind === 'extension' ? 'extension' : step.name)
    if (types.length === 0) return false
    if (types.length > 1 || types[0] === 'Resource') return true
    here = types[0]!
  }
  return true
}

/** Of the values that an element of a type may have. */
const typesOf = (type: string, name: string): readonly string[] =>
  [...membersOf(type)].flatMap(([key, member]) => (member.element.name === name || key === name ? [member.type] : []))

/** @returns undefined when it can be several, or R4 has no such path */
function typeAt(path: string): string | undefined {
  const [root, ...names] = path.split('.')
  let here = typeDefinition(root!) && root
  for (const name of names) {
    const types = here === undefined ? [] : typesOf(here, name.replace('[x]', ''))
    here = types.length === 1 && types[0] !== 'Resource' ? types[0] : undefined
  }
  return here
}

/** An extension is known by its url: what is derived from one is that one, and has its url. */
function checkExtensionUrl({ differential, snapshot, baseDefinition }: Json, at: Place): void {
  if (typeof baseDefinition !== 'string') return
  const base = at.definition('StructureDefinition', baseDefinition)
  const right = fixedUrl(listOf((base?.snapshot ?? base?.differential)?.element))
  const own = fixedUrl(listOf((differential as Json | undefined)?.element ?? (snapshot as Json | undefined)?.element))
  if (typeof right === 'string' && own !== undefined && own !== right)
    at.report(messages.extensionUrl, () => `must keep the url ${right} of the extension that it is derived from`)
}

const fixedUrl = (elements: readonly Json[]): unknown => elements.find(({ path }) => path === 'Extension.url')?.fixedUri

import type { StructureDefinition } from '@medplum/fhirtypes'
import { typeDefinition } from '../definitions.js'
import { evaluate, evaluateTyped } from '../fhirpath.js'
import { membersOf } from '../members.js'
import { urlOf } from './locate.js'
import { messages } from './messages.js'
import type { ProfileElement } from './program.js'
import { programOf } from './programs.js'
import type { Json, Rule } from './rule.js'
import { checkValue } from './run.js'
import { walk } from './walk.js'

/**
 * An extension, wherever it stands: its definition is looked up, and what that says of its place and content holds.
 * @see https://hl7.org/fhir/R4/extensibility.html
 */
export const checkExtensionUse: Rule = (node) => {
  const extension = node as Json
  const { url } = extension
  if (typeof url !== 'string') return
  const isPart = walk.owners[walk.depth - 1] === 'Extension'
  if (!url.includes(':')) {
    if (isPart) checkPart(url)
    else walk.report(messages.extensionUrl, () => 'has a url that is not absolute', { below: '.url' })
    return
  }
  const definition = walk.definition('StructureDefinition', url)
  const isAmongModifiers = walk.names[walk.depth - 1] === 'modifierExtension'
  if (!definition) {
    if (definition === null && walk.isNews(`extension ${url}`))
      walk.report(messages.unknownExtension, () => `the extension ${url} is not known here, so it was not checked`, {
        severity: isAmongModifiers ? 'warning' : 'information',
      })
    return
  }
  if (definition.type !== 'Extension') {
    walk.report(messages.notAnExtension, () => `${url} is a ${definition.type}, not an extension`)
    return
  }
  const isModifier = definition.snapshot?.element[0]?.isModifier === true
  if (isModifier && !isAmongModifiers)
    walk.report(messages.isModifier, () => `${url} is a modifier extension: its place is modifierExtension`)
  if (!isModifier && isAmongModifiers)
    walk.report(messages.isNoModifier, () => `${url} is no modifier extension: its place is extension`)
  checkContext(definition, extension)
  const program = programOf(url)
  if (program) checkValue(program.root, extension, undefined, 'Extension')
}

/** The parts of a complex extension are named, and known to that one alone. */
function checkPart(url: string): void {
  const parts = partsAt(walk.depth - 1)
  if (parts && !parts.some((part) => urlOf(part) === url))
    walk.report(
      messages.subExtension,
      () => `is not a part of ${walk.nodes[walk.depth - 1]!.url}: that has ${named(parts)}`,
    )
}

const named = (parts: readonly ProfileElement[]) => parts.map(urlOf).join(', ') || 'none'

/** What the definition of the extension at this level has as its parts; undefined when it is not known. */
function partsAt(level: number): readonly ProfileElement[] | undefined {
  const url = walk.nodes[level]?.url
  if (typeof url !== 'string') return undefined
  if (url.includes(':')) return partsOf(programOf(url)?.root)
  const around = walk.owners[level - 1] === 'Extension' ? partsAt(level - 1) : undefined
  return partsOf(around?.find((part) => urlOf(part) === url))
}

/** None are defined where none are told apart. */
function partsOf(extension: ProfileElement | undefined): readonly ProfileElement[] | undefined {
  return extension?.children.find(({ name }) => name === 'extension')?.slicing?.slices
}

// ── Where an extension may stand ───────────────────────────────────────────────────────────────────────────────────

function checkContext(definition: StructureDefinition, extension: Json): void {
  const { context = [], contextInvariant = [], url } = definition
  const level = walk.depth - 1
  const holder = walk.nodes[level]
  if (!holder) return // validated on its own
  if (context.length > 0 && !context.some((one) => suits(one, level, holder))) {
    const allowed = context.map(({ expression }) => expression).join(', ')
    walk.reportOf(level, messages.extensionContext, () => `the extension ${url} is not allowed here, but on ${allowed}`)
  }
  for (const expression of contextInvariant) {
    if (!isTrue(expression, level, { extension }))
      walk.reportOf(level, messages.extensionContext, () => `the extension ${url} is only allowed where ${expression}`)
  }
}

type Context = NonNullable<StructureDefinition['context']>[number]

function suits({ type, expression }: Context, level: number, holder: Json): boolean {
  // On the extension itself, or on its value.
  if (type === 'extension') return holder.url === expression || walk.nodes[level - 1]?.url === expression
  if (type === 'fhirpath') return leadsTo(expression!, holder)
  return expression === 'Element' || placesOf(level).has(expression!.replace(/\[x\]/g, '').replace(/^.*#/, ''))
}

/** The elements that the holder of the extension is, by all the names that it has: `Patient.contact.name`, `HumanName` */
function placesOf(level: number): Set<string> {
  const places = new Set<string>()
  const owner = walk.owners[level]!
  // The twin of a primitive has no type of its own: the element does.
  const isTwin = owner === 'Element'
  if (!isTwin) for (const type of lineage(owner)) places.add(type)
  let below = ''
  for (let above = level - 1; above >= 0; above--) {
    const [name, choice] = walk.names[above]!.split('.ofType(')
    const type = walk.owners[above]!
    below = `.${name}${below}`
    for (const base of lineage(type)) places.add(base + below)
    if (above === level - 1) {
      const held = choice?.slice(0, -1) ?? membersOf(type).get(name!)?.type
      for (const base of lineage(held ?? 'Element')) places.add(base)
    }
    if (walk.nodes[above]!.resourceType !== undefined) break
  }
  return places
}

function lineage(type: string): string[] {
  const types = [type]
  for (let base = typeDefinition(type)?.base; base; base = typeDefinition(base)?.base) types.push(base)
  return isCanonical(type) ? [...types, 'CanonicalResource', 'MetadataResource'] : types
}

/** R4 has no type for what definitions have in common, and contexts name it all the same. */
function isCanonical(type: string): boolean {
  const elements = typeDefinition(type)?.elements ?? []
  return ['url', 'status', 'publisher', 'jurisdiction'].every((name) => elements.some((one) => one.name === name))
}

function leadsTo(expression: string, holder: Json): boolean {
  try {
    return evaluate(expression, walk.resource).includes(holder)
  } catch {
    return true // a definition that cannot be evaluated forbids nothing
  }
}

function isTrue(expression: string, level: number, env: Record<string, unknown>): boolean {
  try {
    const more = { ...env, resource: walk.resource }
    const [found] = evaluateTyped(expression, walk.nodes[level], more, walk.owners[level], walk.limits)
    return found?.value === true
  } catch {
    return true
  }
}

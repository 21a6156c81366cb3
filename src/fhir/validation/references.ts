import { isResourceType } from '../definitions.js'
import { parseReference } from '../references.js'
import { messages } from './messages.js'
import type { Json, Rule } from './rule.js'
import { walk } from './walk.js'

/** A Reference, wherever it stands: what it leads to is there, and of the type that it says. */
export const checkReference: Rule = (node) => {
  const { reference, type } = node as Json
  if (typeof type === 'string' && !type.includes('/') && !isResourceType(type))
    walk.report(messages.targetType, () => 'must name a type of R4 in type, such as Patient; found another word')
  if (typeof reference !== 'string') return
  const isFragment = reference.charCodeAt(0) === 35
  const found = isFragment || walk.around ? walk.resolve(reference) : null
  if (isFragment && !found) {
    walk.report(messages.notContained, () => 'leads to a contained resource that is not there')
    return
  }
  if (!found) {
    checkExistence(reference)
    return
  }
  const target = found.resource.resourceType
  const said = [type, isFragment ? undefined : parseReference(reference)?.type]
  for (const one of said) {
    if (isResourceType(one) && one !== target)
      walk.report(messages.targetDiffers, () => `says that it leads to ${one}; found ${target}`)
  }
}

function checkExistence(reference: string): void {
  const parsed = parseReference(reference)
  if (parsed?.type === undefined || parsed.absolute) return
  const severity = walk.settings.missingReference(parsed.type)
  if (severity === 'off') return
  const name = `${parsed.type}/${parsed.id}`
  if (walk.exists(name) === false)
    walk.report(messages.targetMissing, () => `${name} does not exist on this server`, { severity })
}

/**
 * The type that a reference leads to, as far as it can be told without leaving what is validated.
 */
export function targetTypeOf({ reference, type }: Json): string | undefined {
  if (typeof reference === 'string') {
    const found = reference.charCodeAt(0) === 35 || walk.around ? walk.resolve(reference) : null
    if (found) return found.resource.resourceType as string
    const named = typeIn(reference)
    if (named) return named
  }
  return typeof type === 'string' ? type : undefined
}

/** `Patient/1` without taking it apart any further; others by the rules. */
function typeIn(reference: string): string | undefined {
  const slash = reference.indexOf('/')
  const first = slash > 0 ? reference.slice(0, slash) : ''
  if (isResourceType(first)) return first
  return parseReference(reference)?.type
}

/** @param targets  types that R4 allows the element to lead to */
export function targetRule(targets: readonly string[]): Rule {
  const allowed = new Set(targets)
  return (node) => {
    const type = targetTypeOf(node as Json)
    if (type !== undefined && !allowed.has(type) && isResourceType(type))
      walk.report(messages.targetType, () => `must lead to ${targets.join(', ')}; found ${type}`)
  }
}

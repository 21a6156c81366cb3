import { evaluateTyped, type Limits } from '../fhir/fhirpath.js'
import { decimalText, isDecimal, toNumber } from '../fhir/json.js'
import type { Navigation } from './arguments.js'

export type Json = Record<string, unknown>

/** Where FHIRPath is asked: the type of the items, when they are parts of a resource, and that resource. */
export interface Around {
  type?: string
  resource: Json
  /** What all FHIRPath of the query may use up: nobody else is served meanwhile. */
  limits: Limits
}

/**
 * The elements of a list that are wanted: first those that fit, then the stretch of them.
 * @throws Invalid  the FHIRPath is none, or cannot be applied
 * @see https://hl7.org/fhir/R4/graphql.html#list
 */
export function navigate(items: readonly unknown[], navigation: Navigation, around: Around): readonly unknown[] {
  const { members, fhirpath, offset, count } = navigation
  let kept = items
  for (const [name, value] of members) kept = kept.filter((item) => equals((item as Json | null)?.[name], value))
  if (fhirpath !== undefined)
    kept = around.type ? matching(kept, fhirpath, around) : matchingResources(kept as Json[], fhirpath, around.limits)
  return offset === 0 && count >= kept.length ? kept : kept.slice(offset, offset + count)
}

/** Of a member that repeats, one value has to be the one asked for. */
function equals(stored: unknown, asked: string): boolean {
  if (Array.isArray(stored)) return stored.some((one) => equals(one, asked))
  if (stored === undefined || stored === null) return false
  if (!isDecimal(stored)) return String(stored) === asked
  return asked.trim() !== '' && toNumber(stored) === Number(asked)
}

/**
 * The items for which an expression is true or, where it is no boolean, finds something. `$index` is the place in the
 * list, `%resource` the resource around.
 *
 * @param fhirpath  that suits the type, and so is whole: `a) or (b` is not
 */
export function matching<T>(items: readonly T[], fhirpath: string, { type, resource, limits }: Around): readonly T[] {
  const present = items.filter((item) => item !== null)
  if (present.length === 0) return present
  // A line of its own, as the expression may end in a comment.
  const criterion = `(\n${fhirpath}\n).where($this != false).exists()`
  const indexes = evaluateTyped(`select(iif(${criterion}, $index, {}))`, present, { resource }, type, limits)
  return indexes.map(({ value }) => present[Number(value)]!)
}

/** As `matching`, for resources: of several types, each `%resource` itself. */
export function matchingResources(resources: readonly Json[], fhirpath: string, limits: Limits): readonly Json[] {
  const found = (resource: Json) => evaluateTyped(fhirpath, resource, {}, undefined, limits)
  return resources.filter((resource) => found(resource).some(({ value }) => value !== false))
}

/** Of @slice: the place in the list. */
export const INDEX = '$index'

/** What @slice adds to a name. */
export function sliceName(item: unknown, index: number, path: string, { type, resource, limits }: Around): string {
  if (path === INDEX) return String(index)
  const [found] = item === null ? [] : evaluateTyped(path, item, { resource }, type, limits)
  const value = found?.value
  if (value === undefined || value === null) return ''
  return isDecimal(value) ? decimalText(value) : String(value)
}

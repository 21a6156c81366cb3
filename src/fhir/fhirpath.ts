import { isResourceType } from './definitions.js'
import { asFhir } from './fhirpath/as-fhir.js'
import { check } from './fhirpath/check.js'
import { evaluate as evaluateTree } from './fhirpath/evaluate.js'
import { type Item, itemOf } from './fhirpath/item.js'
import { Limits } from './fhirpath/limits.js'
import { parse } from './fhirpath/parser.js'
import { sessionOf } from './fhirpath/scope.js'
import type { Node } from './fhirpath/syntax.js'

export { Limits } from './fhirpath/limits.js'

/** A value found by an expression, with its FHIR type: `Quantity`, `dateTime`, `Observation.component`. */
export interface Typed {
  value: unknown
  type: string
}

const trees = new Map<string, Node>()
const treesAtMost = 1000

/**
 * The values of any FHIRPath expression, read as R4 writes its own: `as()` picks among several values, and a path
 * that starts with another type than the item's finds nothing.
 *
 * @param env  values of `%name`; `%resource` and `%context` are the resource unless given
 * @throws Invalid  the expression is not FHIRPath, names an element that is not there, or fails on the resource (400)
 * @throws TooCostly  it takes more steps, or time for regular expressions, than one evaluation is given (422)
 */
export function evaluate(expression: string, resource: unknown, env: Record<string, unknown> = {}): unknown[] {
  return evaluateTyped(expression, resource, env).map(({ value }) => value)
}

/**
 * As `evaluate`, with the type of every value.
 *
 * @param item  JSON from `parseJson`, or several of one type
 * @param base  type of the item when it is a part of a resource: `Observation.component`, `UsageContext`
 * @param limits  what several evaluations of one request may use up together
 */
export function evaluateTyped(
  expression: string,
  item: unknown,
  env: Record<string, unknown> = {},
  base?: string,
  limits = new Limits(),
): Typed[] {
  const focus = (Array.isArray(item) ? item : [item]).map((one) => itemOf(one, base))
  const variables = new Map<string, readonly Item[]>([['context', focus]])
  const around = 'resource' in env ? [itemOf(env.resource)] : focus
  for (const name of ['resource', 'rootResource']) variables.set(name, around)
  for (const [name, value] of Object.entries(env)) if (name !== 'resource') variables.set(name, [itemOf(value)])
  const tree = treeOf(expression)
  check(tree, { type: focus[0]?.type, resource: around[0]?.type, asR4: true })
  const session = sessionOf(around[0], { asR4: true, limits })
  return evaluateTree(tree, { session, focus, variables })
    .map(asFhir)
    .filter(({ value }) => value !== undefined)
}

/**
 * Whether an expression can be evaluated on a type at all.
 *
 * @param base  a resource type, a data type or the path of a backbone
 * @throws Invalid  the expression is not FHIRPath, or names an element that is not there (400)
 */
export function mustSuit(expression: string, base: string): void {
  check(treeOf(expression), { type: base, resource: isResourceType(base) ? base : undefined, asR4: true })
}

function treeOf(expression: string): Node {
  const tree = trees.get(expression) ?? parse(expression)
  trees.delete(expression) // to the end of the map: its first key is always the one used longest ago
  trees.set(expression, tree)
  if (trees.size > treesAtMost) trees.delete(trees.keys().next().value!)
  return tree
}

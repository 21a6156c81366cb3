import { check } from './check.js'
import { evaluate } from './evaluate.js'
import { type Item, itemOf } from './item.js'
import { parse } from './parser.js'
import { sessionOf, type Trace } from './scope.js'
import type { Node } from './syntax.js'

export interface Question {
  expression: string
  /** JSON from `parseJson`: what paths start from, unless there is a context. */
  resource?: unknown
  /** The main expression is evaluated on each of its results. */
  context?: string
  /** `%name` → its values */
  variables?: ReadonlyMap<string, readonly Item[]>
}

/** What an expression gave on one item. */
export interface Result {
  /** `Patient`, or the place of the context's item: `Patient.name[0]` */
  readonly path: string
  readonly items: readonly Item[]
  readonly traces: readonly Trace[]
}

/**
 * A whole evaluation: read, checked against the types, and done, for each item of the context.
 *
 * Runs as long as the expression makes it: whoever takes expressions from strangers must be able to end it.
 *
 * @throws Invalid  the expression is not FHIRPath, does not suit the types, or fails on the values
 */
export function answer({ expression, resource, context, variables = new Map() }: Question): Result[] {
  const tree = parse(expression)
  const root = resource === undefined ? undefined : itemOf(resource)
  const run = (tree: Node, item: Item | undefined): Result => {
    check(tree, { type: item?.type, resource: root?.type, asR4: false })
    const session = sessionOf(root, { asR4: false })
    const focus = item ? [item] : []
    const resources = root ? [root] : []
    const known = new Map([['resource', resources], ['rootResource', resources], ['context', focus], ...variables])
    return {
      path: item?.path ?? '',
      items: evaluate(tree, { session, focus, variables: known }),
      traces: session.traces,
    }
  }
  if (context === undefined) return [run(tree, root)]
  return run(parse(context), root).items.map((item) => run(tree, item))
}

import { Ordinals } from './ordinals.js'

/** What a concept's number is, and what is below it. Arrays are by ordinal. */
export interface Hierarchy {
  /** Where each ordinal came in. */
  readonly arrival: Int32Array
  /** The other way round: by arrival. */
  readonly ordinal: Int32Array
  readonly parents: readonly (readonly number[])[]
  readonly children: readonly (Ordinals | undefined)[]
  /** It and all that it subsumes; undefined where that is itself alone. */
  readonly below: readonly (Ordinals | undefined)[]
}

/** Concepts whose parents lead back to themselves. */
export class Circle extends Error {
  /** @param arrival  of one of them */
  constructor(readonly arrival: number) {
    super('A concept is above itself')
  }
}

/**
 * Numbers concepts so that each stands before all that is below it, and these one behind the other as far as a directed
 * acyclic graph allows: depth first along one parent each, the deepest. In a tree what is below a concept is one run, in
 * SNOMED CT few (decision 0023); siblings stay as they came.
 *
 * @param parents  by arrival, the arrivals of the parents
 * @throws Circle
 */
export function hierarchyOf(parents: readonly (readonly number[])[]): Hierarchy {
  const topDown = topologically(parents)
  const arrival = depthFirst(treeOf(parents, topDown), topDown.roots)
  const ordinal = new Int32Array(parents.length)
  for (let i = 0; i < arrival.length; i++) ordinal[arrival[i]!] = i

  const parentsOf = Array.from(arrival, (from) => parents[from]!.map((parent) => ordinal[parent]!))
  const childrenOf: number[][] = []
  parentsOf.forEach((above, child) => {
    for (const parent of above) {
      childrenOf[parent] ??= []
      childrenOf[parent].push(child)
    }
  })
  const below: (Ordinals | undefined)[] = new Array(parents.length)
  for (let i = topDown.order.length - 1; i >= 0; i--) {
    const at = ordinal[topDown.order[i]!]!
    const children = childrenOf[at]
    if (!children) continue
    const parts = children.map((child) => below[child] ?? Ordinals.range(child, child + 1))
    below[at] = Ordinals.union([Ordinals.range(at, at + 1), ...parts])
  }
  const children = Array.from(parentsOf, (_, at) => childrenOf[at] && Ordinals.of(childrenOf[at]))
  return { arrival, ordinal, parents: parentsOf, children, below }
}

interface TopDown {
  /** Each behind all of its parents. */
  readonly order: Int32Array
  readonly roots: readonly number[]
  /** The longest way to a root. */
  readonly depth: Int32Array
}

function topologically(parents: readonly (readonly number[])[]): TopDown {
  const open = Int32Array.from(parents, ({ length }) => length)
  const depth = new Int32Array(parents.length)
  const children = childLists(parents)
  const order = new Int32Array(parents.length)
  const roots: number[] = []
  let found = 0
  open.forEach((above, concept) => {
    if (above > 0) return
    roots.push(concept)
    order[found++] = concept
  })
  for (let next = 0; next < found; next++) {
    const concept = order[next]!
    for (const child of children[concept] ?? []) {
      depth[child] = Math.max(depth[child]!, depth[concept]! + 1)
      if (--open[child]! === 0) order[found++] = child
    }
  }
  if (found < parents.length) throw new Circle(open.findIndex((above) => above > 0))
  return { order, roots, depth }
}

/** Children by parent, of a tree in the graph: every concept under the deepest of its parents. */
function treeOf(parents: readonly (readonly number[])[], { depth }: TopDown): number[][] {
  const deepest = (above: readonly number[]) => above.reduce((a, b) => (depth[b]! > depth[a]! ? b : a))
  return childLists(parents.map((above) => (above.length > 1 ? [deepest(above)] : above)))
}

function childLists(parents: readonly (readonly number[])[]): number[][] {
  const children: number[][] = new Array(parents.length)
  parents.forEach((above, concept) => {
    for (const parent of above) {
      children[parent] ??= []
      children[parent].push(concept)
    }
  })
  return children
}

function depthFirst(children: readonly (readonly number[] | undefined)[], roots: readonly number[]): Int32Array {
  const found = new Int32Array(children.length)
  const waiting = roots.toReversed()
  let at = 0
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    found[at++] = next
    const below = children[next] ?? []
    for (let i = below.length - 1; i >= 0; i--) waiting.push(below[i]!)
  }
  return found
}

import type { ElementDefinition as FullElement } from '@medplum/fhirtypes'

/** An element of a snapshot with what is below it, and the slices of it. */
export interface Node {
  readonly element: FullElement
  readonly children: Node[]
  readonly slices: Node[]
}

const nodeOf = (element: FullElement): Node => ({ element, children: [], slices: [] })

/** By path and slice name alone: not every snapshot has ids. */
export function treeOf(elements: readonly FullElement[]): Node {
  const root = nodeOf(elements[0]!)
  // The last element of each depth, which those that follow are below.
  const open: Node[] = [root]
  for (const element of elements.slice(1)) {
    const depth = element.path!.split('.').length - 1
    const parent = open[depth - 1]
    if (!parent) continue
    const node = nodeOf(element)
    const sliced = element.sliceName && parent.children.findLast(({ element: { path } }) => path === element.path)
    if (sliced) sliceHolder(sliced, element.sliceName!).slices.push(node)
    else parent.children.push(node)
    open[depth] = node
    open.length = depth + 1
  }
  return root
}

/** Slice `a/b` is one of slice `a`. */
function sliceHolder(sliced: Node, name: string): Node {
  const slash = name.lastIndexOf('/')
  if (slash < 0) return sliced
  const outer = name.slice(0, slash)
  const holder = sliceHolder(sliced, outer)
  return holder.slices.find(({ element }) => element.sliceName === outer) ?? holder
}

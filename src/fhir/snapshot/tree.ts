import type { ElementDefinition, ElementDefinitionType } from '@medplum/fhirtypes'

type Path = string

/** Some of what there is to say of an element. */
export type Part = Partial<ElementDefinition>

/**
 * An element of a snapshot with what stands below it. A snapshot is a list in the order of such a tree: an element, its
 * children, then its slices, each with their own.
 */
export interface Node {
  /** Last step of its path: `value[x]`; the root's is the type. */
  name: string
  /** Without `id` and `path`, which follow from where the node stands. */
  element: Part
  /** Absent: nobody has looked into it yet, what its type says holds. */
  children?: Node[]
  slices: Node[]
}

/** @throws Error  the list is in no order that makes a tree: names the element */
export function treeOf(elements: readonly ElementDefinition[]): Node {
  const [first, ...rest] = elements
  const root: Node = nodeOf(first!)
  // From the root down to the element before, each with its path.
  const open: { path: Path; node: Node; unsliced: Node }[] = [{ path: first!.path!, node: root, unsliced: root }]
  for (const element of rest) {
    const path = element.path!
    while (open.length > 1 && path !== open.at(-1)!.path && !path.startsWith(`${open.at(-1)!.path}.`)) open.pop()
    const node = nodeOf(element)
    const last = open.at(-1)!
    if (path === last.path) {
      const slices = element.sliceName?.includes('/')
        ? (sliceNamed(last.unsliced, element.sliceName.slice(0, element.sliceName.lastIndexOf('/')))?.slices ??
          last.unsliced.slices)
        : last.unsliced.slices
      slices.push(node)
      open[open.length - 1] = { path, node, unsliced: last.unsliced }
    } else {
      if (lengthOf(path) !== lengthOf(last.path) + 1) throw new Error(`${path} does not follow its parent`)
      last.node.children ??= []
      last.node.children.push(node)
      open.push({ path, node, unsliced: node })
    }
  }
  return root
}

function nodeOf(element: ElementDefinition): Node {
  const { id, path, ...rest } = element
  return { name: path.slice(path.lastIndexOf('.') + 1), element: rest, slices: [] }
}

const lengthOf = (path: Path) => path.split('.').length

/** The list of a tree, with ids and paths. */
export function elementsOf(root: Node): ElementDefinition[] {
  const elements: ElementDefinition[] = []
  const visit = (node: Node, path: Path, id: string) => {
    elements.push({ ...node.element, id, path } as ElementDefinition)
    for (const child of node.children ?? []) visit(child, `${path}.${child.name}`, `${id}.${stepOf(child)}`)
    const unsliced = id.slice(0, id.lastIndexOf('.') + 1) + node.name
    for (const slice of node.slices) visit(slice, path, `${unsliced}:${slice.element.sliceName}`)
  }
  visit(root, root.name, root.name)
  return elements
}

/** An element may have the name of a slice without being sliced: `relationship:Relationship` */
const stepOf = ({ name, element: { sliceName } }: Node) => (sliceName === undefined ? name : `${name}:${sliceName}`)

/** A copy that can be changed; the elements are shared until they are replaced. */
export const copyOf = (node: Node): Node => ({
  name: node.name,
  element: node.element,
  ...(node.children && { children: node.children.map(copyOf) }),
  slices: node.slices.map(copyOf),
})

/** How many elements it has. */
export function sizeOf({ children = [], slices }: Node): number {
  let size = 1
  for (const node of children) size += sizeOf(node)
  for (const node of slices) size += sizeOf(node)
  return size
}

/** @param name  `systolic`, or `systolic/sitting` for a slice of a slice */
export function sliceNamed(node: Node, name: string): Node | undefined {
  for (const slice of node.slices) {
    if (slice.element.sliceName === name) return slice
    const deeper = sliceNamed(slice, name)
    if (deeper) return deeper
  }
  return undefined
}

export const typesOf = (element: Part): readonly ElementDefinitionType[] => element.type ?? []

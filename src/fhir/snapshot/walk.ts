import type { ElementDefinitionSlicing, ElementDefinitionType } from '@medplum/fhirtypes'
import { capitalized } from '../members.js'
import { faultsOf } from './check.js'
import type { Difference } from './differential.js'
import { MOST_COPIED, TooLarge } from './limits.js'
import { fromProfile, merged } from './merge.js'
import { copyOf, type Node, type Part, sizeOf, sliceNamed, typesOf } from './tree.js'

/** What a walk through a differential needs beside it. */
export interface Surroundings {
  /** The base as it was: what a contentReference names is repeated as it stands there. */
  readonly base: Node
  /** New elements may be added, as a specialization does. */
  readonly adds: boolean
  /** The snapshot of another definition; undefined when it is not known or has none. */
  treeOf(canonical: string): Promise<Node | undefined>
  fault(path: string, what: string): void
}

const byUrl: ElementDefinitionSlicing = {
  discriminator: [{ type: 'value', path: 'url' }],
  ordered: false,
  rules: 'open',
}

const byType: ElementDefinitionSlicing = {
  discriminator: [{ type: 'type', path: '$this' }],
  ordered: false,
  rules: 'open',
}

interface Target {
  node: Node
  isNewSlice: boolean
}

/** Lays what a differential says over a tree. */
export class Walk {
  /** What slices are made of: elements as they were before this differential said something of them. */
  private readonly before = new Map<Node, Node>()
  private copied = 0

  constructor(private readonly around: Surroundings) {}

  /**
   * @param inSlice  the element is one of a slice, as the base has it
   * @throws TooLarge
   */
  async constrain(node: Node, difference: Difference, isNewSlice = false, inSlice = false): Promise<void> {
    const { element, below, path } = difference
    if (element) {
      for (const fault of faultsOf(node.element, element, isNewSlice)) this.around.fault(path, fault)
      node.element = merged(await this.startOf(node.element, element), element)
    }
    if (below.length === 0) return
    const isFromType = node.children === undefined
    if (isFromType && !(await this.open(node, path))) return
    for (const child of node.children!)
      if (below.some((one) => slices(one, child))) this.before.set(child, this.copy(child))
    const isWithinSlice = !isFromType && (inSlice || difference.slice !== undefined)
    for (const one of below) {
      const target = this.targetOf(node, one, below, isWithinSlice)
      if (target) await this.constrain(target.node, one, target.isNewSlice, isWithinSlice)
    }
  }

  /** With one type that has a profile, what that says of its root comes first. */
  private async startOf(base: Part, own: Part): Promise<Part> {
    const [type, ...others] = typesOf(own)
    if (type?.profile?.length !== 1 || others.length > 0) return base
    const tree = await this.around.treeOf(type.profile[0]!)
    return tree ? fromProfile(tree.element, base, type.code === 'Extension') : base
  }

  /**
   * The element that is meant; one that a slice or a shortcut brings is made.
   * @param all  what the differential says of the children of this parent
   */
  private targetOf(parent: Node, one: Difference, all: readonly Difference[], inSlice: boolean): Target | undefined {
    const { name, slice, path, element } = one
    const child = parent.children!.find((node) => node.name === name)
    if (child && slice === undefined) return { node: child, isNewSlice: false }
    if (child) return this.sliceOf(child, slice!, one, all.filter((other) => other.name === name).length === 1)
    const choice = parent.children!.find((node) => shortcut(node, name) !== undefined)
    if (choice) {
      const isAlone = all.filter((other) => shortcut(choice, other.name) || other.name === choice.name).length === 1
      return this.typeSlice(choice, one, inSlice && isAlone)
    }
    if (this.around.adds && element) {
      const { min = 0, max = '*' } = element
      const added: Node = { name, element: { ...element, base: { path, min, max } }, slices: [] }
      parent.children!.push(added)
      return { node: added, isNewSlice: true }
    }
    const names = parent.children!.map((node) => node.name)
    this.around.fault(path, `there is no element ${name} here; there are ${names.join(', ') || 'none'}`)
    return undefined
  }

  /**
   * `valueQuantity` for `value[x]`: a slice of that type; with a minimum of one it leaves no other type. Alone in a slice
   * it says only that the type is this one.
   */
  private typeSlice(node: Node, { name, slice = name, element }: Difference, isPlain: boolean): Target {
    const type = [shortcut(node, name)!]
    const there =
      sliceNamed(node, slice) ??
      node.slices.find(({ element }) => element.type?.length === 1 && element.type[0]!.code === type[0]!.code)
    if (there) return { node: there, isNewSlice: false }
    if (isPlain && !node.element.slicing) {
      node.element = { ...node.element, type }
      return { node, isNewSlice: false }
    }
    if (!node.element.slicing) this.sliceBy(node, byType)
    const min = element?.min
    if (min) node.element = { ...node.element, min, type, slicing: { ...node.element.slicing!, rules: 'closed' } }
    return { node: this.newSlice(node, node, slice, { type }), isNewSlice: true }
  }

  /** @param isAlone  nothing else is said of the element or of other slices of it */
  private sliceOf(node: Node, name: string, { path, element }: Difference, isAlone: boolean): Target {
    const there = sliceNamed(node, name)
    if (there) return { node: there, isNewSlice: false }
    const cut = name.lastIndexOf('/')
    const sliced = (cut > 0 && sliceNamed(node, name.slice(0, cut))) || node
    if (!sliced.element.slicing) {
      const isExtension = node.name === 'extension' || node.name === 'modifierExtension'
      const isChoice = node.name.endsWith('[x]') && element?.type?.length === 1
      // A name, and nothing that it would be told from: it is only a name for the element.
      if (isAlone && !isExtension && !isChoice) return { node, isNewSlice: false }
      if (!isExtension && !isChoice)
        this.around.fault(path, `slice ${name} belongs to no slicing: nothing tells which elements are in it`)
      this.sliceBy(sliced, isChoice ? byType : byUrl)
    }
    return { node: this.newSlice(node, sliced, name), isNewSlice: true }
  }

  private sliceBy(node: Node, slicing: ElementDefinitionSlicing) {
    node.element = { ...node.element, slicing }
  }

  private newSlice(node: Node, sliced: Node, sliceName: string, more: Part = {}): Node {
    const original = this.copy((sliced === node && this.before.get(node)) || sliced)
    const { slicing, ...element } = original.element
    const slice: Node = { ...original, element: { ...element, min: 0, sliceName, ...more }, slices: [] }
    sliced.slices.push(slice)
    return slice
  }

  /** Gives an element its children; false when it has none. */
  private async open(node: Node, path: string): Promise<boolean> {
    const tree = node.element.contentReference ? this.repeated(node, path) : await this.typeTree(node, path)
    node.children = tree?.children?.map((child) => this.copy(child))
    return node.children !== undefined
  }

  private repeated(node: Node, path: string): Node | undefined {
    const { contentReference, ...element } = node.element
    const [, ...names] = contentReference!.slice(contentReference!.indexOf('#') + 1).split('.')
    let found: Node | undefined = this.around.base
    for (const name of names) found = found?.children?.find((child) => child.name === name)
    if (found) node.element = { ...element, type: found.element.type }
    else this.around.fault(path, `it repeats ${contentReference}, which its base does not have`)
    return found
  }

  private copy(node: Node): Node {
    this.copied += sizeOf(node)
    if (this.copied > MOST_COPIED) throw new TooLarge(`it comes to more than ${MOST_COPIED} elements`)
    return copyOf(node)
  }

  private async typeTree(node: Node, path: string): Promise<Node | undefined> {
    const types = typesOf(node.element)
    const codes = new Set(types.map(({ code }) => code!))
    if (codes.size === 0) {
      this.around.fault(path, 'it has no type, so there is nothing in it that could be constrained')
      return undefined
    }
    const profile = types.length === 1 && types[0]!.profile?.length === 1 ? types[0]!.profile[0] : undefined
    // What all of several types have in common is what every element has.
    const code = codes.size === 1 ? types[0]!.code! : 'Element'
    const tree = (profile && (await this.around.treeOf(profile))) || (await this.around.treeOf(code))
    if (!tree) this.around.fault(path, `its type ${profile ?? code} is not known here`)
    return tree
  }
}

/** The type that `valueQuantity` chooses of `value[x]`. */
function shortcut(node: Node, name: string): ElementDefinitionType | undefined {
  if (!node.name.endsWith('[x]')) return undefined
  const stem = node.name.slice(0, -'[x]'.length)
  return typesOf(node.element).find(({ code }) => name === stem + capitalized(code!))
}

/** Whether a difference is about a slice of an element. */
const slices = ({ name, slice }: Difference, node: Node): boolean =>
  name === node.name ? slice !== undefined : shortcut(node, name) !== undefined

import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes'
import type { Issue } from '../base/errors.js'
import { canonicalOf } from './canonical.js'
import { byCanonical, type Library } from './library.js'
import { differencesOf } from './snapshot/differential.js'
import { TooLarge } from './snapshot/limits.js'
import { copyOf, elementsOf, type Node, treeOf } from './snapshot/tree.js'
import { Walk } from './snapshot/walk.js'

export interface Snapshot {
  /** Empty when there is nothing that it could be made of. */
  readonly element: readonly ElementDefinition[]
  /** What is wrong with the differential, or could not be found; an `error` says that the snapshot is not to be relied on. */
  readonly issues: readonly Issue[]
}

/**
 * The whole of what a profile says: its base, with what the differential changes.
 *
 * @param structure  a constraint, or a specialization such as a logical model; its own snapshot is not looked at
 * @param library    where its base and the types and profiles of its elements are found
 * @see https://hl7.org/fhir/R4/profiling.html#snapshot
 */
export const snapshotOf = (structure: StructureDefinition, library: Library): Promise<Snapshot> =>
  new Generation(library).snapshot(structure)

type Fault = (path: string, what: string) => void

/** One generation with all those that it turns out to need. */
class Generation {
  private readonly trees = new Map<string, Promise<Node | undefined>>()
  /** Whose snapshots are being made: one that needs itself gets nothing. */
  private readonly open = new Set<string>()

  constructor(private readonly library: Library) {}

  async snapshot(structure: StructureDefinition): Promise<Snapshot> {
    const issues: Issue[] = []
    const fault: Fault = (path, what) => issues.push(issueAt(path, what))
    this.open.add(structure.url)
    try {
      return { element: await this.elements(structure, fault), issues }
    } catch (cause) {
      if (!(cause instanceof TooLarge)) throw cause
      fault(nameOf(structure), cause.message)
      return { element: [], issues }
    } finally {
      this.open.delete(structure.url)
    }
  }

  /** @throws TooLarge */
  private async elements(structure: StructureDefinition, fault: Fault): Promise<ElementDefinition[]> {
    const { baseDefinition, differential, derivation } = structure
    const base = await this.baseOf(structure, fault)
    if (!base) return []
    const adds = derivation === 'specialization' || baseDefinition === undefined
    const root: Node = { ...copyOf(base), ...(adds && { name: nameOf(structure) }) }
    const difference = differencesOf(differential?.element ?? [])
    const treeOf = (canonical: string) => this.treeOf(canonical)
    if (difference && difference.name !== root.name)
      fault(difference.path, `the differential is about ${difference.name}, its base about ${root.name}`)
    else if (difference) await new Walk({ base, adds, treeOf, fault }).constrain(root, difference)
    return elementsOf(root)
  }

  private async baseOf(structure: StructureDefinition, fault: Fault): Promise<Node | undefined> {
    const { baseDefinition } = structure
    const name = nameOf(structure)
    if (baseDefinition === undefined) return { name, element: {}, children: [], slices: [] }
    const tree = await this.treeOf(baseDefinition, (what) => fault(name, `base ${baseDefinition}: ${what}`))
    if (!tree) fault(name, `the base ${baseDefinition} has no snapshot here, and none can be made`)
    return tree
  }

  /** @param canonical  or the name of a type: `HumanName` */
  private treeOf(canonical: string, fault: (what: string) => void = () => {}): Promise<Node | undefined> {
    const named = canonical.includes(':') ? canonical : `http://hl7.org/fhir/StructureDefinition/${canonical}`
    if (this.open.has(canonicalOf(named).url)) {
      fault('it is derived from itself')
      return Promise.resolve(undefined)
    }
    let tree = this.trees.get(named)
    if (!tree) {
      tree = this.makeTree(named, fault)
      this.trees.set(named, tree)
    }
    return tree
  }

  private async makeTree(canonical: string, fault: (what: string) => void): Promise<Node | undefined> {
    const structure = await byCanonical(this.library, 'StructureDefinition', canonical)
    if (!structure) return void fault('it is not known here')
    let element: readonly ElementDefinition[] = structure.snapshot?.element ?? []
    if (element.length === 0) {
      const made = await this.snapshot(structure)
      for (const { diagnostics } of made.issues) fault(diagnostics!)
      element = made.element
    }
    if (element.length === 0) return undefined
    try {
      return treeOf(element)
    } catch (cause) {
      return void fault((cause as Error).message)
    }
  }
}

const nameOf = ({ type = '' }: StructureDefinition): string => type.slice(type.lastIndexOf('/') + 1)

const issueAt = (path: string, what: string): Issue => ({
  severity: 'error',
  code: 'invalid',
  diagnostics: `${path}: ${what}`,
  expression: ['StructureDefinition.differential'],
})

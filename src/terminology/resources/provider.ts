import type { CodeSystem } from '@medplum/fhirtypes'
import { canonical } from '../../fhir/canonical.js'
import type { CodeSystemProvider, Concept, Selection } from '../provider.js'
import { ResourceConcepts } from './concepts.js'
import { filterOf } from './filters.js'
import { ListedSelection } from './selection.js'

/** A CodeSystem resource, with what supplements add to it. */
export class ResourceCodeSystem implements CodeSystemProvider {
  readonly url: string
  readonly version?: string
  readonly content: CodeSystem['content']
  readonly caseSensitive: boolean
  readonly header: CodeSystem
  readonly supplements?: readonly string[]
  /** Read from the resource when first asked for. */
  private listed?: ResourceConcepts

  constructor(
    private readonly resource: CodeSystem,
    private readonly supplementing: readonly CodeSystem[] = [],
  ) {
    const { concept: _, ...header } = resource
    this.url = resource.url!
    this.version = resource.version
    this.content = resource.content
    // Where a resource does not say so, codes that differ in case are taken as different: the safer reading.
    this.caseSensitive = resource.caseSensitive !== false
    this.header = supplementing.length ? withProperties(header, supplementing) : header
    if (supplementing.length) this.supplements = supplementing.map(({ url, version }) => canonical(url!, version))
  }

  /** The same code system, with other supplements. */
  supplemented(supplements: readonly CodeSystem[]): ResourceCodeSystem {
    return new ResourceCodeSystem(this.resource, [...this.supplementing, ...supplements])
  }

  async locate(codes: readonly string[]): Promise<ReadonlyMap<string, Concept>> {
    const found = new Map<string, Concept>()
    for (const code of codes) {
      const concept = this.concepts.get(code)
      if (concept) found.set(code, concept)
    }
    return found
  }

  all(): Selection {
    return this.selected(
      this.concepts.all().map(({ code }) => code),
      true,
    )
  }

  of(codes: readonly string[]): Selection {
    return this.selected(
      codes.flatMap((code) => this.concepts.get(code)?.code ?? []),
      false,
    )
  }

  async filter(property: string, op: string, value: string): Promise<Selection | undefined> {
    // Each $lookup asks for them.
    if (property === 'parent' && op === '=') return this.selected(this.concepts.get(value)?.children ?? [], true)
    const test = filterOf(this.concepts, property, op, value)
    if (!test) return undefined
    return this.selected(
      this.concepts
        .all()
        .filter(test)
        .map(({ code }) => code),
      true,
    )
  }

  async subsumes(a: string, b: string): ReturnType<CodeSystemProvider['subsumes']> {
    const [first, second] = [this.concepts.get(a), this.concepts.get(b)]
    if (!first || !second) return 'not-subsumed'
    if (first === second) return 'equivalent'
    if (this.concepts.hierarchy('below', first.code).has(second.code)) return 'subsumes'
    return this.concepts.hierarchy('above', first.code).has(second.code) ? 'subsumed-by' : 'not-subsumed'
  }

  private get concepts(): ResourceConcepts {
    this.listed ??= new ResourceConcepts(this.resource, this.supplementing)
    return this.listed
  }

  private selected(codes: readonly string[], ofSystem: boolean): ListedSelection {
    return new ListedSelection(this.concepts, new Set(codes), ofSystem)
  }
}

/** What a code system says of itself, with the properties that supplements have more. */
export function withProperties(header: CodeSystem, supplements: readonly CodeSystem[]): CodeSystem {
  const property = [header, ...supplements].flatMap((one) => one.property ?? [])
  return { ...header, ...(property.length && { property }) }
}

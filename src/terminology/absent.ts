import type { CodeSystem } from '@medplum/fhirtypes'
import { canonical } from '../fhir/canonical.js'
import { CodeSet } from '../fhir/code-set.js'
import { UnknownDefinition } from '../fhir/terminology.js'
import type { CodeSystemProvider, Concept, Narrowing, Page, Selection } from './provider.js'

/**
 * A code system that is not known here, or has no concepts: of a value set that lists its codes these can be told all the
 * same, and that all its codes are in one.
 */
export class AbsentCodeSystem implements CodeSystemProvider {
  readonly content: CodeSystem['content'] = 'not-present'
  readonly caseSensitive = true
  readonly header: CodeSystem

  /**
   * @param version  that was asked for
   * @param known  the versions that there are
   */
  constructor(
    readonly url: string,
    readonly version: string | undefined,
    readonly known: readonly string[] = [],
  ) {
    this.header = { resourceType: 'CodeSystem', url, version, status: 'unknown', content: 'not-present' }
  }

  async locate(): Promise<ReadonlyMap<string, Concept>> {
    return new Map()
  }

  all(): Selection {
    return new AbsentSelection(CodeSet.all(this.url), this)
  }

  of(codes: readonly string[]): Selection {
    return new AbsentSelection(CodeSet.of(this.url, codes), this)
  }

  /** Which these are nobody can tell, and that is said once somebody asks. */
  async filter(_property: string, _op: string, _value: string): Promise<Selection> {
    return new AbsentSelection(undefined, this)
  }

  async subsumes() {
    return 'not-subsumed' as const
  }
}

export class AbsentSelection implements Selection {
  /** @param known  undefined when it would take the concepts to tell */
  constructor(
    private readonly known: CodeSet | undefined,
    private readonly provider: AbsentCodeSystem,
  ) {}

  and = (other: Selection) => this.with(other, (a, b) => a.within(b))
  or = (other: Selection) => this.with(other, (a, b) => a.with(b))
  minus = (other: Selection) => this.with(other, (a, b) => a.without(b))

  get isTold(): boolean {
    return this.known !== undefined
  }

  /** Not only codes that somebody listed are in it. */
  get isOpen(): boolean {
    return !this.known || (this.part?.others ?? false)
  }

  /** @throws UnknownDefinition  it would take the concepts to tell */
  get codes(): CodeSet {
    if (this.known) return this.known
    const { url, version } = this.provider
    throw new UnknownDefinition(`The code system ${canonical(url, version)} is not stored here with its concepts`)
  }

  async has(codes: readonly string[]): Promise<ReadonlySet<string>> {
    const { part } = this
    return new Set(codes.filter((code) => part && part.codes.has(code) !== part.others))
  }

  async count({ text }: Narrowing = {}): Promise<number | undefined> {
    const { part } = this
    if (!part) return 0
    return part.others || text ? undefined : part.codes.size
  }

  async page({ offset, count }: Page): Promise<readonly Concept[]> {
    const { part } = this
    if (part?.others) return new AbsentSelection(undefined, this.provider).page({ offset, count })
    return [...(part?.codes ?? [])].slice(offset, offset + count).map((code) => ({
      code,
      inactive: false,
      abstract: false,
      designations: [],
      properties: [],
      parents: [],
    }))
  }

  private get part() {
    return this.codes.systems.get(this.provider.url)
  }

  /** The operands of one operation have one provider, so they are of one class. */
  private with(other: Selection, rule: (a: CodeSet, b: CodeSet) => CodeSet): AbsentSelection {
    const { known } = other as AbsentSelection
    return new AbsentSelection(this.known && known && rule(this.known, known), this.provider)
  }
}

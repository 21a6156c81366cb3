import type { CodeSystem } from '@medplum/fhirtypes'
import { NotFound } from '../base/errors.js'
import { canonical } from '../fhir/canonical.js'
import { CodeSet } from '../fhir/code-set.js'
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

  async filter(): Promise<undefined> {
    return undefined
  }

  async subsumes() {
    return 'not-subsumed' as const
  }
}

export class AbsentSelection implements Selection {
  constructor(
    readonly codes: CodeSet,
    private readonly provider: AbsentCodeSystem,
  ) {}

  and = (other: Selection) => this.with(this.codes.within(own(other)))
  or = (other: Selection) => this.with(this.codes.with(own(other)))
  minus = (other: Selection) => this.with(this.codes.without(own(other)))

  async has(codes: readonly string[]): Promise<ReadonlySet<string>> {
    const { part } = this
    return new Set(codes.filter((code) => part && part.codes.has(code) !== part.others))
  }

  async count({ text }: Narrowing = {}): Promise<number | undefined> {
    if (!this.part) return 0
    return this.part.others || text ? undefined : this.part.codes.size
  }

  async page({ offset, count }: Page): Promise<readonly Concept[]> {
    if (this.part?.others)
      throw new NotFound(`The code system ${canonical(this.provider.url, this.provider.version)} is not known here`)
    return [...(this.part?.codes ?? [])].slice(offset, offset + count).map((code) => ({
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

  private with(codes: CodeSet): AbsentSelection {
    return new AbsentSelection(codes, this.provider)
  }
}

/** The operands of one operation have one provider, so they are of one class. */
const own = (other: Selection) => (other as AbsentSelection).codes

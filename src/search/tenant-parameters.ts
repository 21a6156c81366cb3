import type { SearchParameterDefinition } from '../fhir/definitions.js'
import { isInterpreted } from './declaration.js'
import { hash } from './hash.js'
import { type Indexer, indexersOfOwn } from './indexers.js'
import { type ParameterRegistry, type Parameters, type SearchParameter, standard, typesOf } from './parameters.js'

/** A search parameter that a tenant has defined by a SearchParameter resource. */
export interface Declared {
  /** of the SearchParameter */
  readonly id: string
  readonly definition: SearchParameterDefinition
  /** Every write under this epoch of the registry or a later one has indexed it. */
  readonly epoch: number
  /** A reindex has completed since: all that is stored is in the index. */
  readonly indexed: boolean
}

/**
 * The search parameters of one tenant as they were at one moment: those of R4 and its own.
 * Its own never take part in what R4's share (sources.ts): each stores its values itself, under its code.
 */
export class TenantParameters implements Parameters {
  /**
   * A statement that goes with the rows of a write in their transaction: it fails when the registry has moved on, and
   * keeps whoever has to wait for writes of this epoch waiting until the transaction ends.
   */
  readonly fence: string
  private readonly all: ParameterRegistry
  private readonly searchable = new Map<string, ReadonlyMap<string, SearchParameter>>()
  private readonly written = new Map<string, readonly Indexer[]>()
  private evaluated?: readonly Declared[]

  /**
   * @param epoch     rises when what a write indexes changes
   * @param revision  rises when anything changes
   */
  constructor(
    readonly tenant: number,
    readonly epoch: number,
    readonly revision: number,
    readonly declared: readonly Declared[],
  ) {
    this.fence = `select search_registry_fence(${tenant}, ${epoch}, ${epochLock(tenant, epoch)})`
    this.all = declared.length ? standard.with(declared.map(({ definition }) => definition)) : standard
  }

  /** By code, what a search of the type can ask for; `Resource` across types. */
  of(type: string): ReadonlyMap<string, SearchParameter> {
    let those = this.searchable.get(type)
    if (!those) {
      const waiting = new Set(this.own(type).flatMap((one) => (one.indexed ? [] : one.definition.code)))
      const all = this.all.of(type)
      those = waiting.size ? new Map([...all].filter(([code]) => !waiting.has(code))) : all
      this.searchable.set(type, those)
    }
    return those
  }

  refusal(type: string, code: string): string | undefined {
    const one = this.find(type, code)
    return one && !one.indexed ? notIndexed(one) : undefined
  }

  /** The tenant's own parameters of a type, searchable or not. */
  own(type: string): Declared[] {
    return this.declared.filter(({ definition: { base } }) => base.includes(type) || typesOf(base).includes(type))
  }

  find(type: string, code: string): Declared | undefined {
    return this.own(type).find(({ definition }) => definition.code === code)
  }

  /** What a write of the type puts into the index beside what R4's parameters do. */
  indexers(type: string): readonly Indexer[] {
    let list = this.written.get(type)
    if (!list) {
      const all = this.all.of(type)
      list = this.own(type).flatMap(({ definition }) => indexersOfOwn(this.tenant, all.get(definition.code)!))
      this.written.set(type, list)
    }
    return list
  }

  /** Those whose expression is evaluated anew for every resource, and may fail on some. */
  get interpreted(): readonly Declared[] {
    this.evaluated ??= this.declared.filter(({ definition }) => isInterpreted(definition))
    return this.evaluated
  }

  /** What a CapabilityStatement says beside the definition's url. */
  documentation(type: string, code: string): string | undefined {
    const one = this.find(type, code)
    if (!one) return undefined
    const state = one.indexed ? '' : notIndexed(one)
    const slow = this.interpreted.includes(one)
      ? 'Its expression is evaluated by a FHIRPath engine: writes of this type take about a millisecond longer.'
      : ''
    return [one.definition.descriptions[type], state, slow].filter(Boolean).join(' ') || undefined
  }
}

/** The advisory lock that writes of an epoch share. */
export const epochLock = (tenant: number, epoch: number): bigint => hash(`${tenant} registry ${epoch}`)

/** Why a search by a declared parameter is refused, and what to do. */
export const notIndexed = ({ id, definition }: Declared): string =>
  `${definition.code} is declared, not indexed yet: run SearchParameter/${id}/$reindex and wait until it has completed.`

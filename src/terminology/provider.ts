import type { CodeSystem } from '@medplum/fhirtypes'

/**
 * One version of one code system, wherever its concepts are: in a CodeSystem resource, in tables that a loader filled, or
 * in a grammar. All of the algebra of value sets and all operations are written against this alone.
 */
export interface CodeSystemProvider {
  readonly url: string
  readonly version?: string
  readonly name?: string
  readonly title?: string
  /** https://hl7.org/fhir/R4/valueset-codesystem-content-mode.html */
  readonly content: CodeSystem['content']
  readonly caseSensitive: boolean
  /** The resource itself, or what a resource of this system would say about it, without its concepts. */
  readonly header: CodeSystem

  /** Those of the codes that exist, by the code as it was asked for; `Concept.code` is as the system writes it. */
  locate(codes: readonly string[]): Promise<ReadonlyMap<string, Concept>>
  /** Every concept, in the order of the system. */
  all(): Selection
  /** The codes that exist among these, in their order. */
  of(codes: readonly string[]): Selection
  /**
   * @param op  https://hl7.org/fhir/R4/valueset-filter-operator.html, and R5's `child-of`, `descendent-leaf`
   * @throws Unprocessable  the system has no such filter, or the value is none that it takes (422)
   */
  filter(property: string, op: string, value: string): Promise<Selection>
  subsumes(a: string, b: string): Promise<'equivalent' | 'subsumes' | 'subsumed-by' | 'not-subsumed'>
}

export interface Concept {
  readonly code: string
  /** In the system's own language. */
  readonly display?: string
  readonly definition?: string
  readonly inactive: boolean
  /** A grouper that is not meant to be used in data (`notSelectable`). */
  readonly abstract: boolean
  readonly designations: readonly Designation[]
  readonly properties: readonly ConceptProperty[]
  readonly parents: readonly string[]
}

export interface Designation {
  readonly language?: string
  readonly use?: { readonly system?: string; readonly code: string; readonly display?: string }
  readonly value: string
}

export interface ConceptProperty {
  readonly code: string
  readonly type: 'code' | 'Coding' | 'string' | 'integer' | 'boolean' | 'dateTime' | 'decimal'
  readonly value: string | { readonly system?: string; readonly code: string; readonly display?: string }
  /** What `value` means, where it is a code of the same system. */
  readonly description?: string
}

/**
 * Concepts of one provider, not fetched and not counted until somebody asks: in tables it is a condition that goes into one
 * statement with the others, in memory a set. Immutable; the operands of one operation have one provider.
 */
export interface Selection {
  and(other: Selection): Selection
  or(other: Selection): Selection
  minus(other: Selection): Selection
  /** Which of these codes are in it. */
  has(codes: readonly string[]): Promise<ReadonlySet<string>>
  /** undefined when it cannot be listed: a grammar has no end */
  count(asked?: Narrowing): Promise<number | undefined>
  /** @throws TooCostly  it cannot be listed */
  page(asked: Narrowing & { readonly offset: number; readonly count: number }): Promise<readonly Concept[]>
}

export interface Narrowing {
  /** Every word is the beginning of one in the display or a designation; the best match comes first. */
  readonly text?: string
  readonly activeOnly?: boolean
}

import type { CodeSystem, ConceptMapGroupElementTarget, Extension, ValueSet } from '@medplum/fhirtypes'

/**
 * One version of one code system, wherever its concepts are: in a CodeSystem resource, in tables that a loader filled, or
 * in a grammar. All of the algebra of value sets and all operations are written against this alone. Immutable: another
 * content is another provider.
 */
export interface CodeSystemProvider {
  readonly url: string
  readonly version?: string
  /** https://hl7.org/fhir/R4/valueset-codesystem-content-mode.html */
  readonly content: CodeSystem['content']
  readonly caseSensitive: boolean
  /**
   * The resource itself, or what a resource of this system would say about it, without its concepts: name, title, status,
   * language (of the displays), properties, filters, extensions.
   */
  readonly header: CodeSystem
  /** Url and version of the supplements that were laid over it; none unless somebody asked for them. */
  readonly supplements?: readonly string[]
  /** What people call this version of it: `International Edition`. */
  readonly edition?: string

  /** Those of the codes that exist, by the code as it was asked for; `Concept.code` is as the system writes it. */
  locate(codes: readonly string[]): Promise<ReadonlyMap<string, Concept>>
  /** Every concept, in the order of the system. */
  all(): Selection
  /** The codes that exist among these, in their order. */
  of(codes: readonly string[]): Selection
  /**
   * @param property  a property of the system, or one that every concept has: `concept`, `code`, `display`, `parent`,
   *   `child`, `inactive`, `notSelectable`, `status`
   * @param op  https://hl7.org/fhir/R4/valueset-filter-operator.html, and R5's `child-of`, `descendent-leaf`
   * @returns  undefined when the system has no such filter: the caller says in which value set it stands
   * @throws Unprocessable  the value is none that the filter takes, such as a code that does not exist (422)
   */
  filter(property: string, op: string, value: string): Promise<Selection | undefined>
  /** How the first stands to the second; `not-subsumed` also where one does not exist. */
  subsumes(a: string, b: string): Promise<'equivalent' | 'subsumes' | 'subsumed-by' | 'not-subsumed'>
  /**
   * A concept as `$lookup` shows it: with what the codes in its properties mean, with `parent` and `child`, and with the
   * properties that are made only where somebody names them (`normalForm`). Without it, concepts are shown as they are.
   * @param names  codes of properties that were asked for
   */
  shown?(concept: Concept, names: readonly string[]): Promise<Concept>
  /** Of a code that does not exist: what is wrong with it, for a person; undefined when nothing is known but that. */
  fault?(code: string): Promise<string | undefined> | string | undefined
}

export interface Concept {
  readonly code: string
  /** In the system's own language. */
  readonly display?: string
  readonly definition?: string
  readonly inactive: boolean
  /** What the system calls its state where that is not plainly active: `retired`, `deprecated`, `withdrawn`, `inactive` … */
  readonly status?: string
  /** A grouper that is not meant to be used in data (`notSelectable`). */
  readonly abstract: boolean
  /** Further ones: `display` is not among them. */
  readonly designations: readonly Designation[]
  readonly properties: readonly ConceptProperty[]
  /** Codes, of the concepts directly above. */
  readonly parents: readonly string[]
  /** The one of them that it stands in where the system is written down: below that it is shown in an expansion. */
  readonly within?: string
  /** What was not checked about it, for a person: of a code that its grammar allows, but nobody has defined. */
  readonly note?: string
  /** Those of a concept in a resource. */
  readonly extensions?: readonly Extension[]
}

export interface Designation {
  readonly language?: string
  readonly use?: { readonly system?: string; readonly code?: string; readonly display?: string }
  readonly value: string
  /** It may be used, but another is preferred: `$lookup` shows it, and an expansion does not. */
  readonly acceptable?: boolean
  /** It was used once: who still uses it is told what is right now, and it is never shown or searched. */
  readonly inactive?: boolean
  readonly extensions?: readonly Extension[]
}

export interface ConceptProperty {
  readonly code: string
  /** What `code` means, where it is itself a code of the system. */
  readonly display?: string
  readonly type: 'code' | 'Coding' | 'string' | 'integer' | 'boolean' | 'dateTime' | 'decimal'
  /** As text, digits and all; of a Coding the object. */
  readonly value: string | { readonly system?: string; readonly code: string; readonly display?: string }
  /** What `value` means, where it is a code of the same system. */
  readonly description?: string
}

/**
 * Concepts of one provider, not fetched and not counted until somebody asks: in tables it is a condition that goes into one
 * statement with the others, in memory a set. Immutable; the operands of one operation have one provider.
 */
export interface Selection {
  /**
   * A list of it is never the whole: its codes are made by a grammar, without end. What `page` gives are those that can be
   * told, or that are in use. `reason` is for a person, where it is all of the system.
   */
  readonly unclosed?: { readonly reason?: string }
  and(other: Selection): Selection
  or(other: Selection): Selection
  minus(other: Selection): Selection
  /** Those of these codes that are in it, spelled as they were asked for. Abstract and inactive ones are in it like all. */
  has(codes: readonly string[]): Promise<ReadonlySet<string>>
  /** Why a code that exists is not in it, for a person; undefined when nothing is known but that. */
  fault?(code: string): string | undefined
  /** undefined when it cannot be counted: a grammar has no end */
  count(asked?: Narrowing): Promise<number | undefined>
  /**
   * In the order of the system (of `of`: as it was listed), with `text` the best match first. The order is total: pages
   * neither overlap nor leave anything out.
   * @throws TooCostly  it cannot be listed
   */
  page(asked: Page): Promise<readonly Concept[]>
}

export interface Narrowing {
  /** Every word is the beginning of one in the display, a designation or the code; the best match comes first. */
  readonly text?: string
  /** without those that are `inactive` */
  readonly activeOnly?: boolean
  /** without those that are `abstract` */
  readonly selectableOnly?: boolean
}

export interface Page extends Narrowing {
  /** 0, 1, … */
  readonly offset: number
  /** At most so many; Infinity is all. */
  readonly count: number
  /** Designations, properties and definitions will not be looked at: they need not be fetched. */
  readonly brief?: boolean
}

/**
 * Where providers come from: the tables that loaders fill, the systems that are computed, the CodeSystems of a library.
 * Which version answers is not decided here but in providers.ts, by the same rules for all.
 */
export interface CodeSystemSource {
  /** Every version of a system that is here, without `|version`; in any order, empty when it is not known. */
  withUrl(url: string): Promise<readonly CodeSystemProvider[]>
  /** All that there are, for the capability statement. */
  list(): Promise<readonly Pick<CodeSystemProvider, 'url' | 'version' | 'content' | 'header'>[]>
  /**
   * A value set that exists because the system does: `http://snomed.info/sct?fhir_vs=isa/73211009`,
   * `http://loinc.org/vs/LL150-6`; as a composition of filters, without its concepts.
   * @param url  without `|version`
   * @returns  undefined when it is none of ours
   * @throws Unprocessable  it is, but means nothing (422)
   */
  implicitValueSet?(url: string): Promise<ValueSet | undefined>
  /** A concept map that exists because the system does: `http://snomed.info/sct?fhir_cm=…` */
  implicitMap?(url: string): Promise<ImplicitMap | undefined>
  /** Changes when content was loaded or removed: what is cached of a composition is kept by it. */
  readonly revision: string
  /** Learns what was loaded or removed meanwhile: `revision` says nothing of what happened since. */
  refresh?(): Promise<void>
}

export interface ImplicitMap {
  readonly url: string
  /** Canonical urls of the code systems. */
  readonly source: string
  readonly target: string
  /** What each of these codes of the source is in the target. */
  targetsOf(codes: readonly string[]): Promise<ReadonlyMap<string, readonly ConceptMapGroupElementTarget[]>>
  /** What of the source means each of these codes of the target. */
  sourcesOf(codes: readonly string[]): Promise<ReadonlyMap<string, readonly ConceptMapGroupElementTarget[]>>
}

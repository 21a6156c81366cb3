/*
 * What an expression constraint says, after the logical model of the Expression Constraint Language 2.2
 * (https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language). The long syntax makes the
 * same tree as the brief one. `at` is the offset in the text, from 0.
 */

export type Constraint =
  | ConceptReference
  | { readonly kind: 'any' }
  /** A concept by its code in another scheme: `LOINC#54486-6` */
  | { readonly kind: 'alternate'; readonly scheme: string; readonly code: string; readonly at: number }
  | { readonly kind: 'hierarchy'; readonly operator: HierarchyOperator; readonly of: Constraint }
  | MemberOf
  | { readonly kind: 'and' | 'or'; readonly of: readonly Constraint[] }
  | { readonly kind: 'minus'; readonly from: Constraint; readonly less: Constraint }
  | { readonly kind: 'refined'; readonly of: Constraint; readonly by: Refinement }
  /** The values of these attributes of these concepts. */
  | { readonly kind: 'dotted'; readonly of: Constraint; readonly attribute: Constraint }
  | { readonly kind: 'described'; readonly of: Constraint; readonly filters: readonly DescriptionFilter[] }
  | { readonly kind: 'conceptFiltered'; readonly of: Constraint; readonly filters: readonly ConceptFilter[] }
  /** With the inactive concepts that were replaced by one of these; `associations` are reference sets. */
  | { readonly kind: 'history'; readonly of: Constraint; readonly associations: HistoryProfile | Constraint }

export interface ConceptReference {
  readonly kind: 'concept'
  readonly id: string
  readonly at: number
}

export type HierarchyOperator = '<' | '<<' | '<!' | '<<!' | '>' | '>>' | '>!' | '>>!' | '!!>' | '!!<'
export type HistoryProfile = 'min' | 'mod' | 'max'

/** Of the members of reference sets, the values of a field. */
export interface MemberOf {
  readonly kind: 'memberOf'
  readonly field: string
  readonly of: Constraint
  readonly filters: readonly MemberFilter[]
}

export type Refinement =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Refinement[] }
  | { readonly kind: 'group'; readonly times: Cardinality; readonly of: Refinement }
  | Attribute

export interface Attribute {
  readonly kind: 'attribute'
  readonly times: Cardinality
  /** The concept that is sought is the value of the attribute, not its owner. */
  readonly reverse: boolean
  readonly name: Constraint
  readonly comparison: Comparison
}

/** Both ends belong to it; `most` may be Infinity. */
export interface Cardinality {
  readonly least: number
  readonly most: number
}

export type Equality = '=' | '!='
export type Order = Equality | '<' | '<=' | '>' | '>='

export type Comparison =
  | { readonly kind: 'concepts'; readonly operator: Equality; readonly value: Constraint }
  | { readonly kind: 'number'; readonly operator: Order; readonly value: string }
  | { readonly kind: 'text'; readonly operator: Equality; readonly terms: readonly SearchTerm[] }
  | { readonly kind: 'boolean'; readonly operator: Equality; readonly value: boolean }

/** Any of them may match. */
export type SearchTerm =
  /** Each word is the beginning of one in the text, in any order. */
  | { readonly kind: 'match'; readonly words: readonly string[] }
  /** The whole text; `undefined` among the parts is any characters. */
  | { readonly kind: 'wild'; readonly parts: readonly (string | undefined)[] }

type ModuleFilter = { readonly kind: 'moduleId'; readonly operator: Equality; readonly value: Constraint }
/** `20210731`; '' where none is published yet. */
type TimeFilter = { readonly kind: 'effectiveTime'; readonly operator: Order; readonly values: readonly string[] }
type ActiveFilter = { readonly kind: 'active'; readonly operator: Equality; readonly value: boolean | 'either' }
export type ComponentFilter = ModuleFilter | TimeFilter | ActiveFilter

export type ConceptFilter =
  | ComponentFilter
  | { readonly kind: 'definitionStatusId'; readonly operator: Equality; readonly value: Constraint }

export type DescriptionFilter =
  | ComponentFilter
  | { readonly kind: 'term'; readonly operator: Equality; readonly terms: readonly SearchTerm[] }
  | { readonly kind: 'language'; readonly operator: Equality; readonly codes: readonly string[] }
  | { readonly kind: 'typeId'; readonly operator: Equality; readonly value: Constraint }
  | { readonly kind: 'dialectId'; readonly operator: Equality; readonly dialects: readonly Dialect[] }
  | { readonly kind: 'id'; readonly operator: Equality; readonly ids: readonly string[] }

/** Language reference sets, and what a description has to be in them. */
export interface Dialect {
  readonly value: Constraint
  /** Concept ids; none where both will do. */
  readonly acceptability: readonly string[]
}

export type MemberFilter =
  | ComponentFilter
  | { readonly kind: 'field'; readonly name: string; readonly is: FieldComparison }
export type FieldComparison =
  | Comparison
  | { readonly kind: 'time'; readonly operator: Order; readonly values: readonly string[] }

import type {
  CodeSystem,
  ConceptMap,
  NamingSystem,
  Questionnaire,
  StructureDefinition,
  ValueSet,
} from '@medplum/fhirtypes'

/** The conformance resources that others name by their canonical url. */
export interface Canonicals {
  CodeSystem: CodeSystem
  ConceptMap: ConceptMap
  NamingSystem: NamingSystem
  Questionnaire: Questionnaire
  StructureDefinition: StructureDefinition
  ValueSet: ValueSet
}

export type CanonicalType = keyof Canonicals

/**
 * Where definitions are found: what the server was shipped with, what packages brought, what somebody stored, what came
 * with a request. Layers lie over each other; of one url and version the upper one counts.
 * What it gives is shared by everyone: frozen.
 */
export interface Library {
  /** Every version that is known of a url (without `|version`), highest first; empty when there is none. */
  withUrl<T extends CanonicalType>(type: T, url: string): Promise<readonly Canonicals[T][]>
  /** By its logical id, of those that are stored here. */
  withId<T extends CanonicalType>(type: T, id: string): Promise<Canonicals[T] | undefined>
  /**
   * Two answers under the same revision are the same: what was made of them (a compiled profile, a composed value set) is
   * kept by it.
   */
  readonly revision: string
}

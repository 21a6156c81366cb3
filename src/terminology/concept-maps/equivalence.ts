import type { ConceptMapGroupElementTarget } from '@medplum/fhirtypes'

export type Equivalence = NonNullable<ConceptMapGroupElementTarget['equivalence']>

interface Meaning {
  /** From the target's side: https://hl7.org/fhir/R4/valueset-concept-map-equivalence.html */
  readonly reversed: Equivalence
  /** As R5 has it: http://hl7.org/fhir/R5/valueset-concept-map-relationship.html */
  readonly relationship?: string
  /** The target does not stand for the source. */
  readonly fails?: true
}

const meanings: Readonly<Record<Equivalence, Meaning>> = {
  relatedto: { reversed: 'relatedto', relationship: 'related-to' },
  equivalent: { reversed: 'equivalent', relationship: 'equivalent' },
  equal: { reversed: 'equal', relationship: 'equivalent' },
  wider: { reversed: 'narrower', relationship: 'source-is-narrower-than-target' },
  subsumes: { reversed: 'specializes', relationship: 'source-is-narrower-than-target' },
  narrower: { reversed: 'wider', relationship: 'source-is-broader-than-target' },
  specializes: { reversed: 'subsumes', relationship: 'source-is-broader-than-target' },
  inexact: { reversed: 'inexact', relationship: 'related-to' },
  unmatched: { reversed: 'unmatched', fails: true },
  disjoint: { reversed: 'disjoint', relationship: 'not-related-to', fails: true },
}

export const reversed = (equivalence: Equivalence): Equivalence => meanings[equivalence].reversed
export const relationshipOf = (equivalence: Equivalence): string | undefined => meanings[equivalence].relationship
export const isMatch = (equivalence: Equivalence): boolean => !meanings[equivalence].fails

import type { CodeableConcept, Coding } from '@medplum/fhirtypes'
import type { Languages } from '../languages.js'

/** How the codes came: `code` (with a system), `coding` or `codeableConcept`. */
export type Form = 'code' | 'coding' | 'codeableConcept'

/** What is asked of `$validate-code`, whichever resource it is asked of. */
export interface Question {
  readonly form: Form
  /** One, but for a CodeableConcept. */
  readonly codings: readonly Coding[]
  /** As it came, for the answer. */
  readonly concept?: CodeableConcept
  /** The value set tells the system of a code that came without one. */
  readonly inferSystem: boolean
  /** Codes that only group others are right, too. */
  readonly abstract: boolean
  readonly activeOnly: boolean
  /** Nothing but whether it is in the value set. */
  readonly membershipOnly: boolean
  /** A wrong display is only warned of. */
  readonly lenientDisplay: boolean
  /** The languages that displays are checked in. */
  readonly languages?: Languages
  /** The code must be in effect on this day: `2026-10-01` */
  readonly date?: string
}

/** One coding that is asked about; its system is known, or was inferred. */
export interface Sought {
  readonly system: string
  readonly version?: string
  readonly code: string
  readonly display?: string
  /** FHIRPath of it. */
  readonly place: string
}

/** FHIRPath of the nth coding, from the parameter it came in; '' where its parts are parameters themselves. */
export function placeOf(form: Form, n: number): string {
  return form === 'codeableConcept' ? `CodeableConcept.coding[${n}]` : form === 'coding' ? 'Coding' : ''
}

/** `Coding.code`; of a code that came alone `code`. */
export const under = (place: string, element: string): string => (place ? `${place}.${element}` : element)

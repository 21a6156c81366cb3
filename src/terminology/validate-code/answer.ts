import type { CodeableConcept, OperationOutcome } from '@medplum/fhirtypes'
import type { Notes } from './notes.js'
import type { Question } from './question.js'

/** What `$validate-code` answers, by parameter. */
export interface Answer {
  result: boolean
  code?: string
  system?: string
  version?: string
  display?: string
  message?: string
  inactive?: boolean
  status?: string
  'normalized-code'?: string
  /** Systems that the code is of, and that are not known. */
  'x-unknown-system'?: string[]
  /** Systems that it would take to tell. */
  'x-caused-by-unknown-system'?: string[]
  codeableConcept?: CodeableConcept
  issues?: OperationOutcome
}

/** The coding that the answer is about: of several the first that is right. */
export interface Shown {
  readonly code?: string
  readonly system?: string
  readonly version?: string
  readonly display?: string
}

/** @param notes  with all that goes into the issues */
export function answerOf(question: Question, shown: Shown, result: boolean, notes: Notes): Answer {
  const { message, issues, normalized } = notes
  return {
    result,
    ...shown,
    ...(message !== undefined && { message }),
    ...(normalized !== undefined && { 'normalized-code': normalized }),
    ...(question.concept && { codeableConcept: question.concept }),
    ...(issues.length > 0 && { issues: { resourceType: 'OperationOutcome', issue: issues } }),
  }
}

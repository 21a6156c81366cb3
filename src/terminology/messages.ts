import type { OperationOutcomeIssue } from '@medplum/fhirtypes'
import { FhirError, type Issue, Unprocessable } from '../base/errors.js'

type Row = readonly [
  severity: Issue['severity'],
  /** http://hl7.org/fhir/R4/valueset-issue-type.html */
  code: Issue['code'],
  /** http://hl7.org/fhir/tools/CodeSystem/tx-issue-type */
  type: string | undefined,
  /** What clients know the message by, whatever its language. */
  id: string | undefined,
  /** What stands in braces is filled in by name. */
  text: string,
]

const supplement = ['error', 'not-found', 'not-found', 'VALUESET_SUPPLEMENT_MISSING'] as const
const display = ['error', 'invalid', 'invalid-display'] as const
const wrongDisplay = [...display, 'Display_Name_for__should_be_one_of__instead_of'] as const
const wrongWhitespace = [...display, 'Display_Name_WS_for__should_be_one_of__instead_of'] as const
const oldDisplay = ['error', 'invalid', 'display-comment', 'INACTIVE_DISPLAY_FOUND'] as const
const status = ['information', 'business-rule', 'status-check'] as const
const comment = ['warning', 'business-rule', 'code-comment'] as const
const notFound = ['error', 'not-found', 'not-found'] as const
const cannotInfer = ['error', 'not-found', 'cannot-infer'] as const
const versionError = ['error', 'exception', 'version-error'] as const
const tooCostly = ['error', 'too-costly', undefined, 'VALUESET_TOO_COSTLY'] as const

const noneOf = 'None_of_the_provided_codes_are_in_the_value_set_one'
const unknownSystem = "A definition for CodeSystem '{system}' could not be found"
const unknownVersion = "A definition for CodeSystem '{system}' version '{version}' could not be found"
const cannotValidate = 'so the code cannot be validated'
const cannotExpand = 'so the value set cannot be expanded'
const noSystemFor = "The System URI could not be determined for the code '{code}' in the ValueSet '{valueSet}'"

/**
 * Everything that the terminology operations say, in the words that the terminology ecosystem has agreed on: clients and
 * HL7's tests look at ids and texts alike.
 * @see https://build.fhir.org/ig/HL7/fhir-tx-ecosystem-ig/
 */
const messages = {
  // The code
  unknownCode: [
    'error',
    'code-invalid',
    'invalid-code',
    'Unknown_Code_in_Version',
    "Unknown code '{code}' in the CodeSystem '{system}' version '{version}'",
  ],
  unknownCodeOfEdition: [
    'error',
    'code-invalid',
    'invalid-code',
    'Unknown_Code_in_Version',
    "Unknown code '{code}' in the CodeSystem '{system}' version '{version}' ({edition})",
  ],
  unknownCodeOfAnyVersion: [
    'error',
    'code-invalid',
    'invalid-code',
    'Unknown_Code_in',
    "Unknown code '{code}' in the CodeSystem '{system}'",
  ],
  unknownCodeInFragment: [
    'warning',
    'code-invalid',
    'invalid-code',
    'UNKNOWN_CODE_IN_FRAGMENT',
    "Unknown Code '{code}' in the CodeSystem '{system}' version '{version}' - note that the code system is labeled as a fragment, so the code may be valid in some other fragment",
  ],
  whatIsWrongWithCode: ['information', 'code-invalid', 'invalid-code', undefined, '{fault}'],
  abstractCode: [
    'error',
    'business-rule',
    'code-rule',
    'ABSTRACT_CODE_NOT_ALLOWED',
    "Code '{system}#{code}' is abstract, and not allowed in this context",
  ],
  notActive: [
    'error',
    'business-rule',
    'code-rule',
    'STATUS_CODE_WARNING_CODE',
    "The concept '{code}' is valid but is not active",
  ],
  inactive: [
    ...comment,
    'INACTIVE_CONCEPT_FOUND',
    "The concept '{code}' has a status of {status} and its use should be reviewed",
  ],
  deprecated: [
    ...comment,
    'DEPRECATED_CONCEPT_FOUND',
    "The concept '{code}' is deprecated and its use should be reviewed",
  ],
  deprecatedInValueSet: [
    ...comment,
    'CONCEPT_DEPRECATED_IN_VALUESET',
    "The presence of the concept '{code}' in the system '{system}' in the value set {valueSet} is marked with a status of {status} and its use should be reviewed",
  ],
  otherCase: [
    'information',
    'business-rule',
    'code-rule',
    'CODE_CASE_DIFFERENCE',
    "The code '{code}' differs from the correct code '{correct}' by case. Although the code system '{system}' is case insensitive, implementers are strongly encouraged to use the correct case anyway",
  ],
  otherForm: [
    'information',
    'business-rule',
    'code-rule',
    'CODE_NOT_IN_NORMAL_FORM',
    "The code '{code}' is valid, but it is not the normal form for the code system '{system}'; the normal form is '{correct}'",
  ],
  validationNote: ['information', 'informational', 'process-note', undefined, '{note}'],
  notInEffect: [
    'error',
    'business-rule',
    'code-rule',
    undefined,
    "The code '{code}' of the CodeSystem '{system}' is not in effect on {date}: it is {period}",
  ],
  versionNotInEffect: [
    'warning',
    'business-rule',
    'code-rule',
    undefined,
    "No version of the CodeSystem '{system}' that is in effect on {date} is known; the version '{version}' was checked, which is {period}",
  ],
  // The value set
  notInValueSet: [
    'error',
    'code-invalid',
    'not-in-vs',
    noneOf,
    "The provided code '{coding}' was not found in the value set '{valueSet}'",
  ],
  codingNotInValueSet: [
    'information',
    'code-invalid',
    'this-code-not-in-vs',
    noneOf,
    "The provided code '{coding}' was not found in the value set '{valueSet}'",
  ],
  noCodingInValueSet: [
    'error',
    'code-invalid',
    'not-in-vs',
    'TX_GENERAL_CC_ERROR_MESSAGE',
    "No valid coding was found for the value set '{valueSet}'",
  ],
  unknownValueSet: [
    ...notFound,
    'Unable_to_resolve_value_Set_',
    "A definition for the value Set '{valueSet}' could not be found",
  ],
  emptyValueSet: [
    'error',
    'processing',
    'vs-invalid',
    'VALUESET_NO_COMPOSE',
    'The value set {valueSet} has no compose and no expansion, so nothing can be told of it',
  ],
  circularValueSet: [
    'error',
    'processing',
    'vs-invalid',
    'VALUESET_CIRCULAR_REFERENCE',
    'Found a circularity pointing to {valueSet} processing ValueSet with pathway [{pathway}]',
  ],
  filterWithoutValue: [
    'error',
    'invalid',
    'vs-invalid',
    'UNABLE_TO_HANDLE_SYSTEM_FILTER_WITH_NO_VALUE',
    'The system {system} filter with property = {property}, op = {op} has no value',
  ],
  invalidEcl: ['error', 'invalid', 'vs-invalid', 'INVALID_ECL', "Invalid ECL expression: '{ecl}': ({why})"],
  filterNotUnderstood: [
    'error',
    'not-supported',
    'vs-invalid',
    'FILTER_NOT_UNDERSTOOD',
    'The filter "{property} {op} {value}" is not understood or supported',
  ],
  tooManyCodes: [...tooCostly, "The value set '{valueSet}' expansion has too many codes to produce (>{limit})"],

  // The code system
  unknownSystem: [...notFound, 'UNKNOWN_CODESYSTEM', `${unknownSystem}, ${cannotValidate}`],
  unknownVersion: [
    ...notFound,
    'UNKNOWN_CODESYSTEM_VERSION',
    `${unknownVersion}, ${cannotValidate}. Valid versions: {versions}`,
  ],
  noVersionAtAll: [
    ...notFound,
    'UNKNOWN_CODESYSTEM_VERSION_NONE',
    `${unknownVersion}, ${cannotValidate}. No versions of this code system are known`,
  ],
  unknownSystemToExpand: [...notFound, 'UNKNOWN_CODESYSTEM_EXP', `${unknownSystem}, ${cannotExpand}`],
  unknownVersionToExpand: [
    ...notFound,
    'UNKNOWN_CODESYSTEM_VERSION_EXP',
    `${unknownVersion}, ${cannotExpand}. Valid versions: {versions}`,
  ],
  noVersionAtAllToExpand: [
    ...notFound,
    'UNKNOWN_CODESYSTEM_VERSION_EXP_NONE',
    `${unknownVersion}, ${cannotExpand}. No versions of this code system are known`,
  ],
  uncheckedCoding: [
    'warning',
    'not-found',
    'not-found',
    'UNKNOWN_CODESYSTEM_CODING_NOT_CHECKED',
    "A definition for the code system '{canonical}' could not be found, so this coding was not checked. The CodeableConcept is still valid: another coding is in the value set",
  ],
  noSystem: [
    'warning',
    'invalid',
    'invalid-data',
    'Coding_has_no_system__cannot_validate',
    'Coding has no system. A code with no system has no defined meaning, and it cannot be validated. A system should be provided',
  ],
  noSystemAndNoCode: [
    'warning',
    'invalid',
    'invalid-data',
    'Coding_has_no_system_or_code__cannot_validate',
    'Coding has neither a system nor a code, so it cannot be validated. A system and a code should be provided',
  ],
  noCode: ['warning', 'invalid', 'invalid-data', undefined, 'Coding has no code{of} and cannot be validated'],
  relativeSystem: [
    'error',
    'invalid',
    'invalid-data',
    'Terminology_TX_System_Relative',
    'Coding.system must be an absolute reference, not a local reference',
  ],
  systemIsValueSet: [
    'error',
    'invalid',
    'invalid-data',
    'Terminology_TX_System_ValueSet2',
    "The Coding references a value set, not a code system ('{system}')",
  ],
  systemIsSupplement: [
    'error',
    'invalid',
    'invalid-data',
    'CODESYSTEM_CS_NO_SUPPLEMENT',
    "CodeSystem {supplement} is a supplement, so can't be used as a value in Coding.system",
  ],
  cannotInferSystem: [...cannotInfer, 'UNABLE_TO_INFER_CODESYSTEM', noSystemFor],
  severalSystems: [
    ...cannotInfer,
    'Unable_to_resolve_system__value_set_has_multiple_matches',
    `${noSystemFor}: value set expansion has multiple matches: [{systems}]`,
  ],
  supplementMissing: [...supplement, 'Required supplement not found: {supplements}'],
  supplementsMissing: [...supplement, 'Required supplements not found: {supplements}'],

  // Versions
  otherVersion: [
    'error',
    'invalid',
    'vs-invalid',
    'VALUESET_VALUE_MISMATCH',
    "The code system '{system}' version '{version}' in the ValueSet include is different to the one in the value ('{given}')",
  ],
  otherVersionByRule: [
    'error',
    'invalid',
    'vs-invalid',
    'VALUESET_VALUE_MISMATCH_CHANGED',
    "The code system '{system}' version '{version}' resulting from the version '{include}' in the ValueSet include is different to the one in the value ('{given}')",
  ],
  otherVersionByDefault: [
    'error',
    'invalid',
    'vs-invalid',
    'VALUESET_VALUE_MISMATCH_DEFAULT',
    "The code system '{system}' version '{version}' for the versionless include in the ValueSet include is different to the one in the value ('{given}')",
  ],
  versionNotAllowed: [
    ...versionError,
    'VALUESET_VERSION_CHECK',
    "The version '{version}' is not allowed for system '{system}': required to be '{required}' by a version-check parameter",
  ],

  // Displays
  wrongDisplay: [
    ...wrongDisplay,
    "Wrong Display Name '{display}' for {system}#{code}. Valid display is {valid} (for the language(s) '{languages}')",
  ],
  wrongDisplayOfSeveral: [
    ...wrongDisplay,
    "Wrong Display Name '{display}' for {system}#{code}. Valid display is one of {count} choices: {valid} (for the language(s) '{languages}')",
  ],
  wrongWhitespace: [
    ...wrongWhitespace,
    "Wrong whitespace in Display Name '{display}' for {system}#{code}. Valid display is {valid} (for the language(s) '{languages}')",
  ],
  wrongWhitespaceOfSeveral: [
    ...wrongWhitespace,
    "Wrong whitespace in Display Name '{display}' for {system}#{code}. Valid display is one of {count} choices: {valid} (for the language(s) '{languages}')",
  ],
  noDisplayAtAll: [
    'warning',
    'invalid',
    'invalid-display',
    'NO_VALID_DISPLAY_AT_ALL',
    "Cannot validate display '{display}' for {system}#{code} in language {languages}: No displays are known",
  ],
  displayOfOtherLanguage: [
    'information',
    'invalid',
    'invalid-display',
    'NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_OK',
    "There are no valid display names found for the code {system}#{code} for language(s) '{languages}'. The display is '{display}' which is a valid display for the default language",
  ],
  noDisplayInLanguage: [
    ...display,
    'NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_ERR',
    "Wrong Display Name '{display}' for {system}#{code}. There are no valid display names found for language(s) '{languages}'. Default display is '{valid}'",
  ],
  outdatedDisplay: [
    ...oldDisplay,
    "'{display}' is no longer considered a correct display for code '{code}' (status = {status}). The correct display is '{valid}'",
  ],
  outdatedDisplayOfSeveral: [
    ...oldDisplay,
    "'{display}' is no longer considered a correct display for code '{code}' (status = {status}). The correct display is one of {valid}",
  ],
  badLanguage: [
    'error',
    'processing',
    'invalid-display',
    'INVALID_DISPLAY_NAME',
    "Invalid displayLanguage: '{language}'",
  ],

  // The state of what is referred to: a code system, a value set
  referenceToDeprecated: [...status, 'MSG_DEPRECATED', 'Reference to deprecated {type} {canonical}'],
  referenceToWithdrawn: [...status, 'MSG_WITHDRAWN', 'Reference to withdrawn {type} {canonical}'],
  referenceToRetired: [...status, 'MSG_RETIRED', 'Reference to retired {type} {canonical}'],
  referenceToExperimental: [...status, 'MSG_EXPERIMENTAL', 'Reference to experimental {type} {canonical}'],
  referenceToDraft: [...status, 'MSG_DRAFT', 'Reference to draft {type} {canonical}'],

  // Subsumption
  otherHierarchy: [
    'error',
    'not-supported',
    'not-supported',
    'SUBSUMPTION_CS_HIERARCHY_MEANING',
    "The CodeSystem '{system}' has hierarchyMeaning = {meaning}, so its hierarchy does not describe subsumption, and subsumption cannot be tested",
  ],
  subsumptionWithoutSystem: [
    'error',
    'invalid',
    'invalid-data',
    'SUBSUMPTION_NO_SYSTEM',
    'No code system is provided for {parameter}, so subsumption cannot be tested',
  ],
  subsumptionOfSystems: [
    'error',
    'invalid',
    'invalid-data',
    'SUBSUMPTION_SYSTEM_MISMATCH',
    "Subsumption can only be tested between two codes in the same code system, but the code systems are '{a}' and '{b}'",
  ],
  subsumptionOfVersions: [
    'error',
    'invalid',
    'invalid-data',
    'SUBSUMPTION_VERSION_MISMATCH',
    "Subsumption can only be tested between two codes in the same version of '{system}', but the versions are '{a}' and '{b}'",
  ],

  // The request
  nothingToValidate: [
    'error',
    'invalid',
    undefined,
    undefined,
    'Unable to find code to validate (looked for coding | codeableConcept | code+system | code+inferSystem in parameters)',
  ],
} as const satisfies Readonly<Record<string, Row>>

export type Message = keyof typeof messages

type Names<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never
/** What a message wants to be filled with. */
export type Filling<M extends Message> = Readonly<Record<Names<(typeof messages)[M][4]>, string>>

export const MESSAGE_ID = 'http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id'
const ISSUE_TYPE = 'http://hl7.org/fhir/tools/CodeSystem/tx-issue-type'

interface Where {
  /** FHIRPath of what it is about, from the parameter: `Coding.code`, `code` */
  expression?: string
  /** Where it is another than usually. */
  severity?: Issue['severity']
}

/** An issue as the terminology operations answer it: the text in `details`, which clients show. */
export function issueOf<M extends Message>(message: M, filling: Filling<M>, where: Where = {}): OperationOutcomeIssue {
  const [severity, code, type, id, text]: Row = messages[message]
  return {
    ...(id !== undefined && { extension: [{ url: MESSAGE_ID, valueString: id }] }),
    severity: where.severity ?? severity,
    code,
    details: {
      ...(type !== undefined && { coding: [{ system: ISSUE_TYPE, code: type }] }),
      text: filled(text, filling),
    },
    ...(where.expression && { expression: [where.expression] }),
  }
}

interface Refused extends Where {
  Kind?: new (diagnostics: string) => FhirError
  /** What more there is to say, for the diagnostics. */
  fault?: string
}

/** What ends an operation, as an error: by default 422. */
export function refusal<M extends Message>(
  message: M,
  filling: Filling<M>,
  { Kind = Unprocessable, fault, ...where }: Refused = {},
): FhirError {
  const issue = issueOf(message, filling, where)
  const { text } = issue.details!
  return FhirError.ofIssues.call(Kind, [{ ...issue, diagnostics: fault === undefined ? text : `${text}: ${fault}` }])
}

const filled = (text: string, filling: Readonly<Record<string, string>>) =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => filling[name]!)

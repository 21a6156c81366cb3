import type { Issue } from '../../../base/errors.js'
import type { Message } from '../rule.js'

const message = (id: string, code: Issue['code'], text: string): Message => ({ id, code, text })

/** What is said of definitions that are stored. The names are those of HL7's validator. */
export const messages = {
  url: message('Type_Specific_Checks_Canonical_Absolute', 'invalid', 'The url of a definition is absolute'),

  noContent: message('CODESYSTEM_CS_COUNT_NO_CONTENT_ALLOWED', 'invalid', 'What is not present has no concepts'),
  count: message('CODESYSTEM_CS_COUNT_COMPLETE_WRONG', 'invalid', 'The count is that of the concepts'),
  supplement: message('CODESYSTEM_CS_HL7_PRESENT_ELEMENT_SUPPL_WRONG', 'business-rule', 'A supplement says so'),
  noSupplements: message(
    'CODESYSTEM_CS_HL7_PRESENT_ELEMENT_SUPPL_MISSING',
    'business-rule',
    'A supplement says of what',
  ),
  notOfSupplement: message(
    'CODESYSTEM_CS_HL7_PRESENT_ELEMENT_SUPPL',
    'business-rule',
    'That is said by what is supplemented',
  ),
  supplementCode: message(
    'CODESYSTEM_CS_SUPP_INVALID_CODE',
    'business-rule',
    'A supplement has codes of what it supplements',
  ),

  relative: message('VALUESET_INCLUDE_SYSTEM_ABSOLUTE', 'invalid', 'The system of an include is absolute'),
  version: message('VALUESET_REFERENCE_INVALID_TYPE_NO_VERSION', 'business-rule', 'The version stands in version'),
  valueSetAsSystem: message('VALUESET_INCLUDE_WRONG_VS', 'invalid', 'The system of an include is a code system'),
  supplementAsSystem: message('VALUESET_INCLUDE_CS_SUPPLEMENT', 'invalid', 'A supplement is no code system of its own'),
  concept: message('VALUESET_INCLUDE_INVALID_CONCEPT_CODE', 'business-rule', 'The code system has the code'),
  manyConcepts: message('VALUESET_INC_TOO_MANY_CODES', 'informational', 'Not all codes were looked up'),
  language: message('VALUESET_BAD_EXPRESSION_LANGUAGE', 'invalid', 'Expressions in value sets are FHIRPath'),

  discriminator: message('SD_ED_SLICING_DISCRIMINATOR_INVALID', 'invalid', 'A discriminator leads to an element'),
  extensionUrl: message('Extension_URL_Derived', 'value', 'An extension keeps the url of the one it comes from'),

  expression: message('SEARCHPARAMETER_EXPRESSION', 'invalid', 'The expression suits each type'),
  base: message('SEARCHPARAMETER_BASE_WRONG', 'business-rule', 'The parameter is for types of the one it comes from'),
  type: message('SEARCHPARAMETER_TYPE_WRONG', 'business-rule', 'The parameter is of the type of the one it comes from'),
  statedType: message('MSG_CS_SEARCHPARAMETER_TYPE', 'invalid', 'The type is that of the definition'),
} satisfies Record<string, Message>

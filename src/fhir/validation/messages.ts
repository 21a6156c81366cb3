import type { Issue } from '../../base/errors.js'
import type { Message } from './rule.js'

const message = (id: string, code: Issue['code'], text: string): Message => ({ id, code, text })

/** What this folder may say. Names are those that HL7's validator has for the same, where it has one. */
export const messages = {
  // The JSON form
  notAnObject: message('This_property_must_be_an_object', 'structure', 'The property must be an object'),
  notAResource: message('Resource_RES_Not_An_Object', 'structure', 'A resource is a JSON object'),
  noResourceType: message('Unable_to_find_resourceType_property', 'required', 'A resource names its type'),
  unknownType: message('This_does_not_appear_to_be_a_FHIR_resource', 'structure', 'The type is not one of R4'),
  null: message('This_property_must_not_be_null', 'structure', 'The property must not be null'),
  notAnArray: message('This_property_must_be_an_array', 'structure', 'The property must be an array'),
  anArray: message('This_property_must_not_be_an_array', 'structure', 'The property must not be an array'),
  emptyArray: message('Array_cannot_be_empty', 'structure', 'An array must not be empty'),
  nullItem: message('Validation_JSON_Null_Item', 'structure', 'A null in an array holds the place of extensions'),
  unequalArrays: message('Validation_JSON_Unequal_Arrays', 'structure', 'Values and their extensions must match up'),
  empty: message('Object_must_have_some_content', 'structure', 'An element must have a value or children'),
  unknownElement: message('Unrecognised_property_', 'structure', 'The element is not one of the type'),
  severalChoices: message('Validation_Several_Types', 'structure', 'An element has one type'),
  tooDeep: message('Validation_Too_Deep', 'too-long', 'Elements are nested too deeply'),
  nestedContained: message('Validation_Contained_Nested', 'structure', 'A contained resource contains none'),
  extensionNeither: message(
    'Validation_Extension_Without_Content',
    'required',
    'An extension has a value or extensions',
  ),
  extensionBoth: message(
    'Validation_Extension_With_Both',
    'structure',
    'An extension has a value or extensions, not both',
  ),
  form: message('Type_Specific_Checks_DT_Primitive_ValidJson', 'structure', 'The value has another JSON type'),
  value: message('Type_Specific_Checks_DT_Primitive_Regex', 'value', 'The value is not one of the type'),
  tooCostly: message('Validation_Too_Costly', 'too-costly', 'The resource could not be checked to the end'),

  extendedId: message('Resource_ID_Extended', 'business-rule', 'The id of a resource has no extensions'),

  // Codes
  notInRequired: message('Terminology_TX_NoValid_1', 'code-invalid', 'The code is not in the required value set'),
  notInExtensible: message('Terminology_TX_NoValid_2', 'code-invalid', 'The code is not in the extensible value set'),
  notInMaximum: message(
    'Terminology_TX_NoValid_7',
    'code-invalid',
    'The code is not in the greatest value set allowed',
  ),
  notInPreferred: message('Terminology_TX_NoValid_3', 'code-invalid', 'The code is not in the preferred value set'),
  noCode: message('Terminology_TX_Code_ValueSet', 'code-invalid', 'A code of the value set is needed'),
  unknownCode: message('Unknown_Code_in_Version', 'code-invalid', 'The code system does not have the code'),
  unknownSystem: message('Terminology_TX_System_Unknown', 'not-found', 'The code system is not known here'),
  supplement: message('CODESYSTEM_CS_NO_SUPPLEMENT', 'not-found', 'A supplement is no code system for a Coding'),
  systemIsValueSet: message(
    'Terminology_TX_System_ValueSet2',
    'invalid',
    'A Coding names a code system, not a value set',
  ),
  systemNotAbsolute: message('Terminology_TX_System_Relative', 'invalid', 'The system of a Coding is an absolute URI'),
  unknownValueSet: message('Terminology_TX_ValueSet_NotFound', 'not-found', 'The value set is not known here'),
  uncheckable: message('Terminology_TX_Error_CodeableConcept_Max', 'too-costly', 'The code could not be checked'),
  display: message('Display_Name_for__should_be_one_of__instead_of', 'invalid', 'The display is not one of the code'),
  inactive: message('INACTIVE_CONCEPT_FOUND', 'business-rule', 'The code is no longer in use'),

  // Profiles
  unknownProfile: message('Validation_VAL_Profile_Unknown', 'not-found', 'The profile is not known here'),
  unknownTypeProfile: message('Validation_VAL_Unknown_Profile', 'invalid', 'The profile demanded is not known here'),
  brokenProfile: message('Validation_VAL_Profile_NoSnapshot', 'processing', 'The profile cannot be used'),
  profileOfOther: message('Validation_VAL_Profile_WrongType', 'structure', 'The profile is of another type'),
  minimum: message('Validation_VAL_Profile_Minimum', 'required', 'There are fewer than the profile demands'),
  maximum: message('Validation_VAL_Profile_Maximum', 'structure', 'There are more than the profile allows'),
  sliceMinimum: message(
    'Validation_VAL_Profile_Minimum_SLICE',
    'required',
    'A slice has fewer than the profile demands',
  ),
  sliceMaximum: message(
    'Validation_VAL_Profile_Maximum_SLICE',
    'structure',
    'A slice has more than the profile allows',
  ),
  notInSlice: message(
    'Validation_VAL_Profile_NotSlice',
    'invalid',
    'The element is of no slice, and others are not allowed',
  ),
  severalSlices: message('Validation_VAL_Profile_MatchMultiple', 'invalid', 'The element is of several slices'),
  openNotLast: message('Validation_VAL_Profile_NotAtEnd', 'invalid', 'What is of no slice must come last'),
  outOfOrder: message('Validation_VAL_Profile_OutOfOrder', 'invalid', 'Slices must come in their order'),
  discriminator: message('Discriminator_Bad', 'processing', 'A slice of the profile cannot be told from others'),
  type: message('Bundle_BUNDLE_Entry_Type3', 'structure', 'The profile allows other types'),
  noProfile: message('Validation_VAL_Profile_NoMatch', 'structure', 'The value meets none of the profiles allowed'),
  fixed: message('Fixed_Type_Checks_DT', 'value', 'The value must be the fixed one'),
  fixedMissing: message('Extension_EXT_Fixed_Banned', 'value', 'The fixed value has no such element'),
  pattern: message('Pattern_Check', 'value', 'The value must have what the pattern has'),
  minValue: message('MIN_VALUE', 'invalid', 'The value is less than allowed'),
  maxValue: message('MAX_VALUE', 'invalid', 'The value is more than allowed'),
  maxLength: message('Type_Specific_Checks_DT_Primitive_Length', 'too-long', 'The value is longer than allowed'),

  // Extensions
  unknownExtension: message('Extension_EXT_Unknown_NotHere', 'structure', 'The extension is not known here'),
  extensionUrl: message('Extension_EXT_Url_Absolute', 'invalid', 'The url of an extension is absolute'),
  notAnExtension: message('Extension_EXT_Url_NotFound', 'structure', 'The url names no extension'),
  isModifier: message('Extension_EXT_Modifier_Y', 'structure', 'The extension is a modifier, and stands among others'),
  isNoModifier: message(
    'Extension_EXT_Modifier_N',
    'structure',
    'The extension is no modifier, and stands among modifiers',
  ),
  extensionContext: message('Extension_EXTP_Context_Wrong', 'structure', 'The extension must not be used here'),
  subExtension: message('Extension_EXT_SubExtension_Invalid', 'invalid', 'The extension has no such part'),

  // References
  targetType: message(
    'Reference_REF_BadTargetType',
    'structure',
    'The reference is to a type that is not allowed here',
  ),
  targetDiffers: message(
    'Reference_REF_WrongTarget',
    'structure',
    'The reference says another type than its target has',
  ),
  targetProfile: message('Reference_REF_CantMatchChoice', 'structure', 'The target meets none of the profiles allowed'),
  notContained: message('Reference_REF_NotFound', 'not-found', 'The contained resource does not exist'),
  targetMissing: message('Reference_REF_CantResolve', 'not-found', 'The resource that is referred to does not exist'),
  aggregation: message('Reference_REF_Aggregation', 'structure', 'The reference must lead elsewhere'),
} satisfies Record<string, Message>

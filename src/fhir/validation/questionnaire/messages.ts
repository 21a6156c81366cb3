import type { Issue } from '../../../base/errors.js'
import type { Message } from '../rule.js'

const message = (id: string, code: Issue['code'], text: string): Message => ({ id: `Questionnaire_${id}`, code, text })

/** What is said of Questionnaires and the responses to them. The names are those of HL7's validator. */
export const messages = {
  // The items of a response
  noQuestionnaire: message('QR_Q_None', 'required', 'The response does not name its questionnaire'),
  unknown: message('QR_Q_NotFound', 'required', 'The questionnaire is not known here'),
  authoredLate: message('QR_AUTHOR_END', 'business-rule', 'The questionnaire was no longer in use'),
  authoredEarly: message('QR_AUTHOR_START', 'business-rule', 'The questionnaire was not yet in use'),
  noLinkId: message('QR_Item_NoLinkId', 'required', 'An item names its question'),
  notFound: message('QR_Item_NotFound', 'not-found', 'The questionnaire has no such item'),
  misplaced: message('QR_Item_Misplaced', 'structure', 'The item stands elsewhere in the questionnaire'),
  order: message('QR_Item_Order', 'structure', 'Items come in the order of the questionnaire'),
  missing: message('QR_Item_Missing', 'required', 'A required question is not answered'),
  requiredGroup: message('QR_Item_Group_Required', 'invariant', 'A required group has items'),
  notEnabled: message('QR_Item_NotEnabled2', 'invalid', 'What is not asked is not answered'),
  otherText: message('QR_Item_Text', 'invalid', 'The text of an item is that of the questionnaire'),
  oneAnswer: message('QR_Item_OnlyOneA', 'invalid', 'The question takes one answer'),
  oneItem: message('QR_Item_OnlyOneI', 'invalid', 'The item occurs once'),
  fewest: message('QR_Item_MinOccurs', 'invalid', 'The question takes more answers'),
  most: message('QR_Item_MaxOccurs', 'invalid', 'The question takes fewer answers'),
  groupAnswer: message('QR_Item_Group', 'structure', 'A group has items, and no answers'),
  displayAnswer: message('QR_Item_Display_No_Value', 'structure', 'What is only displayed has no answers'),
  displayItem: message('QR_Item_Display', 'structure', 'What is only displayed has no items'),
  questionItem: message('QR_Item_Group_Answer', 'structure', 'Items below a question stand in its answer'),

  // Answers
  type: message('QR_Item_WrongType', 'invariant', 'The question takes answers of another type'),
  least: message('QR_Item_Min', 'invariant', 'The answer is less than allowed'),
  greatest: message('QR_Item_Max', 'invariant', 'The answer is more than allowed'),
  incomparable: message('QR_Item_Cannot_Compare', 'invariant', 'The units do not compare'),
  decimals: message('QR_Item_Decimal_Max_Decimals', 'invariant', 'The number has too many decimal places'),
  shortest: message('QR_Item_String_Min_Length', 'invariant', 'The answer is too short'),
  longest: message('QR_Item_String_Max_Length', 'invariant', 'The answer is too long'),
  regex: message('QR_Item_String_Regex', 'invariant', 'The answer has another form than asked for'),
  lines: message('QR_Item_String_Illegal_Chars', 'invariant', 'The answer to a question of type string has one line'),
  mimeType: message('QR_Item_Bad_Attachment_MimeType', 'required', 'The attachment is of another type than allowed'),
  size: message('QR_Item_Bad_Attachment_Length', 'required', 'The attachment is too large'),
  unit: message('QR_Item_Decimal_Invalid_Units', 'invariant', 'The unit is not one of those allowed'),
  target: message('QR_Item_Ref_Invalid', 'invariant', 'The reference is to a type that is not allowed'),
  notOption: message('QR_Item_NoOption', 'invariant', 'The answer is not one of the options'),
  exclusive: message('QR_Item_Exclusive', 'invariant', 'The option excludes all others'),
  notInValueSet: message('QR_Item_BadOption', 'code-invalid', 'The answer is not in the value set of the question'),
  textNotInValueSet: message('QR_Item_VS_Fail', 'invariant', 'The answer is not in the value set of the question'),
  untold: message('QR_Item_BadOption_CS', 'code-invalid', 'Whether the answer is allowed cannot be told here'),

  // Questionnaires
  noTarget: message('Q_EnableWhen_NoTarget', 'business-rule', 'enableWhen asks of an item that is not there'),
  self: message('Q_EnableWhen_Self', 'business-rule', 'enableWhen asks of the item itself'),
  inner: message('Q_EnableWhen_IsInner', 'business-rule', 'enableWhen asks of an item within the item'),
  after: message('Q_EnableWhen_After', 'business-rule', 'enableWhen asks of an item that comes later'),
  badRegex: message('Q_Regex', 'processing', 'The form asked for cannot be checked'),
} satisfies Record<string, Message>

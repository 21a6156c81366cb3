import type { Json } from '../rule.js'

/** An item of a Questionnaire, or of a response: read with care, as neither may be valid. */
export type Item = Json

export const itemsOf = (node: Json): Item[] => objects(node.item)
export const answersOf = (item: Item): Json[] => objects(item.answer)

/** The objects of a list, and an empty one for what is none. */
export function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.map((one) => (typeof one === 'object' && one !== null ? (one as Json) : {})) : []
}

/** All items below a node, in the order in which they are asked. */
export const allItems = (node: Json): Item[] => itemsOf(node).flatMap((item) => [item, ...allItems(item)])

/** `value[x]` of an answer, an option or an extension, with its type. */
export interface Value {
  readonly type: string
  readonly value: unknown
}

/** @param name  `value`, `answer`, `initial` */
export function choiceOf(node: Json, name = 'value'): Value | undefined {
  const key = Object.keys(node).find((key) => key.startsWith(name) && /^[A-Z]/.test(key.slice(name.length)))
  if (key === undefined || node[key] === null) return undefined
  const type = key.slice(name.length)
  return { type: complex.has(type) ? type : type.charAt(0).toLowerCase() + type.slice(1), value: node[key] }
}

const complex = new Set(['Attachment', 'Coding', 'Quantity', 'Reference', 'CodeableConcept', 'Expression'])

const BASE = 'http://hl7.org/fhir/StructureDefinition/'
const SDC = 'http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-'

/** Extensions of items that say what an answer may be. */
const extensions = {
  minValue: `${BASE}minValue`,
  maxValue: `${BASE}maxValue`,
  minLength: `${BASE}minLength`,
  maxDecimalPlaces: `${BASE}maxDecimalPlaces`,
  mimeType: `${BASE}mimeType`,
  maxSize: `${BASE}maxSize`,
  regex: `${BASE}regex`,
  entryFormat: `${BASE}entryFormat`,
  minOccurs: `${BASE}questionnaire-minOccurs`,
  maxOccurs: `${BASE}questionnaire-maxOccurs`,
  unitOption: `${BASE}questionnaire-unitOption`,
  unitValueSet: `${BASE}questionnaire-unitValueSet`,
  referenceResource: `${BASE}questionnaire-referenceResource`,
  optionExclusive: `${BASE}questionnaire-optionExclusive`,
  minQuantity: `${SDC}minQuantity`,
  maxQuantity: `${SDC}maxQuantity`,
  enableWhenExpression: `${SDC}enableWhenExpression`,
}

export function extensionsOf(node: Json, name: keyof typeof extensions): Value[] {
  return objects(node.extension).flatMap((one) => (one.url === extensions[name] ? (choiceOf(one) ?? []) : []))
}

export const extensionOf = (node: Json, name: keyof typeof extensions) => extensionsOf(node, name)[0]

/** The number in an extension, where there is one. */
export function numberOf(node: Json, name: keyof typeof extensions): number | undefined {
  const value = extensionOf(node, name)?.value
  return typeof value === 'number' ? value : undefined
}

import { isResourceType } from '../../definitions.js'
import { matcher } from '../../fhirpath/compiled/regex.js'
import { order } from '../../fhirpath/equality.js'
import { itemOf } from '../../fhirpath/item.js'
import { type Decimal, decimalText, isDecimal } from '../../json.js'
import { UCUM } from '../../ucum.js'
import type { Json, Message } from '../rule.js'
import type { Given } from './given.js'
import { extensionOf, extensionsOf, numberOf, type Value } from './items.js'
import { messages } from './messages.js'
import { checkOptions } from './options.js'

type Check = (given: Given) => void

interface Kind {
  readonly types: readonly string[]
  readonly checks: readonly Check[]
}

const range = bounds('minValue', 'maxValue')
const quantityRange = bounds('minQuantity', 'maxQuantity')
const optionTypes = ['Coding', 'date', 'time', 'integer', 'string']

/** What answers a question takes, by its type; https://hl7.org/fhir/R4/valueset-item-type.html */
export const kinds: Readonly<Record<string, Kind>> = {
  boolean: { types: ['boolean'], checks: [] },
  decimal: { types: ['decimal'], checks: [range, decimalPlaces, checkOptions] },
  integer: { types: ['integer'], checks: [range, checkOptions] },
  date: { types: ['date'], checks: [range, checkOptions] },
  dateTime: { types: ['dateTime'], checks: [range, checkOptions] },
  time: { types: ['time'], checks: [range, checkOptions] },
  string: { types: ['string'], checks: [lengths, form, oneLine, checkOptions] },
  text: { types: ['string'], checks: [lengths, form] },
  url: { types: ['uri'], checks: [] },
  choice: { types: optionTypes, checks: [checkOptions] },
  'open-choice': { types: optionTypes, checks: [checkOptions] },
  attachment: { types: ['Attachment'], checks: [mimeType, size] },
  reference: { types: ['Reference'], checks: [target] },
  quantity: { types: ['Quantity'], checks: [quantityRange, decimalPlaces, unit] },
}

/** Of an item type that takes answers. */
export function checkAnswer(given: Given, { types, checks }: Kind): void {
  if (!types.includes(given.type)) {
    given.say(messages.type, () => `must be of type ${types.join(' or ')}, not ${given.type}`)
    return
  }
  for (const check of checks) check(given)
}

// ── Amounts ────────────────────────────────────────────────────────────────────────────────────────────────────────

function bounds(least: 'minValue' | 'minQuantity', greatest: 'maxValue' | 'maxQuantity'): Check {
  return (given) => {
    const [low, high] = [extensionOf(given.item, least), extensionOf(given.item, greatest)]
    if (low) checkBound(given, low, messages.least, 'least', (order) => order >= 0)
    if (high) checkBound(given, high, messages.greatest, 'greatest', (order) => order <= 0)
  }
}

function checkBound(
  { type, value, say }: Given,
  bound: Value,
  message: Message,
  what: string,
  holds: (order: number) => boolean,
): void {
  if (type === 'Quantity' && !(isCoded(value as Json) && isCoded(bound.value as Json))) {
    say(messages.incomparable, () => `cannot be compared with the ${what} allowed, as one of them has no coded unit`)
    return
  }
  const relation = order(itemOf(value, type), itemOf(bound.value, bound.type))
  if (typeof relation === 'number') {
    if (!holds(relation)) say(message, () => `is beyond the ${what} allowed, ${shown(bound)}`)
  } else if (type === 'Quantity') {
    say(messages.incomparable, () => `cannot be compared with the ${what} allowed, ${shown(bound)}`)
  }
}

const isCoded = ({ system, code }: Json) => system !== undefined && code !== undefined

function shown({ type, value }: Value): string {
  if (type !== 'Quantity') return isDecimal(value) ? decimalText(value) : String(value)
  const { value: amount, code, system } = value as Json
  return `${isDecimal(amount) ? decimalText(amount) : '?'} ${code}${system === UCUM ? '' : ` of ${system}`}`
}

function decimalPlaces({ type, value, item, say }: Given): void {
  const most = numberOf(item, 'maxDecimalPlaces')
  const number = type === 'Quantity' ? (value as Json).value : value
  if (most === undefined || !isDecimal(number)) return
  const places = decimalText(number as Decimal).split('.')[1]?.length ?? 0
  if (places > most) say(messages.decimals, () => `has ${places} decimal places; ${most} are allowed`)
}

function unit({ value, item, at, say }: Given): void {
  const { system, code, unit } = value as Json
  const options = extensionsOf(item, 'unitOption').map((option) => option.value as Json)
  const isOption = (option: Json) =>
    (option.system === undefined || option.system === system) &&
    (option.code === undefined || option.code === code) &&
    (option.display === undefined || option.display === unit)
  if (options.length > 0 && !options.some(isOption)) {
    const names = options.map((option) => option.code ?? option.display).join(', ')
    say(messages.unit, () => `has a unit that is not allowed; allowed are ${names}`)
  }
  const valueSet = extensionOf(item, 'unitValueSet')?.value
  if (typeof valueSet !== 'string' || typeof code !== 'string') return
  const answer = at.member({ valueSet, code, ...(typeof system === 'string' && { system }) })
  if (answer?.isIn === false) say(messages.unit, () => `has a unit that is not in ${valueSet}`)
}

// ── Texts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

function lengths({ value, item, say }: Given): void {
  if (typeof value !== 'string') return
  const [least, most] = [numberOf(item, 'minLength'), item.maxLength]
  if (least !== undefined && value.length < least) {
    say(messages.shortest, () => `has ${value.length} characters; ${least} are needed`)
  }
  if (typeof most === 'number' && value.length > most) {
    say(messages.longest, () => `has ${value.length} characters; ${most} are allowed`)
  }
}

function form({ value, item, at, say }: Given): void {
  const regex = extensionOf(item, 'regex')?.value
  if (typeof regex !== 'string' || typeof value !== 'string') return
  const format = extensionOf(item, 'entryFormat')?.value
  try {
    if (matcher(`^(?:${regex})$`)(value, at.limits)) return
    say(messages.regex, () => `must be of the form ${typeof format === 'string' ? format : regex}`)
  } catch {
    say(
      messages.badRegex,
      () => 'could not be checked: the regular expression of the question is wrong or too costly',
      {
        severity: 'warning',
      },
    )
  }
}

function oneLine({ value, say }: Given): void {
  if (typeof value === 'string' && /[\r\n]/.test(value)) {
    say(messages.lines, () => 'should be one line, as the question is of type string', { severity: 'warning' })
  }
}

// ── What stands elsewhere ──────────────────────────────────────────────────────────────────────────────────────────

function mimeType({ value, item, say }: Given): void {
  const allowed = extensionsOf(item, 'mimeType').map((one) => String(one.value))
  if (allowed.length === 0) return
  const { contentType } = value as Json
  if (typeof contentType === 'string' && allowed.some((one) => contentType.startsWith(one))) return
  say(messages.mimeType, () => `must be of type ${allowed.join(' or ')}`, { whole: true })
}

function size({ value, item, say }: Given): void {
  const { data } = value as Json
  const most = extensionOf(item, 'maxSize')?.value
  if (typeof data !== 'string' || !isDecimal(most)) return
  const bytes = Buffer.byteLength(data.replace(/\s/g, ''), 'base64')
  const allowed = Number(decimalText(most))
  if (bytes > allowed) say(messages.size, () => `has ${bytes} bytes; ${allowed} are allowed`, { whole: true })
}

function target({ value, item, say }: Given): void {
  const { reference } = value as Json
  if (typeof reference !== 'string' || reference.startsWith('#') || reference.startsWith('urn:')) return
  const type = reference.split('/_history/')[0]!.split('/').at(-2)
  const allowed = extensionsOf(item, 'referenceResource').map((one) => String(one.value))
  if (allowed.length > 0 && !(type !== undefined && allowed.includes(type))) {
    say(messages.target, () => `must refer to ${allowed.join(' or ')}`)
  } else if (type !== undefined && /^[A-Z]\w*$/.test(type) && !isResourceType(type)) {
    say(messages.target, () => 'refers to a type that R4 does not have')
  }
}

import { integerItem } from '../arithmetic.js'
import { ExactDecimal } from '../exact-decimal.js'
import { bool, decimal, type Item, quantity, temporal, text } from '../item.js'
import { asString, singleValue } from '../operands.js'
import { Quantity } from '../quantity.js'
import type { Call, FunctionDefinition, Functions } from '../scope.js'
import { Temporal } from '../temporal.js'

type Conversion = (value: unknown, call: Call) => Item | undefined

const truths = new Map([
  ...['true', 't', 'yes', 'y', '1', '1.0'].map((word) => [word, true] as const),
  ...['false', 'f', 'no', 'n', '0', '0.0'].map((word) => [word, false] as const),
])

const ONE = ExactDecimal.from(1n)
const ZERO = ExactDecimal.from(0n)

function toBoolean(value: unknown): Item | undefined {
  if (typeof value === 'boolean') return bool(value)
  const word = value instanceof ExactDecimal ? value.trimmed().toString() : value
  const truth = typeof word === 'string' ? truths.get(word.toLowerCase()) : undefined
  return truth === undefined ? undefined : bool(truth)
}

function toInteger(value: unknown): Item | undefined {
  if (typeof value === 'boolean') return { type: 'System.Integer', value: value ? ONE : ZERO }
  const number = typeof value === 'string' && /^[+-]?\d+$/.test(value) ? ExactDecimal.parse(value) : value
  return number instanceof ExactDecimal && number.scale === 0 ? integerItem(number) : undefined
}

function toDecimal(value: unknown): Item | undefined {
  if (typeof value === 'boolean') return decimal(value ? ONE : ZERO)
  const number = typeof value === 'string' && /^[+-]?\d+(?:\.\d+)?$/.test(value) ? ExactDecimal.parse(value) : value
  return number instanceof ExactDecimal ? decimal(number) : undefined
}

const toText: Conversion = (value) =>
  typeof value === 'object' && !isPrintable(value) ? undefined : text(String(value))

const isPrintable = (value: unknown) =>
  value instanceof ExactDecimal || value instanceof Temporal || value instanceof Quantity

function toDate(value: unknown): Item | undefined {
  if (value instanceof Temporal) return value.type === 'Time' ? undefined : temporal(value.date)
  // The time, where there is one, is left behind, but must be one.
  const parsed = typeof value === 'string' ? Temporal.parse('DateTime', value) : undefined
  return parsed && temporal(parsed.date)
}

function toDateTime(value: unknown): Item | undefined {
  if (value instanceof Temporal && value.type === 'Date') return temporal(new Temporal('DateTime', value.fields))
  const moment = typeof value === 'string' ? Temporal.parse('DateTime', value) : value
  return moment instanceof Temporal && moment.type === 'DateTime' ? temporal(moment) : undefined
}

function toTime(value: unknown): Item | undefined {
  const time = typeof value === 'string' ? Temporal.parse('Time', value.replace(/^T/, '')) : value
  return time instanceof Temporal && time.type === 'Time' ? temporal(time) : undefined
}

/** In the unit that was asked for, if it converts into that. */
function toQuantity(value: unknown, call: Call): Item | undefined {
  const found =
    value instanceof Quantity
      ? value
      : typeof value === 'string'
        ? Quantity.parse(value)
        : value instanceof ExactDecimal
          ? new Quantity(value, '1')
          : typeof value === 'boolean'
            ? new Quantity(value ? ONE : ZERO, '1')
            : undefined
  const unit = asString(call.argument(0), `The unit of ${call.node.name}()`)
  if (!found || unit === undefined) return found && quantity(found)
  const converted = found.inUnit(unit, false)
  return converted && quantity(new Quantity(converted, unit))
}

/** `toX()` and `convertsToX()`. */
function pair(type: string, convert: Conversion, most = 0): [string, FunctionDefinition][] {
  const converted = (call: Call) => {
    const item = singleValue(call.input, `What ${call.node.name}() is given`)
    return { item, result: item && convert(item.value, call) }
  }
  const to: FunctionDefinition = {
    arity: [0, most],
    returns: `System.${type}`,
    run: (call) => {
      const { result } = converted(call)
      return result ? [result] : []
    },
  }
  const convertsTo: FunctionDefinition = {
    arity: [0, most],
    returns: 'System.Boolean',
    run: (call) => {
      const { item, result } = converted(call)
      return item ? [bool(result !== undefined)] : []
    },
  }
  return [
    [`to${type}`, to],
    [`convertsTo${type}`, convertsTo],
  ]
}

/** https://hl7.org/fhirpath/N1/#conversion */
export const conversion: Functions = Object.fromEntries([
  ...pair('Boolean', toBoolean),
  ...pair('Integer', toInteger),
  ...pair('Decimal', toDecimal),
  ...pair('String', toText),
  ...pair('Date', toDate),
  ...pair('DateTime', toDateTime),
  ...pair('Time', toTime),
  ...pair('Quantity', toQuantity, 1),
])

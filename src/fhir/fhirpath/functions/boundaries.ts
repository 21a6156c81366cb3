import { Invalid } from '../../../base/errors.js'
import { ExactDecimal } from '../exact-decimal.js'
import { bool, decimal, type Item, integer, quantity, temporal } from '../item.js'
import { asInteger, described, singleValue } from '../operands.js'
import { Quantity } from '../quantity.js'
import type { Call, FunctionDefinition, Functions } from '../scope.js'
import { daysIn, HOUR, OFFSETS, Temporal } from '../temporal.js'

type Side = 'low' | 'high'

const DEFAULT_DIGITS = 8
const MOST_DIGITS = 31

/** Digits that a date or time has up to each of its fields: `2014-01` has 6, `10:30` has 4. */
const digitsOf = { Date: [4, 6, 8], DateTime: [4, 6, 8, 10, 12, 14, 17], Time: [2, 4, 6, 9] }

/** Fields that stand before the first that a type writes. */
const unwritten = ({ type }: Temporal) => (type === 'Time' ? HOUR : 0)

function precisionOf(value: unknown): number | undefined {
  if (value instanceof ExactDecimal) return value.scale
  return value instanceof Temporal ? digitsOf[value.type][value.fields.length - unwritten(value) - 1] : undefined
}

/** Half of the last digit lower or higher, cut to the precision away from the value. */
function ofDecimal(value: ExactDecimal, side: Side, digits = DEFAULT_DIGITS): ExactDecimal | undefined {
  if (digits < 0 || digits > MOST_DIGITS) return undefined
  const half = ExactDecimal.from(5n, value.scale + 1)
  return side === 'low' ? value.minus(half)?.rounded(digits, 'floor') : value.plus(half)?.rounded(digits, 'ceiling')
}

/** What is not known is the first or last there is; an offset that is not told is the easternmost or westernmost. */
function ofTemporal(value: Temporal, side: Side, digits: number | undefined): Temporal | undefined {
  const written = digitsOf[value.type]
  const count = written.indexOf(digits ?? written.at(-1)!) + 1
  if (count === 0) return undefined
  const fields = value.fields.slice(0, count + unwritten(value))
  while (fields.length < count + unwritten(value)) fields.push(bound(fields, side))
  const hasTime = value.type === 'DateTime' && fields.length > HOUR
  const offset = value.offset ?? (side === 'low' ? OFFSETS.greatest : OFFSETS.least)
  return value.with(fields, hasTime ? offset : undefined)
}

function bound(fields: readonly number[], side: Side): number {
  if (side === 'low') return fields.length < HOUR ? 1 : 0
  return [0, 12, fields.length === 2 ? daysIn(fields[0]!, fields[1]!) : 0, 23, 59, 59, 999][fields.length]!
}

const boundary = (side: Side): FunctionDefinition => ({
  arity: [0, 1],
  run: (call) => {
    const item = given(call)
    if (!item) return []
    const digits = asInteger(call.argument(0), `The precision of ${call.node.name}()`)
    const { value } = item
    if (value instanceof ExactDecimal) return one(ofDecimal(value, side, digits), decimal)
    if (value instanceof Temporal) return one(ofTemporal(value, side, digits), temporal)
    if (value instanceof Quantity) {
      return one(ofDecimal(value.value, side, digits), (bound) => quantity(new Quantity(bound, value.unit)))
    }
    throw new Invalid(`${call.node.name}() is asked of ${described(item)}, which is no number, quantity, date or time`)
  },
})

const given = ({ input, node }: Call) => singleValue(input, `What ${node.name}() is given`)
const one = <T>(value: T | undefined, item: (value: T) => Item) => (value === undefined ? [] : [item(value)])

/** https://hl7.org/fhirpath/#lowboundaryprecision-integer-decimal--date--datetime--time */
export const boundaries: Functions = {
  lowBoundary: boundary('low'),
  highBoundary: boundary('high'),
  precision: {
    arity: [0, 0],
    returns: 'System.Integer',
    run: (call) => one(precisionOf(given(call)?.value), integer),
  },
  comparable: {
    arity: [1, 1],
    returns: 'System.Boolean',
    run: (call) => {
      const [one, other] = [given(call)?.value, singleValue(call.argument(0), 'What it is compared with')?.value]
      return one instanceof Quantity && other instanceof Quantity ? [bool(one.isComparable(other))] : []
    },
  },
}

import { Invalid } from '../../base/errors.js'
import { ExactDecimal } from './exact-decimal.js'
import { decimal, type Item, quantity, temporal, text } from './item.js'
import { described } from './operands.js'
import { calendarMs, calendarRatio, calendarUnit, fixedCalendarUnit, Quantity } from './quantity.js'
import { type Field, Temporal } from './temporal.js'

type Arithmetic = '+' | '-' | '*' | '/' | 'div' | 'mod'

const LARGEST_INTEGER = ExactDecimal.from(2n ** 31n - 1n)
const SMALLEST_INTEGER = ExactDecimal.from(-(2n ** 31n))

/** A whole number as an Integer; undefined when it needs more than 32 bits. */
export function integerItem(value: ExactDecimal): Item | undefined {
  const fits = value.compare(LARGEST_INTEGER) <= 0 && value.compare(SMALLEST_INTEGER) >= 0
  return fits ? { type: 'System.Integer', value: value.rounded(0) } : undefined
}

/**
 * Two System values reckoned together. https://hl7.org/fhirpath/N1/#math
 *
 * @returns undefined on overflow, division by zero, and for units that do not go together
 * @throws Invalid  the operator has no meaning for these types
 */
export function calculate(operator: Arithmetic, left: Item, right: Item): Item | undefined {
  const [a, b] = [left.value, right.value]
  if (a instanceof ExactDecimal && b instanceof ExactDecimal) {
    const result = ofNumbers[operator](a, b)
    const isInteger =
      operator === 'div' || (operator !== '/' && left.type === right.type && left.type === 'System.Integer')
    return result && (isInteger ? integerItem(result) : decimal(result))
  }
  if (typeof a === 'string' && typeof b === 'string' && operator === '+') return text(a + b)
  if (a instanceof Temporal && b instanceof Quantity && (operator === '+' || operator === '-')) {
    const moved = movedBy(a, operator === '+' ? b : b.negated())
    return moved && temporal(moved)
  }
  const quantities = [asQuantity(a, operator), asQuantity(b, operator)] as const
  if (quantities[0] && quantities[1]) {
    const result = ofQuantities[operator]?.(quantities[0], quantities[1])
    if (ofQuantities[operator]) return result && quantity(result)
  }
  throw new Invalid(`'${operator}' has no meaning for ${described(left)} and ${described(right)}`)
}

const ofNumbers: Record<Arithmetic, (a: ExactDecimal, b: ExactDecimal) => ExactDecimal | undefined> = {
  '+': (a, b) => a.plus(b),
  '-': (a, b) => a.minus(b),
  '*': (a, b) => a.times(b),
  '/': (a, b) => a.dividedBy(b),
  div: (a, b) => a.wholeTimes(b),
  mod: (a, b) => a.remainder(b),
}

const ofQuantities: Partial<Record<Arithmetic, (a: Quantity, b: Quantity) => Quantity | undefined>> = {
  '+': (a, b) => a.plus(b),
  '-': (a, b) => a.plus(b.negated()),
  '*': (a, b) => a.times(b),
  '/': (a, b) => a.dividedBy(b),
}

/** A number is a quantity without a unit. */
function asQuantity(value: unknown, operator: Arithmetic): Quantity | undefined {
  if (value instanceof Quantity) return value
  return value instanceof ExactDecimal && operator !== 'div' && operator !== 'mod'
    ? new Quantity(value, '1')
    : undefined
}

/**
 * A date or time moved by a duration, which is first made whole in the unit it is added in: that of the last field
 * that is known when it is finer than that. https://hl7.org/fhirpath/N1/#datetime-arithmetic
 *
 * @throws Invalid  the unit is no duration, or a UCUM year or month, which are averages
 */
function movedBy(start: Temporal, { value, unit }: Quantity): Temporal | undefined {
  const word = calendarUnit(unit) ?? fixedCalendarUnit(unit)
  if (!word) {
    const instead = unit === 'a' ? '; write year' : unit === 'mo' ? '; write month' : ''
    throw new Invalid(`A date or time can be moved by a calendar's unit such as 1 day, not by '${unit}'${instead}`)
  }
  if (start.type === 'Time' && calendarMs[word] > calendarMs.hour) {
    throw new Invalid(`A time of day can be moved by hours or less, not by a ${word}`)
  }
  const finest = start.precision
  if (calendarMs[word] < calendarMs[finest] && !(finest === 'second' && word === 'millisecond')) {
    return whole(calendarRatio(value, word, finest), (amount) => start.plus(amount, finest))
  }
  if (word === 'week') return whole(value, (weeks) => start.plus(weeks * 7, 'day'))
  const isFraction = word === 'second' && !value.isInteger
  const unitOfStep: Field = isFraction ? 'millisecond' : word
  return whole(isFraction ? value.times(ExactDecimal.from(1000n)) : value, (amount) => start.plus(amount, unitOfStep))
}

function whole<T>(value: ExactDecimal | undefined, then: (amount: number) => T): T | undefined {
  return value && then(value.rounded(0, 'down').toNumber())
}

import { ExactDecimal } from './exact-decimal.js'
import type { Field } from './temporal.js'
import { convertUnit } from './units.js'

/** An amount of a unit: a UCUM code, `1` for none, or a word such as `days`. https://hl7.org/fhirpath/N1/#quantity */
export class Quantity {
  constructor(
    readonly value: ExactDecimal,
    readonly unit: string,
  ) {}

  /** @param text  `4 days`, `1.50 'mg'`, `-3` */
  static parse(text: string): Quantity | undefined {
    const [, number = '', code, word] = /^([+-]?\d+(?:\.\d+)?)\s*(?:'([^']+)'|([a-z]+))?$/.exec(text) ?? []
    const value = ExactDecimal.parse(number)
    if (!value || (word !== undefined && !calendarUnit(word))) return undefined
    return new Quantity(value, code ?? word ?? '1')
  }

  /**
   * How it stands to another: below 0, 0, above 0, or undefined when the units do not compare. A calendar's month or
   * year does not compare with a UCUM unit, as it has no fixed length.
   */
  compare(other: Quantity): number | undefined {
    const converted = other.inUnit(this.unit, false)
    return converted && this.value.compare(converted)
  }

  /** The same to the digits of the less precise; a `year` is then UCUM's `a`. */
  isEquivalent(other: Quantity): boolean {
    const one = new Quantity(ExactDecimal.from(1n), this.unit).inUnit(other.unit, true)
    if (!one) return false
    // In the larger unit, where 4040 mg are 4.04 g: the digits of 4 g say nothing of milligrams.
    if (one.compare(ExactDecimal.from(1n)) < 0) return other.isEquivalent(this)
    const converted = other.inUnit(this.unit, true)
    if (!converted) return false
    const scale = Math.min(this.value.trimmed().scale, converted.trimmed().scale)
    return this.value.rounded(scale).compare(converted.rounded(scale)) === 0
  }

  isComparable(other: Quantity): boolean {
    return other.inUnit(this.unit, true) !== undefined
  }

  plus(other: Quantity): Quantity | undefined {
    const converted = other.inUnit(this.unit, false)
    const sum = converted && this.value.plus(converted)
    return sum && new Quantity(sum, this.unit)
  }

  negated(): Quantity {
    return new Quantity(this.value.negated(), this.unit)
  }

  times(other: Quantity): Quantity | undefined {
    const product = this.value.times(other.value)
    const [left, right] = [ucumCode(this.unit), ucumCode(other.unit)]
    const unit = left === '1' ? right : right === '1' ? left : `${factor(left)}.${factor(right)}`
    return product && new Quantity(product, unit)
  }

  dividedBy(other: Quantity): Quantity | undefined {
    const [left, right] = [ucumCode(this.unit), ucumCode(other.unit)]
    const inSameUnit = other.inUnit(this.unit, true)
    const quotient = this.value.dividedBy(inSameUnit ?? other.value)
    const unit = inSameUnit ? '1' : right === '1' ? left : `${factor(left)}/${factor(right)}`
    return quotient && new Quantity(quotient, unit)
  }

  /** `4 days`, `1.50 'mg'` */
  toString(): string {
    return `${this.value} ${calendarUnit(this.unit) ? this.unit : `'${this.unit}'`}`
  }

  /** @returns undefined where it cannot be said in that unit; @param loosely  years and months have UCUM's length */
  inUnit(unit: string, loosely: boolean): ExactDecimal | undefined {
    if (this.unit === unit) return this.value
    const [from, to] = [calendarUnit(this.unit), calendarUnit(unit)]
    if (from && to) return calendarRatio(this.value, from, to)
    const isOpenEnded = (field: Field | 'week' | undefined) => field === 'year' || field === 'month'
    if (!loosely && (isOpenEnded(from) || isOpenEnded(to))) return undefined
    const converted = convertUnit(this.value.toNumber(), ucumCode(this.unit), ucumCode(unit))
    return converted === undefined ? undefined : ExactDecimal.of(converted)
  }
}

/** `g/m` in a product needs brackets. */
const factor = (unit: string) => (/[./]/.test(unit) ? `(${unit})` : unit)

type CalendarUnit = Field | 'week'

const ucumCodes: Record<CalendarUnit, string> = {
  year: 'a',
  month: 'mo',
  week: 'wk',
  day: 'd',
  hour: 'h',
  minute: 'min',
  second: 's',
  millisecond: 'ms',
}

/** `day` for `day` and `days`. */
export function calendarUnit(word: string): CalendarUnit | undefined {
  const singular = word.endsWith('s') ? word.slice(0, -1) : word
  return Object.hasOwn(ucumCodes, singular) ? (singular as CalendarUnit) : undefined
}

const calendarOf = new Map(Object.entries(ucumCodes).map(([word, code]) => [code, word as CalendarUnit]))

/** The calendar's unit for a UCUM code of fixed length; `a` and `mo` are averages, which no calendar has. */
export function fixedCalendarUnit(code: string): CalendarUnit | undefined {
  return code === 'a' || code === 'mo' ? undefined : calendarOf.get(code)
}

const ucumCode = (unit: string) => {
  const word = calendarUnit(unit)
  return word ? ucumCodes[word] : unit
}

const SECOND = 1000
const DAY = 86_400 * SECOND

/** Milliseconds of each unit; a year is 365 days and a month 30 wherever days are made of them. */
export const calendarMs: Record<CalendarUnit, number> = {
  year: 365 * DAY,
  month: 30 * DAY,
  week: 7 * DAY,
  day: DAY,
  hour: 3600 * SECOND,
  minute: 60 * SECOND,
  second: SECOND,
  millisecond: 1,
}

/** https://hl7.org/fhirpath/N1/#time-valued-quantities: a year is 12 months or 365 days, a month 30 days. */
export function calendarRatio(value: ExactDecimal, from: CalendarUnit, to: CalendarUnit): ExactDecimal | undefined {
  if (from === to) return value
  if (from === 'year' && to === 'month') return value.times(ExactDecimal.from(12n))
  if (from === 'month' && to === 'year') return value.dividedBy(ExactDecimal.from(12n))
  const [numerator, denominator] = [calendarMs[from], calendarMs[to]]
  return value.times(ExactDecimal.from(BigInt(numerator)))?.dividedBy(ExactDecimal.from(BigInt(denominator)))
}

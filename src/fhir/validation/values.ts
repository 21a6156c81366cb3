import { convertUnit } from '../fhirpath/units.js'
import { decimalText, isDecimal, toNumber } from '../json.js'
import { UCUM } from '../ucum.js'
import { messages } from './messages.js'
import { isObject } from './objects.js'
import type { Json, Message } from './rule.js'
import { walk } from './walk.js'

/** Whether a value is exactly another one: every property, every item in its order. */
export function isSame(value: unknown, fixed: unknown): boolean {
  if (isDecimal(value) && isDecimal(fixed)) return toNumber(value) === toNumber(fixed)
  if (Array.isArray(fixed))
    return Array.isArray(value) && value.length === fixed.length && fixed.every((item, i) => isSame(value[i], item))
  if (!isObject(fixed)) return value === fixed
  if (!isObject(value)) return false
  const keys = Object.keys(fixed)
  return keys.length === Object.keys(value).length && keys.every((key) => isSame(value[key], fixed[key]))
}

/** Whether a value has everything that a pattern has; each item of a list must be found in some place. */
export function hasPattern(value: unknown, pattern: unknown): boolean {
  if (isDecimal(value) && isDecimal(pattern)) return toNumber(value) === toNumber(pattern)
  if (Array.isArray(pattern))
    return Array.isArray(value) && pattern.every((item) => value.some((one) => hasPattern(one, item)))
  if (!isObject(pattern)) return value === pattern
  return isObject(value) && Object.keys(pattern).every((key) => hasPattern(value[key], pattern[key]))
}

export const isExactly = (value: unknown, { value: wanted, isPattern }: { value: unknown; isPattern: boolean }) =>
  isPattern ? hasPattern(value, wanted) : isSame(value, wanted)

/** Reports, at the parts that differ, where a value is not what it is fixed to. */
export function checkFixed(value: unknown, fixed: unknown, below = ''): void {
  if (isSame(value, fixed)) return
  if (isObject(value) && isObject(fixed)) {
    for (const key of new Set([...Object.keys(fixed), ...Object.keys(value)])) {
      const at = `${below}.${key.replace(/^_/, '')}`
      if (!(key in fixed)) walk.report(messages.fixedMissing, () => 'is not in the fixed value', { below: at })
      else if (!(key in value)) reportFixed(undefined, fixed[key], at)
      else checkFixed(value[key], fixed[key], at)
    }
  } else if (Array.isArray(value) && Array.isArray(fixed) && value.length === fixed.length) {
    for (const [i, item] of fixed.entries()) checkFixed(value[i], item, `${below}[${i}]`)
  } else reportFixed(value, fixed, below)
}

const reportFixed = (value: unknown, fixed: unknown, below: string) =>
  walk.report(
    messages.fixed,
    () => `must be ${shown(fixed)}; found ${value === undefined ? 'nothing' : 'another value'}`,
    {
      below,
    },
  )

/** Reports, at the parts that differ, what of a pattern a value does not have. */
export function checkPattern(value: unknown, pattern: unknown, below = ''): void {
  if (hasPattern(value, pattern)) return
  if (isObject(value) && isObject(pattern)) {
    for (const key in pattern) {
      if (Array.isArray(pattern[key]) || value[key] === undefined) {
        if (!hasPattern(value[key], pattern[key])) reportPattern(pattern, below)
      } else checkPattern(value[key], pattern[key], `${below}.${key.replace(/^_/, '')}`)
    }
  } else reportPattern(pattern, below)
}

const reportPattern = (pattern: unknown, below: string) =>
  walk.report(messages.pattern, () => `must have ${shown(pattern)}`, { below })

/** What a definition says is no secret. */
function shown(value: unknown): string {
  if (isDecimal(value)) return decimalText(value)
  if (typeof value === 'string') return `'${value}'`
  const text = JSON.stringify(value)
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

// ── Bounds ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Below zero when the first is less, above when it is more; undefined when they cannot be compared, such as 2024 and
 * 2024-05, or quantities of different units.
 */
export function compare(a: unknown, b: unknown): number | undefined {
  if (isDecimal(a) && isDecimal(b)) return toNumber(a) - toNumber(b)
  if (typeof a === 'string' && typeof b === 'string') return compareTimes(a, b)
  if (isObject(a) && isObject(b)) return compareQuantities(a, b)
  return undefined
}

function compareTimes(a: string, b: string): number | undefined {
  if (a.length > 10 && b.length > 10) {
    const [first, second] = [Date.parse(a), Date.parse(b)]
    if (!Number.isNaN(first) && !Number.isNaN(second)) return first - second
  }
  const length = Math.min(a.length, b.length)
  const [first, second] = [a.slice(0, length), b.slice(0, length)]
  if (first === second) return a.length === b.length ? 0 : undefined
  return first < second ? -1 : 1
}

function compareQuantities(a: Json, b: Json): number | undefined {
  if (!isDecimal(a.value) || !isDecimal(b.value)) return undefined
  const [first, second] = [toNumber(a.value), toNumber(b.value)]
  const isSameUnit = a.code === undefined && b.code === undefined ? a.unit === b.unit : a.code === b.code
  if (isSameUnit) return (a.system ?? b.system) === (b.system ?? a.system) ? first - second : undefined
  if (a.system !== UCUM || b.system !== UCUM) return undefined
  const converted = convertUnit(second, String(b.code), String(a.code))
  return converted === undefined ? undefined : first - converted
}

export function checkMinimum(value: unknown, least: unknown, type: string): void {
  const order = compare(value, limitOf(least, type, -1))
  if (order === undefined) reportIncomparable(messages.minValue, value, least)
  else if (order < 0)
    walk.report(messages.minValue, () =>
      isFromNow(least, type) ? `must not be earlier than ${bound(least)} ago` : `must not be less than ${bound(least)}`,
    )
}

export function checkMaximum(value: unknown, most: unknown, type: string): void {
  const order = compare(value, limitOf(most, type, 1))
  if (order === undefined) reportIncomparable(messages.maxValue, value, most)
  else if (order > 0)
    walk.report(messages.maxValue, () =>
      isFromNow(most, type) ? `must not be later than in ${bound(most)}` : `must not be more than ${bound(most)}`,
    )
}

/** A date that is less precise than its limit may be on either side of it; a quantity in another unit is nowhere. */
function reportIncomparable(message: Message, value: unknown, limit: unknown): void {
  if (isObject(value)) walk.report(message, () => `cannot be compared with ${bound(limit)}`, { severity: 'warning' })
}

const times = new Set(['date', 'dateTime', 'instant'])

/** Of a point in time a quantity is a limit from now: so long ago is the least, in so long the most. */
const isFromNow = (limit: unknown, type: string): limit is Json => isObject(limit) && times.has(type)

function limitOf(limit: unknown, type: string, direction: 1 | -1): unknown {
  if (!isFromNow(limit, type)) return limit
  const field = fields[String(limit.code ?? limit.unit)]
  if (!field || !isDecimal(limit.value)) return undefined
  const amount = toNumber(limit.value) * direction
  const then = new Date()
  if (typeof field === 'number') then.setTime(then.getTime() + amount * field)
  else if (field === 'year') then.setUTCFullYear(then.getUTCFullYear() + amount)
  else then.setUTCMonth(then.getUTCMonth() + amount)
  return type === 'date' ? then.toISOString().slice(0, 10) : then.toISOString()
}

const MINUTE = 60_000
/** UCUM units of time: calendar units, or milliseconds. */
const fields: Readonly<Record<string, 'year' | 'month' | number>> = {
  a: 'year',
  mo: 'month',
  wk: 7 * 24 * 60 * MINUTE,
  d: 24 * 60 * MINUTE,
  h: 60 * MINUTE,
  min: MINUTE,
  s: 1000,
}

const bound = (limit: unknown): string =>
  isObject(limit) && isDecimal(limit.value)
    ? `${decimalText(limit.value)} ${limit.unit ?? limit.code ?? ''}`.trim()
    : shown(limit).replaceAll("'", '')

export function checkLength(value: unknown, most: number): void {
  if (typeof value === 'string' && value.length > most)
    walk.report(messages.maxLength, () => `must not be longer than ${most} characters; found ${value.length}`)
}

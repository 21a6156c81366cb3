import { Invalid } from '../../base/errors.js'
import type { Comparison, Prefix, Range } from '../clause.js'

const PREFIXES: readonly Prefix[] = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']
const FORM = /^(?!0000)(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/

/** FHIR's calendar starts in the year 1; what is open towards the past starts there too. */
const FIRST = utc(1, 0, 1)

/** Splits `ge2013-03-14` at its prefix; no prefix is `eq`. */
export function prefixed(text: string): [Prefix, string] {
  const prefix = text.slice(0, 2) as Prefix
  return PREFIXES.includes(prefix) ? [prefix, text.slice(2)] : ['eq', text]
}

/**
 * The instants that a date, dateTime or instant stands for by its precision; without an offset it is UTC.
 * Fractions finer than a millisecond are cut.
 */
export function rangeOf(text: string): Range | undefined {
  const parts = FORM.exec(text)
  if (!parts) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone] = parts
  const y = Number(year)
  if (month === undefined) return [utc(y, 0, 1), utc(y + 1, 0, 1)]
  const m = Number(month) - 1
  if (day === undefined) return [utc(y, m, 1), utc(y, m + 1, 1)]
  const d = Number(day)
  if (hour === undefined) return [utc(y, m, d), utc(y, m, d + 1)]
  const ms = fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1000 + 1e-6)
  const time = (Number(hour) * 3600 + Number(minute) * 60 + Number(second ?? 0)) * 1000 + ms
  const lo = Math.max(utc(y, m, d) + time - offset(zone), FIRST)
  const width =
    second === undefined
      ? 60_000
      : fraction === undefined
        ? 1000
        : fraction.length >= 3
          ? 1
          : 10 ** (3 - fraction.length)
  return [lo, lo + width]
}

/** Date.UTC takes years below 100 as 19xx. */
function utc(year: number, month: number, day: number): number {
  if (year >= 100) return Date.UTC(year, month, day)
  return new Date(0).setUTCFullYear(year, month, day)
}

function offset(zone: string | undefined): number {
  if (!zone || zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6))
  return (zone[0] === '-' ? -minutes : minutes) * 60_000
}

interface Period {
  start?: string
  end?: string
}
interface Timing {
  event?: string[]
  repeat?: { boundsPeriod?: Period }
}

/** A Period without an end goes on forever; one without a start began before everything. */
function periodOf({ start, end }: Period): Range | undefined {
  if (!start && !end) return undefined
  const [first, last] = [start, end].map((text) => (text ? rangeOf(text) : undefined))
  return [first?.[0] ?? FIRST, last?.[1] ?? Infinity]
}

/** The outer limits of what is scheduled: https://hl7.org/fhir/R4/search.html#date */
function timingOf({ event = [], repeat }: Timing): Range | undefined {
  const ranges = event.map(rangeOf).filter((range) => range !== undefined)
  const bounds = repeat?.boundsPeriod && periodOf(repeat.boundsPeriod)
  if (bounds) ranges.push(bounds)
  if (!ranges.length) return undefined
  return [Math.min(...ranges.map(([lo]) => lo)), Math.max(...ranges.map(([, hi]) => hi))]
}

/** What a value puts into the index. */
export function indexed(value: unknown, type: string): Range | undefined {
  if (type === 'date' || type === 'dateTime' || type === 'instant') return rangeOf(value as string)
  if (type === 'Period') return periodOf(value as Period)
  if (type === 'Timing') return timingOf(value as Timing)
  return undefined
}

/** What a query asks: `ge2013-03-14`. `now` in milliseconds decides how wide `ap` is: a tenth of the distance to it. */
export function searched(text: string, parameter: string, now = Date.now()): Comparison<Range> {
  const [prefix, written] = prefixed(text)
  // `+01:00` whose plus sign was not escaped in the URL
  const date = written.replace(/ (?=\d\d:\d\d$)/, '+')
  const value = rangeOf(date)
  if (!value || !exists(date))
    throw new Invalid(
      `${parameter}: the value is not a date; right are 2013, 2013-03, 2013-03-14, 2013-03-14T10:00 or 2013-03-14T10:00:00+01:00, with a prefix (${PREFIXES.join(', ')}) if wanted`,
    )
  if (prefix !== 'ap') return { prefix, value }
  const margin = Math.abs(now - value[0]) / 10
  return { prefix, value: [Math.max(value[0] - margin, FIRST), value[1] + margin] }
}

/** Dates that are well formed and yet are not on the calendar: `2013-02-30`, `2013-13-01`, `T25:00`. */
function exists(text: string): boolean {
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00'] = FORM.exec(text)!
  const date = new Date(utc(Number(year), Number(month) - 1, Number(day)))
  return (
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) <= 60
  )
}

/** The fields of a date and time, from the widest; their position is their precision. */
export const fieldNames = ['year', 'month', 'day', 'hour', 'minute', 'second', 'millisecond'] as const
export type Field = (typeof fieldNames)[number]
export const HOUR = 3
const SECOND = 5

export type TemporalType = 'Date' | 'DateTime' | 'Time'

const form = {
  Date: /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/,
  DateTime: /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(?:(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?(Z|[+-]\d\d:\d\d)?)?)?)?)?$/,
  Time: /^(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?$/,
}

/** A local time of which the offset is not told lies between these, in minutes east of Greenwich. */
export const OFFSETS = { least: -12 * 60, greatest: 14 * 60 }
const MINUTE_MS = 60_000

/** A date, date and time, or time of day, as precise as it was written. https://hl7.org/fhirpath/N1/#date */
export class Temporal {
  constructor(
    readonly type: TemporalType,
    /** From the year on, as many as are known, the month from 1; a time of day has the first three all the same. */
    readonly fields: readonly number[],
    /** Minutes east of Greenwich, where it is told. */
    readonly offset?: number,
    /** Digits of the second's fraction. */
    readonly digits = 3,
  ) {}

  /** @returns undefined for what is no such literal, or no day of the calendar */
  static parse(type: TemporalType, text: string): Temporal | undefined {
    const found = form[type].exec(text)
    if (!found) return undefined
    const parts = type === 'Time' ? ['1970', '01', '01', ...found.slice(1, 5)] : found.slice(1, 8)
    const known = parts.filter((part) => part !== undefined)
    const fields = known.map((part, i) => (i === 6 ? Number(`0.${part}`) * 1000 : Number(part)))
    if (!isCalendar(fields)) return undefined
    const offset = offsetOf(found[8])
    if (offset !== undefined && Math.abs(offset) > OFFSETS.greatest) return undefined
    return new Temporal(type, fields, offset, known[6]?.length)
  }

  /** UTC, to the millisecond. */
  static at(instant: Date): Temporal {
    return new Temporal('DateTime', fieldsOf(instant), 0)
  }

  get precision(): Field {
    return fieldNames[this.fields.length - 1]!
  }

  /** The same day as a date, where the day is known. */
  get date(): Temporal {
    return new Temporal('Date', this.fields.slice(0, HOUR))
  }

  get time(): Temporal {
    return new Temporal('Time', [1970, 1, 1, ...this.fields.slice(HOUR)], undefined, this.digits)
  }

  /**
   * How it stands to another: below 0, 0, above 0, or undefined when the fields or the offset that one of them lacks
   * would decide. Seconds and milliseconds are one precision.
   */
  compare(other: Temporal): number | undefined {
    const areAnchored = (this.offset === undefined) === (other.offset === undefined)
    const [low, high] = this.interval(!areAnchored)
    const [otherLow, otherHigh] = other.interval(!areAnchored)
    if (high < otherLow) return -1
    if (low > otherHigh) return 1
    return low === otherLow && high === otherHigh ? 0 : undefined
  }

  /** First and last millisecond it may mean: UTC where an offset is told, else local; widened by all offsets if asked. */
  private interval(isOffsetOpen: boolean): [low: number, high: number] {
    const { fields, offset } = this
    const low = instantOf(fields)
    const isPoint = fields.length > SECOND
    const high = isPoint ? low : instantOf([...fields.slice(0, -1), fields.at(-1)! + 1]) - 1
    if (offset !== undefined) return [low - offset * MINUTE_MS, high - offset * MINUTE_MS]
    return isOffsetOpen ? [low - OFFSETS.greatest * MINUTE_MS, high - OFFSETS.least * MINUTE_MS] : [low, high]
  }

  /**
   * This moved by a whole number of units. Months keep the day where the month has it; a time of day goes round.
   * https://hl7.org/fhirpath/N1/#datetime-arithmetic
   *
   * @returns undefined beyond the years 1 to 9999
   */
  plus(amount: number, unit: Field): Temporal | undefined {
    const moved = this.moved(amount, unit)
    if (this.type === 'Time') return this.with([1970, 1, 1, ...moved.slice(HOUR)])
    return moved[0]! >= 1 && moved[0]! <= 9999 ? this.with(moved) : undefined
  }

  private moved(amount: number, unit: Field): number[] {
    const { fields } = this
    if (unit === 'year' || unit === 'month') {
      const [year, month = 1, day, ...rest] = fields as [number, ...number[]]
      const months = year * 12 + month - 1 + (unit === 'year' ? amount * 12 : amount)
      const moved = [Math.floor(months / 12), (((months % 12) + 12) % 12) + 1]
      if (day !== undefined) moved.push(Math.min(day, daysIn(moved[0]!, moved[1]!)), ...rest)
      return moved.slice(0, fields.length)
    }
    const fraction = (fields[6] ?? 0) % 1
    const at = new Date(instantOf(fields) - fraction + amount * unitMs[unit])
    const moved = Number.isNaN(at.getTime()) ? [Number.POSITIVE_INFINITY] : fieldsOf(at)
    if (fraction !== 0) moved[6]! += fraction
    // A fraction of a second makes seconds into milliseconds, which are of the same precision.
    const length = unit === 'millisecond' && moved[6] !== 0 ? Math.max(fields.length, 7) : fields.length
    return moved.slice(0, length)
  }

  with(fields: readonly number[], offset = this.offset): Temporal {
    return new Temporal(this.type, fields, offset, this.digits)
  }

  /** As FHIR writes it: `2015-02`, `2015-02-04T14:34:28.123+10:00`, `14:30` */
  toString(): string {
    const [year, month, day, hour, minute, second, millisecond] = this.fields
    const date = [pad(year!, 4), ...[month, day].filter(isKnown).map((field) => pad(field))].join('-')
    const time = [hour, minute, second]
      .filter(isKnown)
      .map((field) => pad(field))
      .join(':')
    const fraction =
      millisecond === undefined ? '' : `.${pad(Math.floor(millisecond * 10 ** (this.digits - 3)), this.digits)}`
    if (this.type === 'Time') return time + fraction
    return time === '' ? date : `${date}T${time}${fraction}${offsetText(this.offset)}`
  }
}

export const daysIn = (year: number, month: number) => new Date(instantOf([year, month + 1]) - 1).getUTCDate()

const unitMs = { day: 86_400_000, hour: 3_600_000, minute: MINUTE_MS, second: 1000, millisecond: 1 }

const isKnown = (field: number | undefined) => field !== undefined
const pad = (value: number, width = 2) => String(value).padStart(width, '0')

function isCalendar([year, month = 1, day = 1, hour = 0, minute = 0, second = 0]: number[]): boolean {
  if (year === 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year!, month)) return false
  return hour < 24 && minute < 60 && second <= 60 // a leap second
}

function offsetOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (text === 'Z') return 0
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(4))
  return text[0] === '-' ? -minutes : minutes
}

function offsetText(offset: number | undefined): string {
  if (offset === undefined) return ''
  if (offset === 0) return 'Z'
  const minutes = Math.abs(offset)
  return `${offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`
}

function instantOf([year, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0]: readonly number[]): number {
  const date = new Date(0)
  date.setUTCFullYear(year!, month - 1, day) // Date.UTC takes the year 14 for 1914
  date.setUTCHours(hour, minute, second)
  return date.getTime() + ms
}

function fieldsOf(at: Date): number[] {
  return [
    at.getUTCFullYear(),
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
    at.getUTCMilliseconds(),
  ]
}

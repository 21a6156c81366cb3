import { typeDefinition } from '../definitions.js'
import { isDecimal, toNumber } from '../json.js'
import { narrativeFault } from './narrative.js'

/** A primitive type in JSON; https://hl7.org/fhir/R4/datatypes.html#primitive */
export interface Primitive {
  accepts(value: unknown): boolean
  /** What is allowed, to follow "must be": `a date that exists, as YYYY, YYYY-MM or YYYY-MM-DD` */
  form: string
  /** What is wrong with a value that is not accepted, to follow "found", where more can be said than that. */
  fault?(value: unknown): string | undefined
}

const LONGEST = 1024 * 1024
const INT_MAX = 2 ** 31 - 1

// A lone surrogate has no UTF-8 form; of the control characters FHIR allows tab, CR and LF.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const unfit = /[\0-\x08\x0b\x0c\x0e-\x1f\p{Cs}]/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: \S has control characters
const withoutSpace = /^[^\s\0-\x1f\p{Cs}]+$/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: \S has control characters
const wordsApart = /^[^\s\0-\x1f\p{Cs}]+(?: [^\s\0-\x1f\p{Cs}]+)*$/u

const isText = (value: unknown) =>
  typeof value === 'string' && value.length > 0 && value.length <= LONGEST && !unfit.test(value)
const isUri = (value: unknown) => typeof value === 'string' && withoutSpace.test(value)

/** The lexical form that the standard gives the type. */
function asDefined(type: string): RegExp {
  return new RegExp(`^(?:${typeDefinition(type)!.regex})$`)
}

const matches = (form: RegExp) => (value: unknown) => typeof value === 'string' && form.test(value)

/** Has the form, and a day that its month has. */
const matchesCalendar = (form: RegExp) => (value: unknown) =>
  typeof value === 'string' && form.test(value) && (value.length < 10 || value.slice(8, 10) <= '28' || dayExists(value))

function dayExists(date: string): boolean {
  const year = Number(date.slice(0, 4))
  const month = Number(date.slice(5, 7))
  const february = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  const days = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]!
  return Number(date.slice(8, 10)) <= days
}

const integerFrom = (least: number) => (value: unknown) =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= INT_MAX

// Not a regex: on megabytes it would backtrack.
function isBase64(value: unknown): boolean {
  if (typeof value !== 'string') return false
  let digits = 0
  let padding = 0
  for (let i = 0; i < value.length; i++) {
    const char = value.charCodeAt(i)
    if (char === 32 || (char >= 9 && char <= 13)) continue
    const isDigit =
      (char >= 97 && char <= 122) ||
      (char >= 65 && char <= 90) ||
      (char >= 48 && char <= 57) ||
      char === 43 ||
      char === 47
    if (char === 61) padding++
    else if (!isDigit || padding > 0) return false
    digits++
  }
  return digits > 0 && digits % 4 === 0 && padding <= 2
}

const isXhtml = (value: unknown) => isText(value) && narrativeFault(value as string) === undefined

const text = `a string of 1 to ${LONGEST} characters without control characters (tab, CR and LF are allowed)`
const uri = 'a string without spaces, not empty'

export const primitives: Readonly<Record<string, Primitive>> = {
  base64Binary: { accepts: isBase64, form: 'base64 with its padding' },
  boolean: { accepts: (value) => typeof value === 'boolean', form: 'true or false' },
  canonical: { accepts: isUri, form: uri },
  code: { accepts: matches(wordsApart), form: 'a code: words with one space between them, not empty' },
  date: {
    accepts: matchesCalendar(asDefined('date')),
    form: 'a date that exists, as YYYY, YYYY-MM or YYYY-MM-DD',
  },
  dateTime: {
    accepts: matchesCalendar(asDefined('dateTime')),
    form: 'a date that exists, as YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with Z or an offset such as -05:00',
  },
  decimal: {
    accepts: (value) => isDecimal(value) && Number.isFinite(toNumber(value)),
    form: 'a JSON number between -1.7e308 and 1.7e308, without quotes',
  },
  id: { accepts: matches(asDefined('id')), form: '1 to 64 letters (A-Z, a-z), digits, - and .' },
  instant: {
    accepts: matchesCalendar(asDefined('instant')),
    form: 'an instant that exists, as YYYY-MM-DDThh:mm:ss with Z or an offset such as -05:00',
  },
  integer: { accepts: integerFrom(-INT_MAX - 1), form: 'a whole JSON number of 32 bits, without quotes' },
  markdown: { accepts: isText, form: text },
  oid: { accepts: matches(asDefined('oid')), form: 'urn:oid: and an object identifier' },
  positiveInt: { accepts: integerFrom(1), form: `a whole JSON number from 1 to ${INT_MAX}, without quotes` },
  string: { accepts: isText, form: text },
  time: { accepts: matches(asDefined('time')), form: 'a time as hh:mm:ss' },
  unsignedInt: { accepts: integerFrom(0), form: `a whole JSON number from 0 to ${INT_MAX}, without quotes` },
  uri: { accepts: isUri, form: uri },
  url: { accepts: isUri, form: uri },
  uuid: { accepts: matches(asDefined('uuid')), form: 'urn:uuid: and a UUID in lower case' },
  xhtml: {
    accepts: isXhtml,
    form: 'one well-formed XHTML <div>…</div> with formatting only, without scripts, forms and what comes from elsewhere',
    fault: (value) => (isText(value) ? narrativeFault(value as string) : undefined),
  },
}

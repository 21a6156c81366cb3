import { Invalid } from '../base/errors.js'
import type { Text } from '../base/spliced.js'

// FHIR decimals keep their digits: 1.10 says more than 1.1 (https://hl7.org/fhir/R4/datatypes.html#decimal), and
// JavaScript numbers forget it. A literal that JavaScript would print differently is therefore carried as a string:
// U+0001, then the literal. No FHIR string may hold that character, so nothing can be mistaken for it.
const TAG = '\u0001'
const ESCAPED_TAG = '\\u0001'

/** A JSON number: as itself where JavaScript prints it back unchanged, tagged text otherwise. */
export type Decimal = number | string

export function isDecimal(value: unknown): value is Decimal {
  return typeof value === 'number' || (typeof value === 'string' && value.charCodeAt(0) === 1)
}

/** @param literal  a JSON number: `1.10` */
export function decimalOf(literal: string): Decimal {
  return survives(literal) ? Number(literal) : TAG + literal
}

/** The literal as it was written: `1.10` */
export function decimalText(value: Decimal): string {
  return typeof value === 'number' ? String(value) : value.slice(TAG.length)
}

/** The nearest JavaScript number, for comparing and computing. */
export function toNumber(value: Decimal): number {
  return typeof value === 'number' ? value : Number(value.slice(TAG.length))
}

/**
 * JSON text as values, with decimals that keep their digits (see `isDecimal`).
 *
 * @throws Invalid  for a syntax error (with line, column and what was expected), for an object that has a key twice
 *   (JSON.parse would lose the first without a word), for a U+0001 and for nesting beyond 256 levels
 */
export function parseJson(json: Text): unknown {
  const text = String(json)
  if (text.includes(ESCAPED_TAG) && /(?<!\\)(?:\\\\)*\\u0001/.test(text)) {
    throw new Invalid('The body has a string with U+0001; FHIR strings have no control characters but tab, CR and LF')
  }
  const seen = glance(text)
  const literals = seen?.literals ?? scan(text)
  let value: unknown
  try {
    value = JSON.parse(literals.length === 0 ? text : withTags(text, literals))
  } catch (cause) {
    scan(text)
    throw new Invalid('The body is not JSON', { cause })
  }
  if (seen && countKeys(value as object) !== seen.keys) scan(text)
  return value
}

/** JSON text of a value from `parseJson`; every decimal is written as it was read. */
export function stringifyJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent)
  return text.includes(ESCAPED_TAG) ? text.replace(tagged, '$1') : text
}

// Inside a string JSON.stringify puts a backslash before every quote, so this one opens a string.
const tagged = /(?<!\\)"\\u0001(-?\d[\d.eE+-]*)"/g

/** A deep copy of a JSON value. */
export function cloneJson<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(cloneJson) as T
  const copy = { ...value }
  for (const key in copy) {
    if (typeof copy[key] === 'object') copy[key] = cloneJson(copy[key])
  }
  return copy
}

/** Where a number literal stands in the text, `[start, end)`. */
type Span = [start: number, end: number]

const survives = (literal: string) => String(Number(literal)) === literal

function withTags(text: string, literals: Span[]): string {
  let result = ''
  let copied = 0
  for (const [start, end] of literals) {
    result += `${text.slice(copied, start)}"${ESCAPED_TAG}${text.slice(start, end)}"`
    copied = end
  }
  return result + text.slice(copied)
}

/** Deeper than any FHIR; what walks the value after us may recurse without fear for the stack. */
const DEEPEST = 256

function tooDeep(): Invalid {
  return new Invalid(`The body nests objects and arrays more than ${DEEPEST} levels deep`)
}

/** @throws Invalid  when the value is too deep */
function countKeys(value: object, depth = 0): number {
  if (depth > DEEPEST) throw tooDeep()
  let keys = 0
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && item !== null) keys += countKeys(item, depth + 1)
    return keys
  }
  for (const key in value) {
    keys++
    const child = (value as Record<string, unknown>)[key]
    if (typeof child === 'object' && child !== null) keys += countKeys(child, depth + 1)
  }
  return keys
}

const QUOTE = 34
const MINUS = 45
const ZERO = 48
const OPEN_BRACKET = 91
const LETTER_N = 110

const isDigit = (char: number) => char >= 48 && char <= 57
const isSpace = (char: number) => char === 32 || (char >= 9 && char <= 13)
const isWord = (char: number) =>
  isDigit(char) || (char >= 97 && char <= 122) || (char >= 65 && char <= 90) || char === 95
const startsNumber = (char: number) => isDigit(char) || char === MINUS
const isNumberPart = (char: number) =>
  isDigit(char) || char === 46 || char === 43 || char === MINUS || (char | 32) === 101

/**
 * The hot path: hops from colon to colon (indexOf runs at memory speed) instead of reading every character.
 * A quote between a word character and a colon ends a key in any valid JSON: unescaped within a string it would end
 * that string, and an opening quote never follows a word. What stands after such a key is therefore no string content.
 *
 * @returns the number of keys and the literals that JavaScript would print differently;
 *   undefined when only `scan` can tell: keys such as `"a b "`, space before a colon, odd numbers in arrays.
 *   It does not look for numbers behind strings or objects in one array: no FHIR array is mixed.
 */
function glance(text: string): { keys: number; literals: Span[] } | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  const literals: Span[] = []
  let keys = 0
  for (let colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', colon + 1)) {
    const before = text.charCodeAt(colon - 1)
    if (before !== QUOTE) {
      if (isSpace(before) && endsWithQuote(text, colon - 1)) return undefined
      continue
    }
    if (!isWord(text.charCodeAt(colon - 2))) return undefined
    keys++
    let start = colon + 1
    while (isSpace(text.charCodeAt(start))) start++
    const first = text.charCodeAt(start)
    if (startsNumber(first)) {
      let end = start + 1
      while (isDigit(text.charCodeAt(end))) end++
      // Most numbers are short integers: no need to convert them back and forth.
      const isShortInteger = first > ZERO && end - start <= 15 && !isNumberPart(text.charCodeAt(end))
      if (isShortInteger) continue
      while (isNumberPart(text.charCodeAt(end))) end++
      const literal = text.slice(start, end)
      if (!survives(literal)) {
        if (!wholeNumber.test(literal)) return undefined
        literals.push([start, end])
      }
    } else if (first === OPEN_BRACKET && !numbersSurvive(text, start + 1)) return undefined
  }
  return { keys, literals }
}

function endsWithQuote(text: string, end: number): boolean {
  while (isSpace(text.charCodeAt(end))) end--
  return text.charCodeAt(end) === QUOTE
}

// Numbers in an array are rare in FHIR (Claim.item.diagnosisSequence), and decimals never are: no need to be subtle.
function numbersSurvive(text: string, start: number): boolean {
  while (isSpace(text.charCodeAt(start))) start++
  const first = text.charCodeAt(start)
  if (first === OPEN_BRACKET) return false
  if (!startsNumber(first) && first !== LETTER_N) return true
  numbersAndNulls.lastIndex = start
  const items = numbersAndNulls.exec(text)![0]
  return (items.match(/-?\d[\d.eE+-]*/g) ?? []).every(survives)
}

const numbersAndNulls = /[\d.eE+\-\s,nul]*/y

// 01.10 and 1. are no JSON, and must not become it behind a tag.
const wholeNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/

const token = {
  space: /[ \t\n\r]*/y,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 excludes exactly these
  string: /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y,
  number: /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y,
  word: /true|false|null/y,
}

/**
 * Reads JSON by its grammar (RFC 8259), several times slower than JSON.parse.
 *
 * @returns the literals that JavaScript would print differently
 * @throws Invalid  where the text stops being JSON, an object has a key twice, or it gets too deep
 */
function scan(text: string): Span[] {
  const literals: Span[] = []
  // The objects (by their keys so far) and arrays around the current position, outermost first.
  const around: (Set<string> | 'array')[] = []
  let at = 0

  const take = (kind: RegExp): string | undefined => {
    kind.lastIndex = at
    const found = kind.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const mark = (...allowed: string[]): string | undefined => {
    take(token.space)
    return allowed.includes(text[at] ?? '') ? text[at++] : undefined
  }
  const fail = (expected: string): never => {
    const lines = text.slice(0, at).split('\n')
    const where = `Line ${lines.length}, column ${lines.at(-1)!.length + 1}`
    throw new Invalid(`${where}: expected ${expected}${at >= text.length ? ', but the body ends here' : ''}`)
  }
  const readKey = (keys: Set<string>) => {
    take(token.space)
    const start = at
    const key = take(token.string) ?? fail('a key in double quotes')
    const name: string = key.includes('\\') ? JSON.parse(key) : key.slice(1, -1)
    if (keys.has(name)) {
      at = start
      fail('a key that this object does not have yet; it is there twice')
    }
    keys.add(name)
    if (!mark(':')) fail('":" after the key')
  }

  for (;;) {
    // A value starts here.
    if (around.length > DEEPEST) throw tooDeep()
    take(token.space)
    const start = at
    const number = take(token.number)
    if (number !== undefined) {
      if (!survives(number)) literals.push([start, at])
    } else if (mark('{')) {
      if (!mark('}')) {
        const keys = new Set<string>()
        around.push(keys)
        readKey(keys)
        continue
      }
    } else if (mark('[')) {
      if (!mark(']')) {
        around.push('array')
        continue
      }
    } else if (text.charCodeAt(at) === QUOTE) {
      if (take(token.string) === undefined)
        fail('a string that ends with a quote, without raw control characters or unknown escapes')
    } else if (take(token.word) === undefined) fail('a value: an object, array, string, number, true, false or null')

    // A value ended here; so may what is around it.
    for (;;) {
      const innermost = around.at(-1)
      if (!innermost) {
        take(token.space)
        if (at < text.length) fail('nothing more after the value')
        return literals
      }
      const close = innermost === 'array' ? ']' : '}'
      const next = mark(',', close) ?? fail(`"," or "${close}"`)
      if (next === ',') {
        if (innermost !== 'array') readKey(innermost)
        break
      }
      around.pop()
    }
  }
}

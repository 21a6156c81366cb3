import { Invalid } from '../../../base/errors.js'
import { bool, type Item, integer, text } from '../item.js'
import { unescaped } from '../lexer.js'
import { asInteger, asString } from '../operands.js'
import type { Call, FunctionDefinition, Functions, Session } from '../scope.js'

/** A function of a string, and of strings: empty when one of them is. */
function ofString(
  count: number | readonly [number, number],
  returns: string,
  run: (input: string, args: string[], session: Session) => Item | Item[] | undefined,
): FunctionDefinition {
  const arity = typeof count === 'number' ? ([count, count] as const) : count
  return {
    arity,
    returns,
    onString: true,
    run: (call) => {
      const input = inputOf(call)
      const args = call.node.args.map((_, at) =>
        asString(call.argument(at), `Argument ${at + 1} of ${call.node.name}()`),
      )
      if (input === undefined || args.some((arg) => arg === undefined)) return []
      const result = run(input, args as string[], call.scope.session)
      return result === undefined ? [] : Array.isArray(result) ? result : [result]
    },
  }
}

const inputOf = ({ input, node }: Call) => asString(input, `What ${node.name}() is given`)

const BOOLEAN = 'System.Boolean'
const STRING = 'System.String'
const INTEGER = 'System.Integer'

function substring(call: Call): Item[] {
  const input = inputOf(call)
  const start = asInteger(call.argument(0), 'The start of substring()')
  const length = asInteger(call.argument(1), 'The length of substring()')
  if (input === undefined || start === undefined || start < 0 || start >= input.length) return []
  return [text(length === undefined ? input.slice(start) : input.slice(start, start + Math.max(length, 0)))]
}

// ── Regular expressions ────────────────────────────────────────────────────────────────────────────────────────────

/** `.` is any character, newlines too: https://hl7.org/fhirpath/N1/#matchesregex--string--boolean */
function regex(pattern: string, flags: string): RegExp {
  for (const unicode of ['u', '']) {
    try {
      return new RegExp(pattern, flags + unicode)
    } catch {
      // With u, JavaScript refuses escapes of what needs none, which other dialects allow: `\-`
    }
  }
  throw new Invalid(`'${pattern}' is no regular expression`)
}

const isMatch = (regex: RegExp, input: string, session: Session) => bounded(session, () => regex.test(input))
const bounded = <T>({ limits }: Session, run: () => T): T => (limits ? limits.regex(run) : run())

function flagsOf(given = ''): string {
  if (!/^[ims]*$/.test(given)) throw new Invalid(`The flags of a regular expression are i, m and s, not '${given}'`)
  return [...new Set(`${given}s`)].join('')
}

/** `$1` and `${name}` stand for groups in FHIRPath (PCRE); JavaScript writes the second `$<name>`. */
const replacement = (substitution: string) =>
  substitution.replace(/\$\{(\w+)\}/g, (_, name) => (/^\d+$/.test(name) ? `$${name}` : `$<${name}>`))

// ── Encodings ──────────────────────────────────────────────────────────────────────────────────────────────────────

const encodings = new Map<string, BufferEncoding>([
  ['base64', 'base64'],
  ['urlbase64', 'base64url'],
  ['hex', 'hex'],
])
const encoded: Record<string, RegExp> = {
  base64: /^[A-Za-z0-9+/\s]*=*\s*$/,
  urlbase64: /^[A-Za-z0-9_-]*=*$/,
  hex: /^(?:[0-9A-Fa-f]{2})*$/,
}

function encode(input: string, format: string): Item | undefined {
  const encoding = encodings.get(format)
  if (!encoding) return undefined
  const result = Buffer.from(input, 'utf8').toString(encoding)
  return text(format === 'urlbase64' ? result.padEnd(Math.ceil(result.length / 4) * 4, '=') : result)
}

function decode(input: string, format: string): Item | undefined {
  const encoding = encodings.get(format)
  return encoding && encoded[format]!.test(input) ? text(Buffer.from(input, encoding).toString('utf8')) : undefined
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const characters = new Map(Object.entries(entities).map(([char, entity]) => [entity, char]))

const escapers: Record<string, (input: string) => string> = {
  html: (input) => input.replace(/[&<>"']/g, (char) => entities[char]!),
  json: (input) => JSON.stringify(input).slice(1, -1),
}
const unescapers: Record<string, (input: string) => string> = {
  html: (input) => input.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => characters.get(entity)!),
  json: unescaped,
}

const converted =
  (table: Record<string, (input: string) => string>) =>
  (input: string, [format]: string[]) =>
    Object.hasOwn(table, format!) ? text(table[format!]!(input)) : undefined

/** https://hl7.org/fhirpath/N1/#string-manipulation */
export const strings: Functions = {
  indexOf: ofString(1, INTEGER, (input, [part]) => integer(input.indexOf(part!))),
  lastIndexOf: ofString(1, INTEGER, (input, [part]) => integer(input.lastIndexOf(part!))),
  substring: { arity: [1, 2], returns: STRING, onString: true, run: substring },
  startsWith: ofString(1, BOOLEAN, (input, [part]) => bool(input.startsWith(part!))),
  endsWith: ofString(1, BOOLEAN, (input, [part]) => bool(input.endsWith(part!))),
  contains: ofString(1, BOOLEAN, (input, [part]) => bool(input.includes(part!))),
  upper: ofString(0, STRING, (input) => text(input.toUpperCase())),
  lower: ofString(0, STRING, (input) => text(input.toLowerCase())),
  replace: ofString(2, STRING, (input, [part, by]) =>
    text(part === '' ? [by, ...[...input].flatMap((char) => [char, by])].join('') : input.replaceAll(part!, () => by!)),
  ),
  matches: ofString([1, 2], BOOLEAN, (input, [pattern, flags], session) =>
    bool(isMatch(regex(pattern!, flagsOf(flags)), input, session)),
  ),
  matchesFull: ofString([1, 2], BOOLEAN, (input, [pattern, flags], session) =>
    bool(isMatch(regex(`^(?:${pattern!})$`, flagsOf(flags)), input, session)),
  ),
  replaceMatches: ofString([2, 3], STRING, (input, [pattern, by, flags], session) => {
    if (pattern === '') return text(input)
    const found = regex(pattern!, `g${flagsOf(flags)}`)
    return text(bounded(session, () => input.replace(found, replacement(by!))))
  }),
  length: ofString(0, INTEGER, (input) => integer(input.length)),
  toChars: ofString(0, STRING, (input) => [...input].map(text)),
  trim: ofString(0, STRING, (input) => text(input.trim())),
  split: ofString(1, STRING, (input, [separator]) => input.split(separator!).map(text)),
  join: {
    arity: [0, 1],
    returns: STRING,
    onString: true,
    run: ({ input, argument }) => {
      const parts = input.map((item) => asString([item], 'What join() is given')).filter((part) => part !== undefined)
      const separator = asString(argument(0), 'The separator of join()') ?? ''
      return parts.length === 0 ? [] : [text(parts.join(separator))]
    },
  },
  encode: ofString(1, STRING, (input, [format]) => encode(input, format!)),
  decode: ofString(1, STRING, (input, [format]) => decode(input, format!)),
  escape: ofString(1, STRING, converted(escapers)),
  unescape: ofString(1, STRING, converted(unescapers)),
}

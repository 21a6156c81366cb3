import { Invalid } from '../../base/errors.js'

export type TokenKind =
  | 'dateTime'
  | 'time'
  | 'number'
  | 'string'
  | 'identifier'
  | 'delimited'
  | 'special'
  | 'sign'
  | 'end'

export interface Token {
  readonly kind: TokenKind
  /** As written; of a string and a delimited identifier without its quotes and escapes. */
  readonly text: string
  /** Position in the expression, from 0 */
  readonly at: number
}

const space = /(?:\s|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/)*/y

/** https://hl7.org/fhirpath/N1/grammar.html; the first that matches is taken. */
const forms: readonly (readonly [TokenKind, RegExp])[] = [
  ['time', /@T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?/y],
  ['dateTime', /@\d{4}(?:-\d\d(?:-\d\d)?)?(?:T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)?/y],
  ['number', /\d+(?:\.\d+)?/y],
  ['string', /'(?:[^'\\]|\\[\s\S])*'/y],
  ['delimited', /`(?:[^`\\]|\\[\s\S])*`/y],
  ['identifier', /[A-Za-z_]\w*/y],
  ['special', /\$(?:this|index|total)\b/y],
  ['sign', /!=|!~|<=|>=|[-+*/&|<>=~.,()[\]{}%]/y],
]

/** @throws Invalid  where something stands that begins no token */
export function tokensOf(expression: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  for (;;) {
    space.lastIndex = at
    at += space.exec(expression)![0].length
    if (at >= expression.length) break
    const token = tokenAt(expression, at)
    tokens.push(token.unquoted)
    at = token.end
  }
  tokens.push({ kind: 'end', text: 'its end', at })
  return tokens
}

function tokenAt(expression: string, at: number): { unquoted: Token; end: number } {
  for (const [kind, form] of forms) {
    form.lastIndex = at
    const found = form.exec(expression)?.[0]
    if (found === undefined) continue
    const text = kind === 'string' || kind === 'delimited' ? unescaped(found.slice(1, -1)) : found
    return { unquoted: { kind, text, at }, end: at + found.length }
  }
  throw new Invalid(
    `The expression cannot be read from character ${at + 1} on: no token begins with '${expression[at]}'`,
  )
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f' }

/** What a backslash stands before, where that is no escape, stands for itself. */
export function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|([\s\S]))/g, (_, hex, char) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (escapes[char] ?? char),
  )
}

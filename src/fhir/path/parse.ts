/** FHIRPath as a tree, by its grammar (https://hl7.org/fhirpath/N1/#grammar). `of` is what a step applies to. */
export type Expression =
  | { is: 'member'; name: string; of?: Expression }
  | { is: 'call'; name: string; args: Expression[]; of?: Expression }
  | { is: 'index'; at: Expression; of: Expression }
  /** `%name` */
  | { is: 'variable'; name: string }
  /** `$this`, `$index`, `$total` */
  | { is: 'iteration'; name: string }
  /** Digits and dates are text, as they were written; a quantity has its unit beside its digits. */
  | { is: 'literal'; type: LiteralType; value: string | boolean; unit?: string }
  /** `{}` */
  | { is: 'empty' }
  | { is: 'sign'; sign: '+' | '-'; of: Expression }
  | { is: 'operation'; operator: Operator; left: Expression; right: Expression }

export type LiteralType = 'boolean' | 'string' | 'integer' | 'decimal' | 'date' | 'dateTime' | 'time' | 'Quantity'

/** How tightly an operator binds. https://hl7.org/fhirpath/N1/#operator-precedence */
const binding = {
  ...{ '*': 10, '/': 10, div: 10, mod: 10 },
  ...{ '+': 9, '-': 9, '&': 9 },
  ...{ is: 8, as: 8 },
  '|': 7,
  ...{ '<': 6, '<=': 6, '>': 6, '>=': 6 },
  ...{ '=': 5, '!=': 5, '~': 5, '!~': 5 },
  ...{ in: 4, contains: 4 },
  and: 3,
  ...{ or: 2, xor: 2 },
  implies: 1,
}
export type Operator = keyof typeof binding
const precedence = new Map<string | undefined, number>(Object.entries(binding))

/** FHIRPath that is not compiled here: the interpreter has to evaluate it. */
export class Unsupported extends Error {}

/** Parentheses, arguments and indexes within each other; what people write has a handful. */
const DEEPEST = 100

const blank = /(?:\s|\/\/.*|\/\*[\s\S]*?\*\/)*/y
const date = String.raw`\d{4}(?:-\d\d(?:-\d\d)?)?`
const time = String.raw`\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?`
const token = new RegExp(
  [
    String.raw`\$?[A-Za-z_]\w*`,
    '`[\\w-]+`',
    String.raw`'(?:[^'\\]|\\.)*'`,
    String.raw`@T${time}|@${date}(?:T(?:${time})?(?:Z|[+-]\d\d:\d\d)?)?`,
    String.raw`\d+(?:\.\d+)?`,
    String.raw`[<>!]=|!~|[.()[\]{}|=~<>,%+\-*/&]`,
  ].join('|'),
  'y',
)

/** @throws Unsupported  the text is not FHIRPath, or nests beyond all need */
export function parse(text: string): Expression {
  const tokens = [...tokensOf(text)]
  let next = 0
  let depth = 0

  const refuse = (): never => {
    throw new Unsupported(`${tokens[next] ?? 'end'} in ${text}`)
  }
  const accept = (sign: string) => tokens[next] === sign && ++next > 0
  const expect = (sign: string) => accept(sign) || refuse()

  function operation(tighterThan = 0): Expression {
    if (++depth > DEEPEST) refuse()
    let left = signed()
    for (;;) {
      const binds = precedence.get(tokens[next]) ?? 0
      if (binds <= tighterThan) {
        depth--
        return left
      }
      const operator = tokens[next++] as Operator
      left = { is: 'operation', operator, left, right: operation(binds) }
    }
  }

  function signed(): Expression {
    const sign = tokens[next]
    if (sign !== '-' && sign !== '+') return chain()
    next++
    return { is: 'sign', sign, of: chain() }
  }

  function chain(): Expression {
    let of = term()
    for (;;) {
      if (accept('.')) of = invocation(of)
      else if (accept('[')) {
        const at = operation()
        expect(']')
        of = { is: 'index', at, of }
      } else return of
    }
  }

  function term(): Expression {
    const text = tokens[next] ?? refuse()
    if (accept('(')) {
      const inner = operation()
      expect(')')
      return inner
    }
    if (accept('{')) return expect('}') && { is: 'empty' }
    if (accept('%')) return { is: 'variable', name: nameOf(tokens[next++] ?? refuse()) }
    if (/^\$./.test(text)) return { is: 'iteration', name: tokens[next++]!.slice(1) }
    const value = literal(text)
    if (value === undefined) return invocation()
    next++
    return value.is === 'literal' && isNumber(value.type) ? quantity(value) : value
  }

  /** A number may be followed by its unit: `4 'mg'`, `2 days`. */
  function quantity(number: Expression & { is: 'literal' }): Expression {
    const unit = tokens[next]
    if (unit === undefined || !(unit.startsWith("'") || durations.has(unit))) return number
    next++
    return { ...number, type: 'Quantity', unit: unit.startsWith("'") ? unquoted(unit) : unit }
  }

  function invocation(of?: Expression): Expression {
    const text = tokens[next] ?? refuse()
    if (!/^[\w`']/.test(text) || /^\d/.test(text)) refuse()
    next++
    const name = nameOf(text)
    if (!accept('(')) return { is: 'member', name, of }
    const args: Expression[] = []
    while (!accept(')')) {
      if (args.length > 0) expect(',')
      args.push(operation())
    }
    return { is: 'call', name, args, of }
  }

  const whole = operation()
  if (next < tokens.length) refuse()
  return whole
}

function* tokensOf(text: string): Generator<string> {
  for (let at = 0; ; ) {
    blank.lastIndex = at
    blank.exec(text)
    if (blank.lastIndex === text.length) return
    token.lastIndex = blank.lastIndex
    const found = token.exec(text)
    if (!found) throw new Unsupported(`${text.slice(blank.lastIndex)} in ${text}`)
    at = token.lastIndex
    yield found[0]
  }
}

const durations = new Set(
  ['year', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'].flatMap((unit) => [unit, `${unit}s`]),
)

const isNumber = (type: LiteralType) => type === 'integer' || type === 'decimal'

function literal(token: string): Expression | undefined {
  const is = 'literal'
  if (token.startsWith("'")) return { is, type: 'string', value: unquoted(token) }
  if (token.startsWith('@T')) return { is, type: 'time', value: token.slice(2) }
  // `@2015T` is a dateTime that is known to the year.
  if (token.startsWith('@'))
    return { is, type: token.includes('T') ? 'dateTime' : 'date', value: token.slice(1).replace(/T$/, '') }
  if (/^\d/.test(token)) return { is, type: token.includes('.') ? 'decimal' : 'integer', value: token }
  return token === 'true' || token === 'false' ? { is, type: 'boolean', value: token === 'true' } : undefined
}

/** A name may stand in backticks, and that of a variable in quotes. */
const nameOf = (token: string) => (/^[`']/.test(token) ? unquoted(token) : token)

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f' }

function unquoted(literal: string): string {
  return literal
    .slice(1, -1)
    .replace(/\\(?:u([0-9A-Fa-f]{4})|(.))/g, (_, hex, char) =>
      hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (escapes[char] ?? char),
    )
}

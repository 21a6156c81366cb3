/** The part of FHIRPath that search parameters are written in, as a tree. `of` is what a step applies to. */
export type Expression =
  | { is: 'member'; name: string; of?: Expression }
  | { is: 'call'; name: string; args: Expression[]; of?: Expression }
  | { is: 'index'; at: number; of: Expression }
  | { is: 'variable'; name: string }
  | { is: 'literal'; value: string | boolean | number }
  | { is: 'operation'; operator: Operator; left: Expression; right: Expression }

type Operator = 'as' | 'is' | '|' | '=' | '!=' | 'and' | 'or'

/** How tightly an operator binds. https://hl7.org/fhirpath/N1/#operator-precedence */
const precedence = new Map<string | undefined, number>([
  ['as', 5],
  ['is', 5],
  ['|', 4],
  ['=', 3],
  ['!=', 3],
  ['and', 2],
  ['or', 1],
])

/** FHIRPath that is not compiled here: fhirpath.js has to evaluate it. */
export class Unsupported extends Error {}

// a name, a string, a number, or a sign
const token = /\s*(?:[A-Za-z_]\w*|`\w+`|'(?:[^'\\]|\\.)*'|\d+|!=|[.()[\]|=%,])/y

/** @throws Unsupported  the text is not FHIRPath, or is FHIRPath that search parameters seldom need */
export function parse(text: string): Expression {
  const tokens = [...tokensOf(text)]
  let next = 0

  const refuse = (): never => {
    throw new Unsupported(`${tokens[next] ?? 'end'} in ${text}`)
  }
  const accept = (sign: string) => tokens[next] === sign && ++next > 0
  const expect = (sign: string) => accept(sign) || refuse()

  function operation(tighterThan = 0): Expression {
    let left = chain()
    for (;;) {
      const binds = precedence.get(tokens[next]) ?? 0
      if (binds <= tighterThan) return left
      const operator = tokens[next++] as Operator
      left = { is: 'operation', operator, left, right: operation(binds) }
    }
  }

  function chain(): Expression {
    let of = term()
    for (;;) {
      if (accept('.')) of = invocation(of)
      else if (accept('[')) {
        const at = tokens[next++] ?? ''
        if (!/^\d/.test(at) || !accept(']')) refuse()
        of = { is: 'index', at: Number(at), of }
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
    if (accept('%')) return { is: 'variable', name: tokens[next++] ?? refuse() }
    const value = literal(text)
    if (value === undefined) return invocation()
    next++
    return { is: 'literal', value }
  }

  function invocation(of?: Expression): Expression {
    const text = tokens[next] ?? refuse()
    if (!/^[\w`]/.test(text)) refuse()
    next++
    const name = text.replaceAll('`', '')
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
  const end = text.trimEnd().length
  token.lastIndex = 0
  while (token.lastIndex < end) {
    const from = token.lastIndex
    const found = token.exec(text)
    if (!found) throw new Unsupported(`${text.slice(from)} in ${text}`)
    yield found[0].trim()
  }
}

function literal(token: string): string | boolean | number | undefined {
  if (token.startsWith("'")) return unquoted(token)
  if (/^\d/.test(token)) return Number(token)
  return token === 'true' || token === 'false' ? token === 'true' : undefined
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f' }

function unquoted(literal: string): string {
  return literal
    .slice(1, -1)
    .replace(/\\(?:u([0-9A-Fa-f]{4})|(.))/g, (_, hex, char) =>
      hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (escapes[char] ?? char),
    )
}

import { Invalid } from '../../base/errors.js'
import { ExactDecimal } from './exact-decimal.js'
import { bool, decimal, type Item, quantity, temporal, text } from './item.js'
import { type Token, type TokenKind, tokensOf } from './lexer.js'
import { calendarUnit, Quantity } from './quantity.js'
import { type Node, type Operator, place, precedence, type TypeName } from './syntax.js'
import { Temporal } from './temporal.js'

/** Words that are operators, and still may name an element. */
const wordsAsNames = new Set(['as', 'contains', 'in', 'is'])
const operatorWords = new Set(Object.keys(precedence).filter((operator) => /^\w/.test(operator)))

/** More brackets within each other, and more steps and operators, than anybody writes; and fewer than fill the stack. */
const DEEPEST = 200
const LONGEST = 2000

/**
 * An expression as a tree, by the grammar of https://hl7.org/fhirpath/N1/grammar.html
 * @throws Invalid  it is not FHIRPath; says where, and what stands there
 */
export function parse(expression: string): Node {
  const tokens = tokensOf(expression)
  let next = 0
  let depth = 0
  let steps = 0

  const token = (): Token => tokens[next]!
  const refuse = (expected: string): never => {
    const { kind, text } = token()
    const found = kind === 'end' ? text : `'${text}'`
    throw new Invalid(`Expected ${expected}, found ${found} ${place(token())}`)
  }
  const isSign = (sign: string) => token().kind === 'sign' && token().text === sign
  const isWord = (word: string) => token().kind === 'identifier' && token().text === word
  const accept = (sign: string) => isSign(sign) && ++next > 0
  const expect = (sign: string) => accept(sign) || refuse(`'${sign}'`)
  const take = (kind: TokenKind) => (token().kind === kind ? tokens[next++] : undefined)

  const deeper = () => {
    if (++depth > DEEPEST) throw new Invalid(`The expression nests more than ${DEEPEST} levels deep`)
  }
  const further = () => {
    if (++steps > LONGEST) throw new Invalid(`The expression has more than ${LONGEST} steps and operators`)
  }

  function operation(tighterThan = 0): Node {
    deeper()
    let left = polarity()
    for (;;) {
      const { kind, text: operator, at } = token()
      const isOperator = kind === 'sign' || (kind === 'identifier' && operatorWords.has(operator))
      const binds = isOperator && Object.hasOwn(precedence, operator) ? precedence[operator as Operator] : 0
      if (binds <= tighterThan) break
      further()
      next++
      if (operator === 'is' || operator === 'as') {
        left = { is: 'type', operator, operand: left, type: typeName(), at }
      } else {
        left = { is: 'operation', operator: operator as Operator, left, right: operation(binds), at }
      }
    }
    depth--
    return left
  }

  function polarity(): Node {
    const { at } = token()
    const sign = accept('-') ? '-' : accept('+') ? '+' : undefined
    if (!sign) return path()
    deeper()
    const operand = polarity()
    depth--
    return { is: 'polarity', sign, operand, at }
  }

  function path(): Node {
    let of = term()
    for (;;) {
      const { at } = token()
      further()
      if (accept('.')) of = invocation(of)
      else if (accept('[')) {
        of = { is: 'index', index: operation(), of, at }
        expect(']')
      } else return of
    }
  }

  function term(): Node {
    const { at } = token()
    if (accept('(')) {
      const inner = operation()
      expect(')')
      return inner
    }
    if (accept('{')) {
      expect('}')
      return { is: 'literal', items: [], at }
    }
    if (accept('%')) {
      const name = take('string')?.text ?? identifier('the name of a variable')
      return { is: 'variable', name, at }
    }
    const item = literal()
    return item ? { is: 'literal', items: [item], at } : invocation()
  }

  function invocation(of?: Node): Node {
    const { at } = token()
    const special = take('special')
    if (special) return { is: special.text as '$this', of, at }
    const name = identifier(of ? "an element or a function after '.'" : 'an expression')
    if (!accept('(')) return { is: 'member', name, of, at }
    const args: Node[] = []
    while (!accept(')')) {
      if (args.length > 0) expect(',')
      args.push(name === 'sort' ? sortKey() : operation())
    }
    return { is: 'call', name, args, of, at }
  }

  /** `family`, `-family`, `family desc`: descending is a minus, which sort() takes for one also of strings. */
  function sortKey(): Node {
    const { at } = token()
    const key = operation()
    if (isWord('asc')) next++
    else if (isWord('desc')) {
      next++
      return { is: 'polarity', sign: '-', operand: key, at }
    }
    return key
  }

  function identifier(expected: string): string {
    const { kind, text: name } = token()
    const isName =
      kind === 'delimited' || (kind === 'identifier' && (!operatorWords.has(name) || wordsAsNames.has(name)))
    if (!isName) refuse(expected)
    next++
    return name
  }

  function typeName(): TypeName {
    const first = identifier('a type')
    return accept('.') ? { namespace: first, name: identifier('a type') } : { name: first }
  }

  function literal(): Item | undefined {
    const { kind, text: written } = token()
    if (kind === 'identifier' && (written === 'true' || written === 'false')) {
      next++
      return bool(written === 'true')
    }
    const found = take('string') ?? take('number') ?? take('dateTime') ?? take('time')
    if (!found) return undefined
    if (kind === 'string') return text(written)
    return kind === 'number' ? number(found) : temporal(moment(found))
  }

  function number(token: Token): Item {
    const value = ExactDecimal.parse(token.text)
    if (!value) throw new Invalid(`The number has more digits than can be reckoned with ${place(token)}`)
    const unit = take('string')?.text ?? calendarWord()
    if (unit !== undefined) return quantity(new Quantity(value, unit))
    return value.scale > 0 ? decimal(value) : { type: 'System.Integer', value }
  }

  function calendarWord(): string | undefined {
    return token().kind === 'identifier' && calendarUnit(token().text) ? tokens[next++]!.text : undefined
  }

  function moment(token: Token): Temporal {
    const [date, time] = token.text.slice(1).split('T') as [string, string?]
    const value =
      token.kind === 'time'
        ? Temporal.parse('Time', time!)
        : time === undefined
          ? Temporal.parse('Date', date)
          : Temporal.parse('DateTime', time === '' ? date : `${date}T${time}`)
    if (!value) throw new Invalid(`'${token.text}' is no date, or no time of day ${place(token)}`)
    return value
  }

  const whole = operation()
  if (token().kind !== 'end') refuse('an operator or the end')
  return whole
}

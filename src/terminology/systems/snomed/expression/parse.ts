import { Scanner } from '../scanner.js'

/** A postcoordinated expression. https://docs.snomed.org/snomed-ct-specifications/snomed-ct-compositional-grammar */
export interface Expression {
  /** `===` means the same as the definition, `<<<` is a kind of it; the former where nothing is said */
  readonly status?: '===' | '<<<'
  /** Concept ids. */
  readonly focus: readonly string[]
  /** The first stand outside of all groups. */
  readonly groups: readonly (readonly Attribute[])[]
}

export interface Attribute {
  readonly name: string
  readonly value: Value
}

export type Value =
  | { readonly kind: 'concept'; readonly id: string }
  | { readonly kind: 'expression'; readonly of: Expression }
  /** `#10.5`, `"text"`, `true`: as it is written in a release, too */
  | { readonly kind: 'concrete'; readonly value: string }

/** A text that is no expression. */
export class NoExpression extends Error {
  constructor(_text: string, why: string) {
    super(why)
  }
}

/** Whether a code can be an expression: a concept id alone is none. */
export const isExpression = (code: string): boolean => /^\s*(?:===|<<<|\d)/.test(code) && !/^\d+$/.test(code)

/** @throws NoExpression  why it is none, for a person */
export function parseExpression(text: string): Expression {
  const scanner = new Scanner(text, NoExpression)
  const status = scanner.take('===') ? '===' : scanner.take('<<<') ? '<<<' : undefined
  const expression = subExpression(scanner)
  if (!scanner.isAtEnd) scanner.fail("the end, '+', ':', ',' or '{'")
  return { ...(status && { status }), ...expression }
}

function subExpression(scanner: Scanner): Expression {
  return scanner.nested(() => {
    const focus = [concept(scanner)]
    while (scanner.take('+')) focus.push(concept(scanner))
    return { focus, groups: scanner.take(':') ? refinement(scanner) : [[]] }
  })
}

function refinement(scanner: Scanner): Attribute[][] {
  const groups = [scanner.sees('{') ? [] : attributes(scanner)]
  while (scanner.take('{')) {
    groups.push(attributes(scanner))
    scanner.expect('}', "'}' or ','")
    scanner.take(',')
  }
  return groups
}

/** With a comma behind the last, where a group comes next. */
function attributes(scanner: Scanner): Attribute[] {
  const found = [attribute(scanner)]
  while (scanner.take(',') && !scanner.sees('{')) found.push(attribute(scanner))
  return found
}

function attribute(scanner: Scanner): Attribute {
  const name = concept(scanner)
  scanner.expect('=')
  return { name, value: value(scanner) }
}

function value(scanner: Scanner): Value {
  if (scanner.take('(')) {
    const of = subExpression(scanner)
    scanner.expect(')')
    return { kind: 'expression', of }
  }
  const concrete = scanner.match(/#[-+]?(?:0|[1-9]\d*)(?:\.\d+)?|"(?:[^"\\]|\\["\\])+"|(?:true|false)(?!\w)/iy)
  if (concrete !== undefined) return { kind: 'concrete', value: concrete }
  return { kind: 'concept', id: concept(scanner, "a concept id, a value or '('") }
}

function concept(scanner: Scanner, expected = 'a concept id'): string {
  const found = scanner.match(/[1-9]\d{5,17}(?!\w)/y) ?? scanner.fail(expected)
  if (scanner.sees('|') && !scanner.match(/\|[^|]*[^|\s][^|]*\|/y)) scanner.fail("a term and '|'", scanner.at + 1)
  return found
}

/** Every concept that it names, each once. */
export function conceptsOf({ focus, groups }: Expression): ReadonlySet<string> {
  const found = new Set(focus)
  for (const { name, value } of groups.flat()) {
    found.add(name)
    if (value.kind === 'concept') found.add(value.id)
    else if (value.kind === 'expression') for (const one of conceptsOf(value.of)) found.add(one)
  }
  return found
}

/**
 * Written without white space.
 * @param term  what stands between bars behind each concept; undefined: nothing
 */
export function written({ status, ...expression }: Expression, term: (id: string) => string | undefined): string {
  const named = (id: string) => {
    const text = term(id)
    return text === undefined ? id : `${id}|${text}|`
  }
  const valued = (value: Value) => {
    if (value.kind === 'concrete') return value.value
    return value.kind === 'concept' ? named(value.id) : `(${written(value.of, term)})`
  }
  const listed = (attributes: readonly Attribute[]) =>
    attributes.map(({ name, value }) => `${named(name)}=${valued(value)}`).join(',')
  const [loose = [], ...groups] = expression.groups
  const parts = [...(loose.length ? [listed(loose)] : []), ...groups.map((group) => `{${listed(group)}}`)]
  return (status ?? '') + expression.focus.map(named).join('+') + (parts.length ? `:${parts.join(',')}` : '')
}

import type { Attribute, Cardinality, Comparison, Equality, Order, Refinement, SearchTerm } from './ast.js'
import { mixed, subExpression } from './parse.js'
import type { Scanner } from './scanner.js'

const JOINS = { and: 'and', or: 'or' } as const

/** Attributes and groups of attributes, joined by AND (a comma) or by OR. */
export function refinement(scanner: Scanner): Refinement {
  return joined(scanner, subRefinement)
}

/** What braces hold: attributes, and no groups. */
function attributeSet(scanner: Scanner): Refinement {
  return joined(scanner, (inside) => (opensBrackets(inside) ? inBrackets(inside, attributeSet) : attribute(inside)))
}

function joined(scanner: Scanner, one: (scanner: Scanner) => Refinement): Refinement {
  const first = one(scanner)
  let join: 'and' | 'or' | undefined
  const all = [first]
  for (;;) {
    const at = scanner.at
    const next = scanner.take(',') ? 'and' : scanner.keyword(JOINS)
    if (next === undefined) return join === undefined ? first : { kind: join, of: all }
    if (join !== undefined && next !== join) mixed(scanner, at)
    join = next
    all.push(one(scanner))
  }
}

function subRefinement(scanner: Scanner): Refinement {
  if (opensBrackets(scanner)) return inBrackets(scanner, refinement)
  const times = cardinality(scanner)
  if (!scanner.take('{')) return attribute(scanner, times)
  const of = attributeSet(scanner)
  scanner.expect('}', "'}', ',', AND or OR")
  return { kind: 'group', times: times ?? AT_LEAST_ONE, of }
}

/** Brackets hold a refinement, unless they are the name of an attribute: a comparison or a filter of names comes behind. */
function opensBrackets(scanner: Scanner): boolean {
  if (!scanner.sees('(')) return false
  const behind = /(?:\s|\/\*[\s\S]*?\*\/)*(?:=|!=|<|>|not\s*=|\{\{)/iy
  behind.lastIndex = scanner.closing()
  return !behind.test(scanner.text)
}

function inBrackets(scanner: Scanner, of: (scanner: Scanner) => Refinement): Refinement {
  return scanner.nested(() => {
    scanner.expect('(')
    const inner = of(scanner)
    scanner.expect(')', "')', ',', AND or OR")
    return inner
  })
}

const AT_LEAST_ONE: Cardinality = { least: 1, most: Number.POSITIVE_INFINITY }

/** `[0..1]`, `[1..*]`, `[1 to many]` */
function cardinality(scanner: Scanner): Cardinality | undefined {
  const at = scanner.at
  if (!scanner.take('[')) return undefined
  const least = scanner.match(/0|[1-9]\d{0,5}/y) ?? scanner.fail('a number')
  if (!scanner.take('..') && !scanner.keyword({ to: true })) scanner.fail("'..'")
  const many = scanner.take('*') || scanner.keyword({ many: true })
  const most = many
    ? Number.POSITIVE_INFINITY
    : Number(scanner.match(/0|[1-9]\d{0,5}/y) ?? scanner.fail("a number or '*'"))
  scanner.expect(']')
  if (Number(least) > most) scanner.refuse(`a cardinality of at least ${least} and at most ${most}`, at)
  return { least: Number(least), most }
}

function attribute(scanner: Scanner, times = cardinality(scanner)): Attribute {
  const reverse = scanner.keyword({ r: true, reverseof: true }) ?? false
  const name = subExpression(scanner)
  const operator = comparisonOperator(scanner) ?? scanner.fail("a comparison ('=', '!=', '<', '<=', '>' or '>=')")
  return { kind: 'attribute', times: times ?? AT_LEAST_ONE, reverse, name, comparison: comparison(scanner, operator) }
}

const OPERATORS: readonly Order[] = ['<=', '>=', '!=', '=', '<', '>']

export function comparisonOperator(scanner: Scanner): Order | undefined {
  if (scanner.take('<>') || scanner.match(/not\s*=/iy)) return '!='
  return OPERATORS.find((symbol) => scanner.take(symbol))
}

export const isEquality = (operator: Order): operator is Equality => operator === '=' || operator === '!='

/** What an attribute, or a field of a reference set, is compared with. */
export function comparison(scanner: Scanner, operator: Order): Comparison {
  if (scanner.take('#')) {
    const value = scanner.match(/[-+]?(?:0|[1-9]\d*)(?:\.\d+)?/y) ?? scanner.fail('a number')
    return { kind: 'number', operator, value }
  }
  if (!isEquality(operator)) scanner.fail(`'#' and a number: '${operator}' compares numbers`)
  if (opensSearchTerms(scanner)) return { kind: 'text', operator, terms: searchTerms(scanner) }
  const value = scanner.keyword({ true: true, false: false })
  if (value !== undefined) return { kind: 'boolean', operator, value }
  return { kind: 'concepts', operator, value: subExpression(scanner) }
}

export const opensSearchTerms = (scanner: Scanner) => scanner.peek(/\(?\s*(?:"|match\s*:|wild\s*:)/iy) !== undefined

/** `"heart att"`, `match:"heart att"`, `wild:"cardi*opathy"`, or several in brackets, of which one has to match. */
export function searchTerms(scanner: Scanner): readonly SearchTerm[] {
  if (!scanner.take('(')) return [searchTerm(scanner)]
  const terms = [searchTerm(scanner)]
  while (!scanner.take(')')) terms.push(searchTerm(scanner))
  return terms
}

function searchTerm(scanner: Scanner): SearchTerm {
  const isWild = scanner.match(/wild\s*:/iy) !== undefined
  if (!isWild) scanner.match(/match\s*:/iy)
  const quoted = scanner.match(/"(?:[^"\\]|\\["\\*])+"/y) ?? scanner.fail('a text in quotes')
  const text = quoted.slice(1, -1)
  if (isWild) return { kind: 'wild', parts: wildParts(text) }
  const words = text.replace(/\\(.)/g, '$1').split(/\s+/).filter(Boolean)
  return { kind: 'match', words }
}

/** `\*` is an asterisk, `*` any characters. */
function wildParts(text: string): readonly (string | undefined)[] {
  return [...text.matchAll(/\*|(?:[^*\\]|\\.)+/g)].map(([part]) =>
    part === '*' ? undefined : part.replace(/\\(.)/g, '$1'),
  )
}

import type { Comparison, Equality, Order, SearchTerm } from './ast.js'
import type { EclScanner } from './scanner.js'

const OPERATORS: readonly Order[] = ['<=', '>=', '!=', '=', '<', '>']

export function comparisonOperator(scanner: EclScanner): Order | undefined {
  if (scanner.take('<>') || scanner.match(/not\s*=/iy)) return '!='
  return OPERATORS.find((symbol) => scanner.take(symbol))
}

export const isEquality = (operator: Order): operator is Equality => operator === '=' || operator === '!='

/** What an attribute, or a field of a reference set, is compared with. */
export function comparison(scanner: EclScanner, operator: Order): Comparison {
  if (scanner.take('#')) {
    const value = scanner.match(/[-+]?(?:0|[1-9]\d*)(?:\.\d+)?/y) ?? scanner.fail('a number')
    return { kind: 'number', operator, value }
  }
  if (!isEquality(operator)) scanner.fail(`'#' and a number: '${operator}' compares numbers`)
  if (opensSearchTerms(scanner)) return { kind: 'text', operator, terms: searchTerms(scanner) }
  const value = scanner.keyword({ true: true, false: false })
  if (value !== undefined) return { kind: 'boolean', operator, value }
  return { kind: 'concepts', operator, value: scanner.subExpression() }
}

const opensSearchTerms = (scanner: EclScanner) => scanner.peek(/\(?\s*(?:"|match\s*:|wild\s*:)/iy) !== undefined

/** `"heart att"`, `match:"heart att"`, `wild:"cardi*opathy"`, or several in brackets, of which one has to match. */
export function searchTerms(scanner: EclScanner): readonly SearchTerm[] {
  if (!scanner.take('(')) return [searchTerm(scanner)]
  const terms = [searchTerm(scanner)]
  while (!scanner.take(')')) terms.push(searchTerm(scanner))
  return terms
}

function searchTerm(scanner: EclScanner): SearchTerm {
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

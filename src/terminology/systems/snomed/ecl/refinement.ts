import type { Attribute, Cardinality, Refinement } from './ast.js'
import { comparison, comparisonOperator } from './comparison.js'
import type { EclScanner } from './scanner.js'

const JOINS = { and: 'and', or: 'or' } as const

/** Attributes and groups of attributes, joined by AND (a comma) or by OR. */
export function refinement(scanner: EclScanner): Refinement {
  return joined(scanner, subRefinement)
}

/** What braces hold: attributes, and no groups. */
function attributeSet(scanner: EclScanner): Refinement {
  return joined(scanner, (inside) => (opensBrackets(inside) ? inBrackets(inside, attributeSet) : attribute(inside)))
}

function joined(scanner: EclScanner, one: (scanner: EclScanner) => Refinement): Refinement {
  const first = one(scanner)
  let join: 'and' | 'or' | undefined
  const all = [first]
  for (;;) {
    const at = scanner.at
    const next = scanner.take(',') ? 'and' : scanner.keyword(JOINS)
    if (next === undefined) return join === undefined ? first : { kind: join, of: all }
    if (join !== undefined && next !== join) scanner.refuseMixed(at)
    join = next
    all.push(one(scanner))
  }
}

function subRefinement(scanner: EclScanner): Refinement {
  if (opensBrackets(scanner)) return inBrackets(scanner, refinement)
  const times = cardinality(scanner)
  if (!scanner.take('{')) return attribute(scanner, times)
  const of = attributeSet(scanner)
  scanner.expect('}', "'}', ',', AND or OR")
  return { kind: 'group', times: times ?? AT_LEAST_ONE, of }
}

/** Brackets hold a refinement, unless they are the name of an attribute: a comparison or a filter of names comes behind. */
function opensBrackets(scanner: EclScanner): boolean {
  if (!scanner.sees('(')) return false
  const behind = /(?:\s|\/\*[\s\S]*?\*\/)*(?:=|!=|<|>|not\s*=|\{\{)/iy
  behind.lastIndex = scanner.closing()
  return !behind.test(scanner.text)
}

function inBrackets(scanner: EclScanner, of: (scanner: EclScanner) => Refinement): Refinement {
  return scanner.nested(() => {
    scanner.expect('(')
    const inner = of(scanner)
    scanner.expect(')', "')', ',', AND or OR")
    return inner
  })
}

const AT_LEAST_ONE: Cardinality = { least: 1, most: Number.POSITIVE_INFINITY }

/** `[0..1]`, `[1..*]`, `[1 to many]` */
function cardinality(scanner: EclScanner): Cardinality | undefined {
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

function attribute(scanner: EclScanner, times = cardinality(scanner)): Attribute {
  const reverse = scanner.keyword({ r: true, reverseof: true }) ?? false
  const name = scanner.subExpression()
  const operator = comparisonOperator(scanner) ?? scanner.fail("a comparison ('=', '!=', '<', '<=', '>' or '>=')")
  return { kind: 'attribute', times: times ?? AT_LEAST_ONE, reverse, name, comparison: comparison(scanner, operator) }
}

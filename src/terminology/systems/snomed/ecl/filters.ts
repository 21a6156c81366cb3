import type {
  ComponentFilter,
  ConceptFilter,
  Constraint,
  DescriptionFilter,
  Dialect,
  Equality,
  FieldComparison,
  MemberFilter,
  Order,
} from './ast.js'
import { comparison, comparisonOperator, isEquality, searchTerms } from './comparison.js'
import { conceptReference } from './concepts.js'
import { dialects } from './dialects.js'
import type { EclScanner } from './scanner.js'

/** Description types, definition statuses and acceptabilities by their keywords. */
const TYPES: Readonly<Record<string, string>> = {
  fsn: '900000000000003001',
  fullyspecifiedname: '900000000000003001',
  syn: '900000000000013009',
  synonym: '900000000000013009',
  def: '900000000000550004',
  definition: '900000000000550004',
}
const STATUSES: Readonly<Record<string, string>> = { primitive: '900000000000074008', defined: '900000000000073002' }
const ACCEPTABILITIES: Readonly<Record<string, string>> = {
  prefer: '900000000000548007',
  preferred: '900000000000548007',
  accept: '900000000000549004',
  acceptable: '900000000000549004',
}

type Read<F> = (scanner: EclScanner) => F

const component: Readonly<Record<string, Read<ComponentFilter>>> = {
  moduleid: (scanner) => ({ kind: 'moduleId', operator: equality(scanner), value: conceptOrSet(scanner) }),
  effectivetime: (scanner) => ({ kind: 'effectiveTime', operator: order(scanner), values: times(scanner) }),
  active: (scanner) => ({ kind: 'active', operator: equality(scanner), value: activeValue(scanner) }),
}

const ofConcept: Readonly<Record<string, Read<ConceptFilter>>> = {
  ...component,
  definitionstatus: (scanner) => ({
    kind: 'definitionStatusId',
    operator: equality(scanner),
    value: tokens(scanner, STATUSES, 'primitive or defined'),
  }),
  definitionstatusid: (scanner) => ({
    kind: 'definitionStatusId',
    operator: equality(scanner),
    value: conceptOrSet(scanner),
  }),
}

const ofDescription: Readonly<Record<string, Read<DescriptionFilter>>> = {
  ...component,
  term: (scanner) => ({ kind: 'term', operator: equality(scanner), terms: searchTerms(scanner) }),
  language: (scanner) => ({ kind: 'language', operator: equality(scanner), codes: languages(scanner) }),
  type: (scanner) => ({
    kind: 'typeId',
    operator: equality(scanner),
    value: tokens(scanner, TYPES, 'fsn, syn or def'),
  }),
  typeid: (scanner) => ({ kind: 'typeId', operator: equality(scanner), value: conceptOrSet(scanner) }),
  dialect: (scanner) => ({ kind: 'dialectId', operator: equality(scanner), dialects: dialectsBy(scanner, byAlias) }),
  dialectid: (scanner) => ({ kind: 'dialectId', operator: equality(scanner), dialects: dialectsBy(scanner, byId) }),
  id: (scanner) => ({ kind: 'id', operator: equality(scanner), ids: descriptionIds(scanner) }),
}

const ofMember: Readonly<Record<string, Read<MemberFilter>>> = component

/** What stands between `{{ C` and `}}`. */
export const conceptFilters = (scanner: EclScanner) => listed(scanner, () => byKeyword(scanner, ofConcept))

/** What stands between `{{` or `{{ D` and `}}`. */
export const descriptionFilters = (scanner: EclScanner) => listed(scanner, () => byKeyword(scanner, ofDescription))

/** What stands between `{{ M` and `}}`. */
export const memberFilters = (scanner: EclScanner) =>
  listed(scanner, () => scanner.keyword(ofMember)?.(scanner) ?? fieldFilter(scanner))

function listed<F>(scanner: EclScanner, one: () => F): readonly F[] {
  const filters = [one()]
  while (scanner.take(',')) filters.push(one())
  scanner.expect('}}', "',' or '}}'")
  return filters
}

function byKeyword<F>(scanner: EclScanner, filters: Readonly<Record<string, Read<F>>>): F {
  const read = scanner.keyword(filters) ?? scanner.fail(`a filter (${Object.keys(filters).join(', ')})`)
  return read(scanner)
}

function fieldFilter(scanner: EclScanner): MemberFilter {
  const name = scanner.match(/[A-Za-z]+/y) ?? scanner.fail('the name of a field')
  return { kind: 'field', name, is: fieldComparison(scanner, order(scanner)) }
}

/** `>= "20210731"`: only times are quoted behind these operators. */
function fieldComparison(scanner: EclScanner, operator: Order): FieldComparison {
  if (!isEquality(operator) && !scanner.sees('#')) return { kind: 'time', operator, values: times(scanner) }
  return comparison(scanner, operator)
}

function order(scanner: EclScanner): Order {
  return comparisonOperator(scanner) ?? scanner.fail("a comparison ('=', '!=', '<', '<=', '>' or '>=')")
}

function equality(scanner: EclScanner): Equality {
  const at = scanner.at
  const operator = comparisonOperator(scanner)
  return operator !== undefined && isEquality(operator) ? operator : scanner.fail("'=' or '!='", at)
}

/** One, or several in brackets. */
function oneOrMore<T>(scanner: EclScanner, one: () => T): readonly T[] {
  if (!scanner.take('(')) return [one()]
  const all = [one()]
  while (!scanner.take(')')) all.push(one())
  return all
}

/** A constraint, or concept ids in brackets without anything between them. */
function conceptOrSet(scanner: EclScanner): Constraint {
  if (!scanner.peek(/\(\s*\d+\s*(?:\|[^|]*\|)?\s*\d/y)) return scanner.subExpression()
  return { kind: 'or', of: oneOrMore(scanner, () => conceptReference(scanner, "a concept id or ')'")) }
}

function tokens(scanner: EclScanner, meanings: Readonly<Record<string, string>>, expected: string): Constraint {
  const of = oneOrMore(scanner, () => {
    const at = scanner.at
    const id = scanner.keyword(meanings) ?? scanner.fail(expected)
    return { kind: 'concept', id, at } as const
  })
  return { kind: 'or', of }
}

function times(scanner: EclScanner): readonly string[] {
  const date = /"(?:[1-9]\d{3}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))?"/y
  return oneOrMore(scanner, () => (scanner.match(date) ?? scanner.fail('a date in quotes ("20210731")')).slice(1, -1))
}

function activeValue(scanner: EclScanner): boolean | 'either' {
  if (scanner.match(/"\*"/y)) return 'either'
  const word = scanner.match(/(?:0|1|true|false)(?!\w)/iy) ?? scanner.fail('1, 0, true, false or "*"')
  return word === '1' || word.toLowerCase() === 'true'
}

function languages(scanner: EclScanner): readonly string[] {
  return oneOrMore(scanner, () =>
    (scanner.match(/[A-Za-z]{2}(?!\w)/y) ?? scanner.fail('a language code of two letters')).toLowerCase(),
  )
}

function descriptionIds(scanner: EclScanner): readonly string[] {
  return oneOrMore(scanner, () => scanner.match(/[1-9]\d{5,17}(?!\w)/y) ?? scanner.fail('a description id'))
}

/** Of several in brackets each may have an acceptability of its own; one behind the brackets is for all of them. */
function dialectsBy(scanner: EclScanner, one: (scanner: EclScanner) => Constraint): readonly Dialect[] {
  const several = scanner.peek(/\(\s*(?:[A-Za-z]|\d+\s*(?:\|[^|]*\|)?\s*[\d()])/y) !== undefined
  const found = several
    ? oneOrMore(scanner, () => ({ value: one(scanner), acceptability: acceptability(scanner) }))
    : [{ value: one(scanner), acceptability: [] }]
  const forAll = acceptability(scanner)
  return forAll.length ? found.map((dialect) => ({ ...dialect, acceptability: forAll })) : found
}

const byId = (scanner: EclScanner): Constraint => scanner.subExpression()

/** https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language, appendix C */
function byAlias(scanner: EclScanner): Constraint {
  const at = scanner.at
  const alias = scanner.match(/[A-Za-z][A-Za-z0-9-]*/y) ?? scanner.fail('a dialect (en-us)')
  const id = dialects[alias.toLowerCase()]
  if (id === undefined) scanner.refuse(`the dialect ${alias} is not known: name it by dialectId`, at)
  return { kind: 'concept', id, at }
}

function acceptability(scanner: EclScanner): readonly string[] {
  if (!scanner.sees('(')) return []
  return oneOrMore(
    scanner,
    () => scanner.keyword(ACCEPTABILITIES) ?? conceptReference(scanner, 'prefer, accept or a concept id').id,
  )
}

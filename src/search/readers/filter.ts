import { Invalid } from '../../base/errors.js'
import type { Clause, StringMatch } from '../clause.js'
import type { Operator } from '../filter.js'
import type { SearchParameter } from '../parameters.js'
import { type Asked, dateParams } from '../reading.js'
import * as date from '../types/date.js'
import { stringClause } from './values.js'

/** One test of a `_filter` on a parameter of the resource itself. */
export interface FilterTest {
  asked: Omit<Asked, 'values' | 'modifier'>
  operator: Operator
  /** as it was written, nothing escaped */
  value: string
  /** What a search parameter with this modifier and value finds. */
  search(value: string, modifier?: string): Clause
}

type Reader = (test: FilterTest) => Clause

/** A value that has commas and the like as themselves. */
const escaped = (value: string) => value.replace(/[,\\]/g, '\\$&')
const literal = (value: string) => value.replace(/[,$|\\]/g, '\\$&')

const equal: Reader = ({ search, value }) => search(escaped(value))
/** There is a value, and none that is equal. */
const unequal: Reader = ({ search, value }) => ({
  kind: 'all',
  clauses: [search('false', 'missing'), { kind: 'not', clause: search(escaped(value)) }],
})
const present: Reader = ({ search, value, asked }) => {
  if (value !== 'true' && value !== 'false') throw new Invalid(`_filter: ${asked.parameter.code} pr is true or false`)
  return search(value === 'true' ? 'false' : 'true', 'missing')
}
const compared: Reader = ({ search, value, operator }) => search(`${operator}${escaped(value)}`)
const modified =
  (modifier: string): Reader =>
  ({ search, value }) =>
    search(escaped(value), modifier)
const matched =
  (match: StringMatch): Reader =>
  ({ asked, value }) =>
    stringClause({ ...asked, values: [literal(value)] }, match)

const comparisons = { gt: compared, lt: compared, ge: compared, le: compared, ap: compared, sa: compared, eb: compared }

/** The searched period and the stored one overlap. */
const overlapping: Reader = ({ asked: { reading, parameter, name }, value }) => ({
  kind: 'date',
  params: dateParams(reading.tenant, parameter),
  comparisons: [{ prefix: 'ap', value: date.searched(`eq${value}`, name).value }],
})

type Readers = Partial<Record<Operator, Reader>>

/** What each operator asks of each type of parameter: https://hl7.org/fhir/R4/search_filter.html#ops */
const operators: Record<SearchParameter['type'], Readers> = {
  string: {
    eq: matched('equal'),
    ne: ({ search, ...test }) => ({
      kind: 'all',
      clauses: [search('false', 'missing'), { kind: 'not', clause: matched('equal')({ search, ...test }) }],
    }),
    co: matched('contains'),
    sw: matched('prefix'),
    ew: matched('suffix'),
    pr: present,
  },
  token: {
    eq: equal,
    ne: unequal,
    co: modified('text'),
    pr: present,
    in: modified('in'),
    // "True if the value subsumes a concept in the set": that concept is below the value.
    ss: modified('below'),
    sb: modified('above'),
  },
  reference: { eq: equal, ne: unequal, re: equal, pr: present, ss: modified('below'), sb: modified('above') },
  uri: { eq: equal, ne: unequal, pr: present, ss: modified('below'), sb: modified('above') },
  date: { eq: compared, ne: compared, ...comparisons, po: overlapping, pr: present },
  number: { eq: compared, ne: compared, ...comparisons, pr: present },
  quantity: { eq: compared, ne: compared, ...comparisons, pr: present },
  composite: { eq: ({ search, value }) => search(escaped(value)) },
  special: { eq: equal },
}

/** Parameters that are not tested by their type. */
const specials: Record<string, Readers> = {
  _id: { eq: equal, ne: unequal },
  _lastUpdated: { eq: compared, ne: compared, ...comparisons },
  _text: { eq: equal, co: equal },
  _content: { eq: equal, co: equal },
}

/** @throws Invalid  the operator means nothing for this type of parameter */
export function filterTest(test: FilterTest): Clause {
  const { parameter, name } = test.asked
  const readers = specials[parameter.code] ?? operators[parameter.type]
  const reader = readers[test.operator]
  if (!reader)
    throw new Invalid(`_filter: ${name} ${test.operator} means nothing; ${name} has ${Object.keys(readers).join(', ')}`)
  return reader(test)
}

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { typeTotal } from '../../src/search/names.js'
import { Totals } from '../../src/search/totals.js'
import { isFound } from './naive.js'
import { randomOf } from './random.js'
import { type Given, openServer, type SearchServer } from './server.js'

// Random resources, random searches: the server finds what the plain reading of the standard finds, whichever way
// its planner chooses.

const { next, below, pick, maybe } = randomOf(4_711)

const NAMES = ['Abel', 'abigail', 'Bob', 'bobby', 'Carl', 'Carla', 'Dan', 'O Neill']
const DATES = [
  '2019',
  '2019-12',
  '2019-12-31',
  '2020',
  '2020-01',
  '2020-01-01',
  '2020-02-29',
  '2020-02-29T12:00:00Z',
  '2021',
]
const NUMBERS = [0, 0.1, 0.14, 0.15, 1, 1.4, 1.5, 2, 10, 99.5, 100, 100.4, -3]
const CODES = ['a', 'b', 'c']
const SYSTEMS = ['http://one', 'http://two']
const PREFIXES = ['', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb']
const GENDERS = ['male', 'female', 'other', 'unknown']
const UNITS = ['mg', 'g']
const UCUM = 'http://unitsofmeasure.org'

const coding = () => ({ system: maybe(pick(SYSTEMS)), code: pick(CODES) })
const period = () => {
  const [start, end] = [maybe(pick(DATES)), maybe('2022-03')]
  return start || end ? { start, end } : { start: '2018' }
}

const patients = Array.from({ length: 120 }, (_, i) => ({
  resourceType: 'Patient',
  id: `p${i}`,
  active: maybe(next() < 0.5),
  gender: maybe(pick(GENDERS)),
  birthDate: maybe(pick(DATES.filter((date) => date.length <= 10))),
  name: maybe([{ family: pick(NAMES), given: [pick(NAMES)] }]),
  identifier: maybe([{ system: maybe(pick(SYSTEMS)), value: pick(CODES) }]),
  meta: maybe({ tag: [coding()] }),
}))
const observations = Array.from({ length: 280 }, (_, i) => ({
  resourceType: 'Observation',
  id: `o${i}`,
  status: pick(['final', 'amended']),
  code: { coding: [coding(), coding()] },
  category: maybe([{ coding: [coding()] }, { coding: [coding()] }]),
  subject: maybe({ reference: pick(['Patient', 'Patient', 'Patient', 'Group']).concat('/p', String(below(130))) }),
  performer: maybe([{ reference: `Practitioner/d${below(5)}` }, { reference: `Patient/p${below(5)}` }]),
  ...(next() < 0.5 ? { effectiveDateTime: maybe(pick(DATES)) } : { effectivePeriod: maybe(period()) }),
  valueQuantity: maybe({ value: pick(NUMBERS), unit: maybe(pick(UNITS)), system: UCUM, code: pick(UNITS) }),
}))
const risks = Array.from({ length: 60 }, (_, i) => ({
  resourceType: 'RiskAssessment',
  id: `r${i}`,
  status: 'final',
  subject: { reference: `Patient/p${below(100)}` },
  prediction: maybe([{ probabilityDecimal: pick(NUMBERS) }]),
}))
const resources: Record<string, Given[]> = { Patient: patients, Observation: observations, RiskAssessment: risks }

type Condition = readonly [name: string, value: string]

const or = (value: () => string) => Array.from({ length: 1 + below(2) }, value).join()
const code = () => pick([pick(CODES), `${pick(SYSTEMS)}|${pick(CODES)}`, `|${pick(CODES)}`, `${pick(SYSTEMS)}|`])
const date = () => pick(PREFIXES) + pick(DATES)
const number = () => pick(PREFIXES) + pick(['0', '0.1', '0.10', '1', '1.5', '2.0', '100', '100.0', '-3'])
const text = () => pick([...NAMES, 'a', 'b', 'bo', 'o n', 'x'])
const missing = (name: string): Condition => [`${name}:missing`, pick(['true', 'false'])]
const modified = (name: string, ...modifiers: string[]) => name + pick(['', ...modifiers])

/** What `_filter` says, and the same as conditions of which one or both must hold, or not. */
const filters = new Map<string, (resource: Given) => boolean>()
const tests: (() => readonly [text: string, condition: Condition])[] = [
  () => pick(GENDERS.map((gender) => [`gender eq ${gender}`, ['gender', gender]] as const)),
  () => pick(['Bo', 'a', 'O N'].map((part) => [`family co "${part}"`, ['family:contains', part]] as const)),
  () => pick(['bo', 'Car'].map((part) => [`name sw ${part}`, ['name', part]] as const)),
  () =>
    pick(
      PREFIXES.slice(1).map((prefix) => [`birthdate ${prefix} 2020-01`, ['birthdate', `${prefix}2020-01`]] as const),
    ),
  () =>
    pick(
      ['true', 'false'].map(
        (there) => [`identifier pr ${there}`, ['identifier:missing', String(there === 'false')]] as const,
      ),
    ),
  () => pick(CODES.map((code) => [`identifier eq http://one|${code}`, ['identifier', `http://one|${code}`]] as const)),
]
function filter(): Condition {
  const [[a, first], [b, second]] = [pick(tests)(), pick(tests)()]
  const [isBoth, isNot] = [next() < 0.5, next() < 0.3]
  const joined = `${a} ${isBoth ? 'and' : 'or'} ${b}`
  const text = isNot ? `not(${joined})` : joined
  filters.set(text, (resource) => {
    const found = [first, second].map(([name, value]) => isFound(resource, name, value))
    return (isBoth ? found.every(Boolean) : found.some(Boolean)) !== isNot
  })
  return ['_filter', text]
}

const conditions: Record<string, (() => Condition)[]> = {
  Patient: [
    filter,
    () => [modified('gender', ':not'), or(() => pick(GENDERS))],
    () => ['active', pick(['true', 'false'])],
    () => [modified('identifier', ':not'), or(code)],
    () => ['_tag', or(code)],
    () => ['birthdate', or(date)],
    () => [modified('family', ':exact', ':contains'), or(text)],
    () => [modified('name', ':exact', ':contains'), or(text)],
    () => ['_id', or(() => `p${below(125)}`)],
    () => missing(pick(['gender', 'birthdate', 'family', 'identifier', 'active'])),
  ],
  Observation: [
    () => [modified('code', ':not'), or(code)],
    () => [modified('category', ':not'), or(code)],
    () => ['status', pick(['final', 'amended', 'unknown'])],
    () => ['date', or(date)],
    () => ['value-quantity', or(() => number() + pick(['', `|${UCUM}|mg`, '||g', '||mg']))],
    () => [pick(['subject', 'patient']), or(() => `Patient/p${below(130)}`)],
    () => ['subject', or(() => `Group/p${below(130)}`)],
    () => ['performer', or(() => pick([`Practitioner/d${below(6)}`, `Patient/p${below(6)}`]))],
    () => missing(pick(['category', 'date', 'value-quantity', 'subject', 'performer'])),
  ],
  RiskAssessment: [
    () => ['probability', or(number)],
    () => ['patient', or(() => `Patient/p${below(100)}`)],
    () => missing('probability'),
  ],
}
const orders: Record<string, string[]> = {
  Patient: ['_id', '-birthdate', 'family', '_lastUpdated', 'gender,-_id'],
  Observation: ['_id', '-date', 'date', '-_lastUpdated', 'value-quantity', 'code,date'],
  RiskAssessment: ['probability', '-_lastUpdated', 'date'],
}

const plain = (resource: Given, [name, value]: Condition): boolean => {
  const all = resources.Patient!
  if (name.startsWith('patient.')) {
    const reference = (resource.subject as { reference?: string } | undefined)?.reference
    const patient = all.find(({ id }) => reference === `Patient/${id}`)
    return patient !== undefined && plain(patient, [name.slice('patient.'.length), value])
  }
  if (name.startsWith('_has:')) {
    const [, type, by, ...rest] = name.split(':')
    return resources[type!]!.some(
      (source) => isFound(source, by!, `Patient/${resource.id}`) && plain(source, [rest.join(':'), value]),
    )
  }
  if (name === '_filter') return filters.get(value)!(resource)
  return name === '_id' ? value.split(',').includes(resource.id) : isFound(resource, name, value)
}

function search() {
  const type = pick(['Patient', 'Observation', 'Observation', 'RiskAssessment'])
  const asked: Condition[] = Array.from({ length: 1 + below(3) }, () => pick(conditions[type]!)())
  if (next() < 0.2) {
    const of = pick(['Observation', 'RiskAssessment'])
    const [name, value] = pick(conditions[type === 'Patient' ? of : 'Patient']!)()
    asked.push([type === 'Patient' ? `_has:${of}:patient:${name}` : `patient.${name}`, value])
  }
  return { type, asked, sort: maybe(pick(orders[type]!)) }
}

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
  await server.put(...patients, ...observations, ...risks)
})
afterAll(() => server.stop())

/** What the planner is told: the truth, that an index leads to few, or that what is asked for is everywhere. */
const beliefs: [string, ((hash: bigint) => number) | undefined][] = [
  ['as the totals are', undefined],
  ['by an index', (hash) => (types.has(hash) ? 1e9 : 1)],
  ['in the order of the page', (hash) => (types.has(hash) ? 1 : 1e6)],
]
const types = new Set(Object.keys(resources).map((type) => typeTotal(1, type)))

const searches = Array.from({ length: 250 }, search)

describe.each(beliefs)('random searches, answered %s', (_, belief) => {
  beforeAll(() => {
    // The planner asks nobody else how many there are.
    if (belief) vi.spyOn(Totals.prototype, 'estimate').mockImplementation(async (_tenant, hash) => belief(hash))
    return () => vi.restoreAllMocks()
  })

  it('find what the standard says', async () => {
    for (const { type, asked, sort } of searches) {
      const pairs = [...asked, ...(sort ? [['_sort', sort] as const] : [])]
      const query = `${type}?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`
      const expected = resources[type]!.filter((resource) => asked.every((one) => plain(resource, one))).map(
        ({ id }) => id,
      )
      expect(await server.found(`${query}&_count=${pick([17, 100, 1000])}`), query).toEqual(expected.sort())
      expect((await server.get(`${query}&_summary=count`)).total, query).toBe(expected.length)
    }
    if (belief) expect(Totals.prototype.estimate).toHaveBeenCalled()
  }, 120_000)
})

it('the searches tell something: most find some and not all', () => {
  const shares = searches.map(
    ({ type, asked }) =>
      resources[type]!.filter((one) => asked.every((each) => plain(one, each))).length / resources[type]!.length,
  )
  expect(shares.filter((share) => share > 0 && share < 1).length).toBeGreaterThan(searches.length / 2)
})

import type { OperationOutcome } from '@medplum/fhirtypes'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { randomOf } from './random.js'
import { type Given, openServer, type SearchServer } from './server.js'

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

const { next, below, pick, maybe } = randomOf(20_261_122)

const STATUSES = ['final', 'amended', 'preliminary']
const CODES = ['a', 'b', 'c', 'd']
const GENDERS = ['male', 'female', 'other']

const coding = () => ({ system: pick(['http://one', 'http://two']), code: pick(CODES) })
const resource = (type: string, id: string): Given =>
  type === 'Patient'
    ? {
        resourceType: type,
        id,
        gender: maybe(pick(GENDERS)),
        active: maybe(next() < 0.5),
        meta: maybe({ tag: [coding()] }),
        identifier: maybe([{ system: 'http://ids', value: id }]),
      }
    : {
        resourceType: type,
        id,
        status: pick(STATUSES),
        code: { coding: [coding(), coding()] },
        category: maybe([{ coding: [coding()] }]),
        valueQuantity: maybe({ value: below(5) }),
      }

const countOf = async (query: string) =>
  (await server.get(`${query}${query.includes('?') ? '&' : '?'}_summary=count`)).total

const QUERIES = [
  'Patient',
  'Observation',
  ...GENDERS.map((gender) => `Patient?gender=${gender}`),
  'Patient?gender=male,female',
  'Patient?gender=male,unknown',
  'Patient?gender:missing=true',
  'Patient?gender:missing=false',
  'Patient?gender:not=male',
  'Patient?active=true',
  'Patient?active:missing=false',
  'Patient?identifier=http://ids|',
  'Patient?identifier:missing=false',
  'Patient?_tag=a',
  'Patient?_tag=http://one|',
  'Patient?active=true&gender=male',
  ...STATUSES.map((status) => `Observation?status=${status}`),
  ...CODES.flatMap((code) => [
    `Observation?code=${code}`,
    `Observation?code=http://two|${code}`,
    `Observation?category=${code}`,
  ]),
  'Observation?code=http://one|',
  'Observation?code=a,b',
  'Observation?code=a&code=b',
  'Observation?category:missing=true',
  'Observation?value-quantity=3',
  'Observation?combo-code=a',
]

/** What walking through all of the pages finds, for every query. */
async function compare() {
  for (const query of QUERIES) {
    const found = await server.found(`${query}${query.includes('?') ? '&' : '?'}_count=1000`)
    expect(await countOf(query), query).toBe(found.length)
    expect(new Set(found).size, query).toBe(found.length)
  }
}

it('kept totals are what is there, whatever was written', async () => {
  const there = new Set<string>()
  for (let round = 0; round < 12; round++) {
    const batch = new Map<string, Given>()
    for (let i = 0; i < 40; i++) {
      const type = pick(['Patient', 'Observation'])
      const id = `r${below(80)}`
      batch.set(`${type}/${id}`, resource(type, id))
    }
    await server.put(...batch.values())
    for (const name of batch.keys()) there.add(name)

    // Single writes at once: those of one id in a row, others together.
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const name = `${pick(['Patient', 'Observation'])}/r${below(80)}`
        const [type, id] = name.split('/') as [string, string]
        if (next() < 0.5) {
          const response = await fetch(`${server.base}/${name}`, { method: 'DELETE' })
          expect([200, 204]).toContain(response.status)
        } else await server.put(resource(type, id))
      }),
    )
    const gone = [...there].filter(() => next() < 0.1)
    if (gone.length) await server.remove(...gone)
    if (round % 4 === 3) await compare()
  }
}, 120_000)

it('a transaction that fails leaves them as they are', async () => {
  const before = await Promise.all(QUERIES.map(countOf))
  const response = await fetch(server.base, {
    method: 'POST',
    headers: { 'Content-Type': 'application/fhir+json' },
    body: JSON.stringify({
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        { resource: resource('Patient', 'new'), request: { method: 'PUT', url: 'Patient/new' } },
        {
          resource: resource('Observation', 'r1'),
          request: { method: 'PUT', url: 'Observation/r1', ifMatch: 'W/"999"' },
        },
      ],
    }),
  })
  expect(response.status).toBe(412)
  const after = await Promise.all(QUERIES.map(countOf))
  expect(after).toEqual(before)
  await compare()
})

it('an estimate is exact below ten thousand, and says that it is one above', async () => {
  const few = await server.get('Patient?active=true&gender=male&_total=estimate&_count=1')
  expect(few.total).toBe(await countOf('Patient?active=true&gender=male'))
  expect(few.entry!.every(({ search }) => search!.mode === 'match')).toBe(true)

  const many = Array.from(
    { length: 10_100 },
    (_, n): Given => ({
      resourceType: 'Basic',
      id: `b${n}`,
      code: { text: 'x' },
      created: '2020-02-02',
    }),
  )
  await server.put(...many)
  for (const query of ['Basic?created=2020&_total=estimate', 'Basic?created=2020&_total=estimate&_summary=count']) {
    const { total, entry = [] } = await server.get(query)
    expect(total).toBeGreaterThanOrEqual(10_000)
    const outcome = entry.find(({ search }) => search!.mode === 'outcome')!.resource as OperationOutcome
    expect(outcome.issue[0]).toMatchObject({ severity: 'information', expression: ['Bundle.total'] })
    expect(outcome.issue[0]!.diagnostics).toContain(`${total}, is an estimate`)
  }
  expect((await server.get('Basic?created=2020&_total=accurate&_count=1')).total).toBe(10_100)
  // A kept total is exact, however large it is.
  const kept = await server.get('Basic?_total=estimate&_count=1')
  expect(kept.total).toBe(10_100)
  expect(kept.entry).toHaveLength(1)
}, 60_000)

import { afterAll, beforeAll, expect, it } from 'vitest'
import { resourceTypes } from '../../src/fhir/definitions.js'
import { type SearchParameter, searchParameters } from '../../src/search/parameters.js'
import { openServer, type SearchServer } from './server.js'

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

const SAMPLES: Record<SearchParameter['type'], string> = {
  number: 'gt1.5',
  date: 'ge2020-01',
  string: 'some text',
  token: 'http://system|code',
  reference: 'http://elsewhere.org/fhir/Thing/1',
  composite: 'code$1',
  quantity: 'le5.4||mg',
  uri: 'urn:x',
  special: '1|2|3|km',
}

/** Every seventh of all there are, from each type on from another one: about 400 of 2,800 searches. */
const STEP = 7
const some = resourceTypes.flatMap((type, n) =>
  [...searchParameters(type).values()].filter((_, i) => (i + n) % STEP === 0),
)

/** All must be understood, or refused with a reason; none may fail. */
async function statuses(queryOf: (parameter: SearchParameter) => string) {
  const waiting = [...some]
  const counts = new Map<number, number>()
  const work = async () => {
    for (let one = waiting.pop(); one; one = waiting.pop()) {
      const query = queryOf(one)
      const response = await fetch(`${server.base}/${query}`)
      const text = await response.text()
      expect([200, 400], `${query}: ${text.slice(0, 300)}`).toContain(response.status)
      counts.set(response.status, (counts.get(response.status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 4 }, work))
  return counts
}

it('can be searched by', async () => {
  const counts = await statuses(({ base, code, type }) => `${base}?${code}=${encodeURIComponent(SAMPLES[type])}`)
  expect(counts.get(200)).toBeGreaterThan(counts.get(400)! * 10)
}, 120_000)

it('can be missing', async () => {
  const counts = await statuses(({ base, code }) => `${base}?${code}:missing=true`)
  expect(counts.get(200)).toBeGreaterThan(counts.get(400)! * 5)
}, 120_000)

it('can be sorted by', async () => {
  const counts = await statuses(({ base, code }) => `${base}?_sort=-${code}`)
  expect(counts.get(200)).toBeGreaterThan(counts.get(400)! * 2)
}, 120_000)

it('can be chained to', async () => {
  const counts = await statuses(({ base, code, type }) =>
    type === 'reference'
      ? `${base}?${code}._lastUpdated=gt2020`
      : `Provenance?target:${base}.${code}=${encodeURIComponent(SAMPLES[type])}`,
  )
  expect(counts.get(200)).toBeGreaterThan(counts.get(400)! * 5)
}, 120_000)

import type { Bundle } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, linkOf, matches, openServer, type SearchServer } from './server.js'

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

/** Ids of all pages forwards; and by `previous` from the last one back, which has to be the same pages. */
async function walk(query: string, count: number): Promise<string[]> {
  const pages: string[][] = []
  let last: Bundle | undefined
  for await (const { ids, bundle } of server.pages(`${query}${query.includes('?') ? '&' : '?'}_count=${count}`)) {
    pages.push(ids)
    last = bundle
  }
  const back: string[][] = []
  for (let url = linkOf(last!, 'previous'); url; ) {
    const bundle = await server.get(url)
    back.unshift(matches(bundle))
    url = linkOf(bundle, 'previous')
  }
  expect(back, query).toEqual(pages.slice(0, -1))
  return pages.flat()
}

describe('_sort', () => {
  // Named so that ids do not say the order; `none` has no value for anything.
  const observation = (id: string, more: object): Given => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { coding: [{ code: 'x' }] },
    ...more,
  })
  beforeAll(() =>
    server.put(
      observation('c', {
        effectiveDateTime: '2020-01-02',
        valueQuantity: { value: 10 },
        subject: { reference: 'Patient/2' },
        code: { coding: [{ code: 'b' }] },
        identifier: [{ value: 'i2' }],
        status: 'preliminary',
      }),
      observation('a', {
        effectivePeriod: { start: '2020-01-01', end: '2020-03-01' },
        valueQuantity: { value: 9.5 },
        subject: { reference: 'Patient/1' },
        code: { coding: [{ code: 'c' }] },
        identifier: [{ value: 'i3' }],
        status: 'amended',
      }),
      observation('b', {
        effectiveDateTime: '2020-02-01T10:00:00Z',
        valueQuantity: { value: -1 },
        subject: { reference: 'Patient/3' },
        code: { coding: [{ code: 'a' }] },
        identifier: [{ value: 'i1' }],
        status: 'registered',
      }),
      observation('none', { code: { text: 'z' }, status: 'unknown' }),
      {
        resourceType: 'Patient',
        id: 'p2',
        name: [{ family: 'Émile' }],
        birthDate: '1990',
        deceasedDateTime: '2020-02',
        gender: 'male',
      },
      { resourceType: 'Patient', id: 'p1', name: [{ family: 'emilia' }], birthDate: '1980-05', gender: 'male' },
      { resourceType: 'Patient', id: 'p3', name: [{ family: 'Abel' }], deceasedDateTime: '2020-01', gender: 'female' },
      { resourceType: 'Patient', id: 'p4', birthDate: '1990' },
      { resourceType: 'ValueSet', id: 'v2', status: 'draft', url: 'http://a', version: '2' },
      { resourceType: 'ValueSet', id: 'v1', status: 'draft', url: 'http://b', version: '1' },
      {
        resourceType: 'RiskAssessment',
        id: 'r1',
        status: 'final',
        subject: { reference: 'Patient/1' },
        prediction: [{ probabilityDecimal: 0.9 }],
      },
      {
        resourceType: 'RiskAssessment',
        id: 'r2',
        status: 'final',
        subject: { reference: 'Patient/1' },
        prediction: [{ probabilityDecimal: 0.1 }],
      },
    ),
  )

  it.each([
    ['Observation?_sort=_id', ['a', 'b', 'c', 'none']],
    ['Observation?_sort=-_id', ['none', 'c', 'b', 'a']],
    ['Observation?_sort=date', ['none', 'a', 'c', 'b']],
    ['Observation?_sort=-date', ['b', 'c', 'a', 'none']],
    ['Observation?_sort=value-quantity', ['none', 'b', 'a', 'c']],
    ['Observation?_sort=-value-quantity', ['c', 'a', 'b', 'none']],
    ['Observation?_sort=code', ['none', 'b', 'c', 'a']],
    ['Observation?_sort=-code', ['a', 'c', 'b', 'none']],
    ['Observation?_sort=status', ['a', 'c', 'b', 'none']],
    ['Observation?_sort=subject', ['none', 'a', 'c', 'b']],
    ['Observation?_sort=identifier', ['none', 'b', 'c', 'a']],
    ['Observation?_sort=-date&status=preliminary,amended', ['c', 'a']],
    ['Observation?_sort=-date&code=a', ['b']],
    ['Observation?_sort=date&date=ge2020-01-02', ['a', 'c', 'b']],
    ['Observation?_sort=-date&date=ge2020-01-02', ['b', 'c', 'a']],
    ['Patient?_sort=family', ['p4', 'p3', 'p2', 'p1']],
    ['Patient?_sort=-family', ['p1', 'p2', 'p3', 'p4']],
    ['Patient?_sort=birthdate,_id', ['p3', 'p1', 'p2', 'p4']],
    ['Patient?_sort=birthdate,-_id', ['p3', 'p1', 'p4', 'p2']],
    ['Patient?_sort=-birthdate,family', ['p4', 'p2', 'p1', 'p3']],
    ['Patient?_sort=-birthdate,-family', ['p2', 'p4', 'p1', 'p3']],
    ['Patient?_sort=death-date,_id', ['p1', 'p4', 'p3', 'p2']],
    ['Patient?_sort=-death-date,_id', ['p2', 'p3', 'p1', 'p4']],
    ['Patient?_sort=gender,-birthdate,_id', ['p4', 'p3', 'p2', 'p1']],
    ['Patient?_sort=gender&_sort=-birthdate', ['p4', 'p3', 'p2', 'p1']],
    ['ValueSet?_sort=url', ['v2', 'v1']],
    ['ValueSet?_sort=version', ['v1', 'v2']],
    ['RiskAssessment?_sort=probability', ['r2', 'r1']],
    ['RiskAssessment?_sort=-probability', ['r1', 'r2']],
  ])('%s', async (query, expected) => {
    for (const count of [1, 2, 3, 100]) expect(await walk(query, count), String(count)).toEqual(expected)
    expect((await server.get(`${query}&_count=2&_offset=1`)).entry?.map(({ resource }) => resource!.id) ?? []).toEqual(
      expected.slice(1, 3),
    )
  })
})

describe('_lastUpdated', () => {
  it('is the order of the writes, the newest first when asked so', async () => {
    for (const id of ['x', 'y', 'z']) await server.put({ resourceType: 'Basic', id, code: { text: id } }) // one by one
    await new Promise((resolve) => setTimeout(resolve, 5))
    await server.put({ resourceType: 'Basic', id: 'x', code: { text: 'again' } })
    expect((await walk('Basic?_sort=-_lastUpdated', 1))[0]).toBe('x')
    expect((await walk('Basic?_sort=_lastUpdated', 2)).at(-1)).toBe('x')
    expect((await walk('Basic?_sort=-_lastUpdated&_lastUpdated=gt2020', 2))[0]).toBe('x')
  })
})

describe('walking', () => {
  const ROWS = 300
  const slot = (i: number, more = {}): Given => ({
    resourceType: 'Slot',
    id: `s${i}`,
    schedule: { reference: 'Schedule/1' },
    status: i % 3 ? 'free' : 'busy',
    start: new Date(Date.UTC(2024, 0, 1 + (i % 50))).toISOString(),
    end: new Date(Date.UTC(2024, 0, 2 + (i % 50))).toISOString(),
    identifier: [{ system: 'http://slots', value: String(i % 7) }],
    ...more,
  })
  beforeAll(() => server.put(...Array.from({ length: ROWS }, (_, i) => slot(i))))

  it.each([
    'Slot',
    'Slot?_sort=_id',
    'Slot?_sort=-start',
    'Slot?_sort=status,-start',
    'Slot?_sort=identifier,-status,_id',
    'Slot?_sort=_lastUpdated',
    'Slot?_sort=-_lastUpdated',
    'Slot?start=ge2024-01-01',
    'Slot?start=le2024-12',
    'Slot?status=free,busy',
    'Slot?status=free,busy&_sort=start',
    'Slot?schedule=Schedule/1',
    'Slot?schedule=Schedule/1&_sort=-start',
  ])('%s yields each once', async (query) => {
    const ids = await walk(query, 37)
    expect(ids).toHaveLength(ROWS)
    expect(new Set(ids).size).toBe(ROWS)
    const { total } = await server.get(`${query}${query.includes('?') ? '&' : '?'}_summary=count`)
    expect(total).toBe(ROWS)
  })

  it.each([
    'Slot',
    'Slot?_sort=_id',
    'Slot?_sort=-start',
    'Slot?_sort=identifier,-start',
    'Slot?status=free,busy&_sort=start',
  ])('%s yields each once while others write', async (query) => {
    const seen: string[] = []
    let n = 0
    for await (const { ids } of server.pages(`${query}${query.includes('?') ? '&' : '?'}_count=29`)) {
      seen.push(...ids)
      // New ones anywhere in the order, and updates that leave the keys of the order as they are.
      await server.put(
        ...Array.from({ length: 4 }, () => slot(1000 + n++, { id: `new-${query.length}-${n}` })),
        slot((n * 13) % ROWS, { comment: `changed ${n}` }),
      )
      if (n > 400) throw new Error('never ends')
    }
    const old = seen.filter((id) => id.startsWith('s'))
    expect(old).toHaveLength(ROWS)
    expect(new Set(seen).size).toBe(seen.length)
    const added = (await server.found('Slot')).filter((id) => id.startsWith('new'))
    for (let at = 0; at < added.length; at += 200)
      await server.remove(...added.slice(at, at + 200).map((id) => `Slot/${id}`))
  })
})

it('10,000 rows are walked once each, whatever is written meanwhile', async () => {
  const list = (id: string, n: number): Given => ({
    resourceType: 'Basic',
    id,
    code: { coding: [{ code: `c${n % 20}` }] },
    created: `2024-01-${String(1 + (n % 28)).padStart(2, '0')}`,
  })
  await server.put(...Array.from({ length: 10_000 }, (_, i) => list(`walk${i}`, i)))
  for (const query of ['Basic?created=ge2024&_count=1000', 'Basic?_sort=-created&_count=1000', 'Basic?_count=1000']) {
    const seen: string[] = []
    let n = 0
    for await (const { ids } of server.pages(query)) {
      seen.push(...ids)
      await server.put(...Array.from({ length: 20 }, () => list(`new${query.length}-${n++}`, n)), list(`walk${n}`, n))
    }
    expect(new Set(seen).size, query).toBe(seen.length)
    expect(seen.filter((id) => id.startsWith('walk')).length, query).toBe(10_000)
  }
}, 120_000)

describe('_sort by several values, and along a reference', () => {
  const patient = (id: string, ...families: string[]): Given => ({
    resourceType: 'Patient',
    id,
    name: families.map((family) => ({ family })),
  })
  const visit = (id: string, subject: string, more: object = {}): Given => ({
    resourceType: 'Encounter',
    id,
    status: 'finished',
    class: { code: 'AMB' },
    subject: { reference: subject },
    ...more,
  })
  beforeAll(() =>
    server.put(
      patient('az', 'Abel', 'Zorn'),
      patient('m', 'Mann'),
      patient('bc', 'Cole', 'Beck'),
      { resourceType: 'Patient', id: 'nobody', gender: 'other' },
      { resourceType: 'Group', id: 'g', type: 'person', actual: true },
      visit('e1', 'Patient/m'),
      visit('e2', 'Patient/az'),
      visit('e3', 'Patient/nobody'),
      visit('e4', 'Patient/bc', { identifier: [{ value: 'k' }, { value: 'a' }] }),
      visit('e5', 'Group/g', { identifier: [{ value: 'b' }] }),
      visit('e6', 'Patient/gone'),
    ),
  )

  it.each([
    // the least of several counts upwards, the greatest downwards
    ['Patient?_id=az,m,bc&_sort=family', ['az', 'bc', 'm']],
    ['Patient?_id=az,m,bc&_sort=-family', ['az', 'm', 'bc']],
    ['Encounter?identifier:missing=false&_sort=identifier', ['e4', 'e5']],
    ['Encounter?identifier:missing=false&_sort=-identifier', ['e4', 'e5']],
    // none of a value, none of the type, nobody: lowest
    ['Encounter?_id=e1,e2,e4&_sort=patient.family', ['e2', 'e4', 'e1']],
    ['Encounter?_id=e1,e2,e4&_sort=-patient.family', ['e2', 'e1', 'e4']],
    ['Encounter?_sort=-subject:Patient.family,_id', ['e2', 'e1', 'e4', 'e3', 'e5', 'e6']],
    ['Encounter?_sort=subject:Patient.family,-_id', ['e6', 'e5', 'e3', 'e2', 'e4', 'e1']],
    ['Encounter?_id=e1,e2&_sort=patient._id', ['e2', 'e1']],
  ])('%s', async (query, expected) => {
    for (const count of [1, 2, 10]) expect(await walk(query, count)).toEqual(expected)
  })

  it.each([
    ['Encounter?_sort=subject.family', 'subject:Patient.family'],
    ['Encounter?_sort=patient.nothing', 'nothing'],
    ['Encounter?_sort=patient:Group.name', 'Group'],
    ['Encounter?_sort=status.name', 'no reference'],
  ])('%s is refused', async (query, said) => {
    expect(await server.refused(query)).toContain(said)
  })
})

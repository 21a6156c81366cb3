import type { OperationOutcome } from '@medplum/fhirtypes'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linkOf, openServer, type SearchServer, value, warnings } from '../search/server.js'
import { statementsOf } from '../support/statements.js'

// What users of other servers lived with, and what they find here instead: searches.

let server: SearchServer
beforeAll(async () => {
  server = await openServer({ INGLE_MAX_INCLUDES: '10' })
})
afterAll(() => server.stop())

const at = (n: number) => new Date(Date.UTC(2024, 0, 1) + n * 3_600_000).toISOString()
const analyze = async () => {
  const session = new pg.Client(server.database.connection)
  await session.connect()
  await session.query('vacuum analyze')
  await session.end()
}
const diagnostics = ({ issue }: OperationOutcome, of: string) =>
  issue.filter(({ details }) => details?.text === of).map((one) => one.diagnostics!)
const explained = (type: string, query: string) =>
  server.get(`${type}/$explain?${query}`) as unknown as Promise<OperationOutcome>

describe('chained searches take minutes', () => {
  const states = Array.from({ length: 40 }, (_, i) => `State${i}.`)
  beforeAll(async () => {
    await server.put(
      ...Array.from({ length: 200 }, (_, i) => [
        { resourceType: 'Patient', id: `ch${i}`, address: [{ state: `State${i % 50}.` }] },
        {
          resourceType: 'Encounter',
          id: `ch${i}`,
          status: 'finished',
          class: { code: 'AMB' },
          subject: { reference: `Patient/ch${i}` },
        },
      ]).flat(),
    )
    await analyze()
  })

  it('many values on a chain: the targets are found by their index once, and no table is scanned', async () => {
    const query = `patient.address-state=${states.join()}`
    expect(await server.found(`Encounter?${query}`)).toHaveLength(160)
    const [plan] = diagnostics(await explained('Encounter', query), 'SQL plan')
    expect(plan).toContain('Index')
    expect(plan).not.toContain('Seq Scan')
  })

  it('the statements for forty values are no more than those for one', async () => {
    const cost = async (wanted: string[]) => {
      await server.get(`Encounter?patient.address-state=${wanted.join()}`)
      return (await statementsOf(() => server.get(`Encounter?patient.address-state=${wanted.join()}`))).length
    }
    expect(await cost(states)).toBeLessThanOrEqual(await cost(states.slice(0, 1)))
  })
})

describe('_has is slow or limited', () => {
  beforeAll(async () => {
    const observation = (id: string, patient: string, performer: string, code: string) => ({
      resourceType: 'Observation',
      id,
      status: 'final',
      code: { coding: [{ code }] },
      subject: { reference: `Patient/${patient}` },
      performer: [{ reference: `Practitioner/${performer}` }],
    })
    await server.put(
      { resourceType: 'Organization', id: 'ho', name: 'Hospital' },
      { resourceType: 'Practitioner', id: 'hd1', name: [{ family: 'Quirin' }] },
      { resourceType: 'Practitioner', id: 'hd2', name: [{ family: 'Ramses' }] },
      { resourceType: 'Patient', id: 'hp1', gender: 'male', managingOrganization: { reference: 'Organization/ho' } },
      { resourceType: 'Patient', id: 'hp2', gender: 'female' },
      observation('hx1', 'hp1', 'hd1', 'k'),
      observation('hx2', 'hp2', 'hd2', 'k'),
      {
        resourceType: 'Provenance',
        id: 'hv',
        recorded: at(0),
        target: [{ reference: 'Observation/hx1' }],
        agent: [{ who: { reference: 'Practitioner/hd1' } }],
      },
    )
  })

  it.each([
    ['a chain inside _has', 'Patient?_has:Observation:patient:performer:Practitioner.family=quirin', ['hp1']],
    ['_has inside _has', 'Patient?_has:Observation:patient:_has:Provenance:target:agent=Practitioner/hd1', ['hp1']],
    ['_has at the end of a chain', 'Observation?patient._has:Observation:patient:code=k&code=k', ['hx1', 'hx2']],
    ['a chain of two hops', 'Observation?patient.organization.name=hospital', ['hx1']],
    [
      '_has of a chain of two hops',
      'Organization?_has:Patient:organization:_has:Observation:patient:performer:Practitioner.family=quirin',
      ['ho'],
    ],
    ['several at once', 'Patient?_has:Observation:patient:code=k&gender=female', ['hp2']],
  ])('%s', async (_, query, ids) => {
    expect(await server.found(query)).toEqual(ids)
  })
})

describe('_include adds minutes or drops rows', () => {
  beforeAll(async () => {
    await server.put(
      ...Array.from({ length: 50 }, (_, i) => [
        { resourceType: 'Location', id: `in${i}`, name: `L${i}` },
        {
          resourceType: 'Appointment',
          id: `in${i}`,
          status: 'proposed',
          participant: [{ status: 'accepted', actor: { reference: `Location/in${i}` } }],
        },
      ]).flat(),
      { resourceType: 'HealthcareService', id: 'in', location: [{ reference: 'Location/in0' }] },
      ...Array.from({ length: 15 }, (_, i) => ({
        resourceType: 'Slot',
        id: `in${i}`,
        status: 'free',
        schedule: { reference: 'Schedule/in' },
        start: at(i),
        end: at(i + 1),
      })),
      { resourceType: 'Schedule', id: 'in', actor: [{ reference: 'Location/in0' }] },
    )
  })

  it('_count counts matches, and includes come beside them', async () => {
    const bundle = await server.get('Appointment?_include=Appointment:location&_count=5')
    const modes = bundle.entry!.map(({ search }) => search!.mode)
    expect(modes.filter((mode) => mode === 'match')).toHaveLength(5)
    expect(modes.filter((mode) => mode === 'include')).toHaveLength(5)
  })

  it('includes of a page are one statement, however many matches it has', async () => {
    const cost = async (count: number) => {
      const query = `Appointment?_include=Appointment:location&_count=${count}`
      await server.get(query)
      return (await statementsOf(() => server.get(query))).length
    }
    expect(await cost(9)).toBe(await cost(2))
  })

  it('more than the limit: the page says so, and leads to all of them', async () => {
    const bundle = await server.get('Schedule?_id=in&_revinclude=Slot:schedule')
    expect(bundle.entry!.filter(({ search }) => search!.mode === 'include')).toHaveLength(10)
    expect(warnings(bundle).join()).toContain('INGLE_MAX_INCLUDES')
    const rest = linkOf(bundle, 'related')!
    expect(await server.found(rest)).toHaveLength(15)
  })
})

describe('totals are slow, missing or false', () => {
  beforeAll(async () => {
    await server.put(
      ...Array.from({ length: 30 }, (_, i) => ({
        resourceType: 'Device',
        id: `to${i}`,
        status: i % 3 ? 'active' : 'inactive',
        deviceName: [{ name: `name ${i}`, type: 'other' }],
      })),
    )
  })

  it.each([
    ['none', undefined],
    ['accurate', 20],
    ['estimate', 20],
  ])('_total=%s is what it says', async (total, expected) => {
    const bundle = await server.get(`Device?status=active&_total=${total}&_count=7`)
    expect(bundle.total).toBe(expected)
  })

  it('is the same on every page', async () => {
    const totals = []
    for await (const { bundle } of server.pages('Device?status=active&_total=accurate&_count=7'))
      totals.push(bundle.total)
    expect(totals).toEqual([20, 20, 20])
  })

  it('_summary=count is the count alone', async () => {
    expect(await server.get('Device?status=inactive&_summary=count')).toMatchObject({ total: 10 })
  })
})

describe('paging repeats or loses rows', () => {
  beforeAll(async () => {
    await server.put(
      ...Array.from({ length: 60 }, (_, i) => ({
        resourceType: 'Task',
        id: `pg${i}`,
        status: 'requested',
        intent: 'order',
        // A third has no value to sort by, and many have the same.
        ...(i % 3 && { authoredOn: at(i % 4) }),
        ...(i % 2 && { priority: i % 4 === 1 ? 'urgent' : 'routine' }),
      })),
    )
  })

  it.each(['authored-on', '-authored-on', 'priority', '-priority,authored-on', '_lastUpdated', '_id'])(
    'sorted by %s each row is met once while others write, those without the value too',
    async (sort) => {
      const seen: string[] = []
      let n = 0
      for await (const { ids } of server.pages(`Task?_sort=${sort}&_count=7`)) {
        seen.push(...ids)
        await server.put({
          resourceType: 'Task',
          id: `new-${value(sort)}-${n++}`.replace(/[^\w-]/g, '-').replaceAll('_', ''),
          status: 'draft',
          intent: 'order',
        })
      }
      const first = seen.filter((id) => id.startsWith('pg'))
      expect(first).toHaveLength(60)
      expect(new Set(first).size).toBe(60)
      expect(new Set(seen).size).toBe(seen.length)
    },
  )

  it('links tell nothing of what was asked', async () => {
    const next = linkOf(await server.get('Patient?address-state=State1.&_count=1'), 'next')!
    expect(next).not.toMatch(/state/i)
    expect(Buffer.from(next.split('_cursor=')[1]!, 'base64url').toString('latin1')).not.toContain('state')
  })
})

describe('a misspelled filter returns everything', () => {
  it('is refused, and told what is right', async () => {
    expect(await server.refused('Patient?famly=x')).toMatch(/famly.*family/s)
    expect(await server.refused('Patient?gender:exacct=x')).toContain('exacct')
  })

  it('when lenient is left out of a true self link, with a warning for each', async () => {
    const bundle = await server.get('Patient?famly=x&genre=y&gender=male', { Prefer: 'handling=lenient' })
    const said = warnings(bundle)
    for (const name of ['famly', 'genre']) expect(said.filter((one) => one.includes(name))).toHaveLength(1)
    expect(linkOf(bundle, 'self')).toMatch(/Patient\?gender=male$/)
  })
})

describe('dates are off by a day or by a zone', () => {
  beforeAll(async () => {
    await server.put(
      { resourceType: 'Patient', id: 'day', birthDate: '2024-03-10' },
      ...[
        ['morning', '2024-03-10T00:30:00+02:00'], // the 9th in UTC
        ['evening', '2024-03-10T23:30:00-05:00'], // the 11th in UTC
        ['month', '2024-03'],
        ['date', '2024-03-10'],
      ].map(([id, effectiveDateTime]) => ({
        resourceType: 'Observation',
        id: id!,
        status: 'final',
        code: { coding: [{ code: 'zone' }] },
        effectiveDateTime,
      })),
    )
  })

  it.each([
    ['Patient?_id=day&birthdate=2024-03-10', ['day']],
    ['Patient?_id=day&birthdate=2024-03-09', []],
    ['Patient?_id=day&birthdate=2024-03-11', []],
    ['Observation?code=zone&date=2024-03-10', ['date']],
    ['Observation?code=zone&date=2024-03-09', ['morning']],
    ['Observation?code=zone&date=2024-03-11', ['evening']],
    ['Observation?code=zone&date=2024-03', ['date', 'evening', 'month', 'morning']],
    [`Observation?code=zone&date=${value('2024-03-10T00:30:00+02:00')}`, ['morning']],
    ['Observation?code=zone&date=2024-03-09T22:30:00Z', ['morning']],
    ['Observation?code=zone&date=sa2024-03-10', ['evening']],
    ['Observation?code=zone&date=eb2024-03-10', ['morning']],
  ])('%s', async (query, ids) => {
    expect(await server.found(query)).toEqual(ids)
  })

  it('stay as they were written', async () => {
    const { effectiveDateTime } = (await server.get('Observation/evening')) as unknown as { effectiveDateTime: string }
    expect(effectiveDateTime).toBe('2024-03-10T23:30:00-05:00')
  })
})

describe('negation and missing are slow', () => {
  beforeAll(async () => {
    await server.put(
      ...Array.from({ length: 300 }, (_, i) => ({
        resourceType: 'ServiceRequest',
        id: `ne${i}`,
        status: i % 100 ? 'active' : 'draft',
        intent: 'order',
        subject: { reference: 'Patient/day' },
        ...(i % 100 && { authoredOn: at(i) }),
      })),
    )
    await analyze()
  })

  it.each([
    ['status:not=active', 3],
    ['authored:missing=true', 3],
    ['authored:missing=false', 297],
  ])('%s finds what it should, and scans no table', async (query, count) => {
    expect(await server.found(`ServiceRequest?${query}`)).toHaveLength(count)
    const [plan] = diagnostics(await explained('ServiceRequest', query), 'SQL plan')
    expect(plan).not.toContain('Seq Scan')
  })
})

describe('sorting is a lottery', () => {
  const visit = (id: string, patient: string, start?: string) => ({
    resourceType: 'Encounter',
    id,
    status: 'planned',
    class: { code: 'SORT' },
    subject: { reference: `Patient/${patient}` },
    ...(start && { period: { start } }),
  })
  beforeAll(async () => {
    await server.put(
      { resourceType: 'Patient', id: 'so1', name: [{ family: 'Zeller' }] },
      { resourceType: 'Patient', id: 'so2', name: [{ family: 'Anders' }] },
      visit('so1', 'so1', '2024-01-01'),
      visit('so2', 'so2', '2024-01-01'),
      visit('so3', 'so2', '2024-01-02'),
      visit('so4', 'so1'),
    )
  })

  it.each([
    ['date,_id', ['so4', 'so1', 'so2', 'so3']],
    ['-date,_id', ['so3', 'so1', 'so2', 'so4']],
    ['patient.family,date', ['so2', 'so3', 'so4', 'so1']],
    ['-patient.family,-date', ['so1', 'so4', 'so3', 'so2']],
  ])(
    '_sort=%s: several keys, along references, with a chain beside it, no value below all others',
    async (sort, ids) => {
      expect(await server.ids(`Encounter?class=SORT&patient.family=zeller,anders&_sort=${sort}`)).toEqual(ids)
    },
  )

  it('by what cannot be sorted by is refused', async () => {
    expect(await server.refused('Encounter?_sort=nonsense')).toContain('nonsense')
  })
})

import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planOf, rowsRead, type Statement, statementsOf } from '../support/statements.js'
import { type Given, openServer, type SearchServer } from './server.js'

// What requests of a practice's day read: no table as a whole, nothing twice, and nobody else's rows.

const PATIENTS = 200
const FAMILIES = ['Smithson', 'Johnson', 'Abendroth', 'Meier']

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
  const day = (n: number) => new Date(Date.UTC(2023, 0, 1) + n * 86_400_000).toISOString()
  const patient = (i: number): Given => ({
    resourceType: 'Patient',
    id: `p${i}`,
    name: [{ family: `${FAMILIES[i % 4]}`, given: [`Given${i}`] }],
    gender: i % 2 ? 'male' : 'female',
  })
  const rows = Array.from({ length: 1200 }, (_, i): Given[] => {
    const subject = { reference: `Patient/p${i % PATIENTS}` }
    return [
      {
        resourceType: 'Communication',
        id: `c${i}`,
        status: 'completed',
        subject,
        medium: [{ coding: [{ code: i % 4 ? 'EMAILWRIT' : 'SMSWRIT' }] }],
        payload: [{ contentString: i % 300 ? 'Nothing of note' : 'The dosages were doubled' }],
        sent: day(i % 700),
      },
      {
        resourceType: 'CarePlan',
        id: `k${i}`,
        status: i % 3 ? 'active' : 'completed',
        intent: 'plan',
        subject,
        category: [{ coding: [{ code: i % 5 ? 'diet' : 'journey' }] }],
      },
      {
        resourceType: 'Appointment',
        id: `a${i}`,
        status: 'booked',
        start: day(i % 700),
        end: day(i % 700),
        participant: [{ actor: subject, status: 'accepted' }],
      },
    ]
  }).flat()
  await server.put(...Array.from({ length: PATIENTS }, (_, i) => patient(i)), ...rows)
  const session = new pg.Client(server.database.connection)
  await session.connect()
  await session.query('vacuum analyze')
  await session.end()
})
afterAll(() => server.stop())

/** The statements of a request that was asked before, so that all is at hand that a server remembers. */
async function statements(query: string): Promise<Statement[]> {
  await server.get(query)
  return statementsOf(() => server.get(query))
}

describe('is served by an index, and reads about what it answers', () => {
  it.each([
    ['Communication?subject=Patient/p7&medium=SMSWRIT', 30],
    ['CarePlan?subject=Patient/p7&status=active&category=journey', 30],
    ['Patient?name=abe&_count=10', 60],
    ['Patient?name:contains=endro&_count=10', 60],
    ['Patient?name:text=abendroth&_count=10', 60],
  ])('%s', async (query, most) => {
    const asked = await statements(query)
    expect(asked.length).toBeGreaterThan(0)
    for (const statement of asked) {
      const plan = await planOf(server.database, statement)
      expect(plan.filter((node) => node['Node Type'] === 'Seq Scan')).toEqual([])
      expect(plan.some((node) => node['Index Name'])).toBe(true)
      expect(rowsRead(plan, 'resource')).toBeLessThanOrEqual(most)
    }
  })
})

it('fifty Appointments with their Patients are three statements at most', async () => {
  const query = 'Appointment?_count=50&_include=Appointment:patient'
  const bundle = await server.get(query)
  expect(bundle.entry).toHaveLength(100)
  expect([2, 3]).toContain((await statements(query)).length)
})

it.each(['Patient?_summary=count', 'Patient?gender=male&_summary=count', 'Communication?_total=accurate&_count=0'])(
  '%s counts no rows: totals are kept',
  async (query) => {
    for (const statement of await statements(query)) expect(statement.text).not.toMatch(/count\(\*\)[^;]*from resource/)
    expect((await server.get(query)).total).toBeGreaterThan(0)
  },
)

it('words are found in every form, in payloads too', async () => {
  expect(await server.found('Communication?_content=doubling')).toEqual(['c0', 'c300', 'c600', 'c900'])
})

import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PlanNode, planOf as planOfStatement, statementsOf } from '../support/statements.js'
import { type Given, openServer, type SearchServer } from './server.js'

// Every search is answered by the index that was meant for it: rows DB-2 to DB-6 of the requirements.

let server: SearchServer

beforeAll(async () => {
  server = await openServer()
  const day = (n: number) => new Date(Date.UTC(2020, 0, 1) + n * 86_400_000).toISOString()
  const rows = Array.from({ length: 1500 }, (_, i): Given[] => {
    const subject = { reference: `Patient/p${i % 150}` }
    return [
      {
        resourceType: 'Appointment',
        id: `a${i}`,
        status: i % 5 ? 'booked' : 'cancelled',
        start: day(i % 900),
        end: day(i % 900),
        participant: [
          { actor: subject, status: 'accepted' },
          { actor: { reference: `Practitioner/d${i % 40}` }, status: 'accepted' },
          ...(i % 50 ? [] : [{ actor: { reference: `Patient/p${(i + 1) % 150}` }, status: 'accepted' }]),
        ],
      },
      { resourceType: 'CarePlan', id: `c${i}`, status: i % 3 ? 'active' : 'completed', intent: 'plan', subject },
      { resourceType: 'Communication', id: `m${i}`, status: 'completed', subject, sent: day(i % 800) },
    ]
  }).flat()
  await server.put(...rows)
  const admin = new pg.Client(server.database.connection)
  await admin.connect()
  // A second tenant, with rows that only `tenant` tells apart from those of the first.
  const columns = 'type, deleted, narrow, version, rid, key, at, patient, date_lo, date_hi, id, tok, ref, txt'
  await admin.query(`insert into resource (tenant, ${columns}) select 2, ${columns} from resource`)
  await admin.query('insert into version select 2, version, rid, at, method, content from version')
  await admin.query('vacuum analyze')
  await admin.end()
})
afterAll(() => server.stop())

/** The plan of the statement that reads the page, as the server's sessions make it. */
async function planOf(search: string): Promise<PlanNode[]> {
  await server.get(search) // whose estimates are then known
  const statements = await statementsOf(() => server.get(search))
  const page = statements.filter(({ text }) => /limit \$/.test(text))
  expect(page.length, search).toBe(1)
  return planOfStatement(server.database, page[0]!)
}

const indexes = (nodes: PlanNode[]) => new Set(nodes.flatMap((node) => node['Index Name'] ?? []))
const scans = (nodes: PlanNode[]) => nodes.filter((node) => node['Node Type'] === 'Seq Scan')
const mostSorted = (nodes: PlanNode[]) =>
  Math.max(
    0,
    ...nodes
      .filter((node) => /Sort/.test(node['Node Type']))
      .flatMap((node) => (node.Plans ?? []).map((below) => below['Actual Rows'] ?? 0)),
  )

it.each([
  ['Appointment?_lastUpdated=gt2020-01-01&_sort=_lastUpdated', ['resource_updated']],
  ['Appointment?_lastUpdated=gt2020-01-01&_sort=-_lastUpdated', ['resource_updated']],
  ['CarePlan?status=active&_sort=-_lastUpdated', ['resource_updated', 'resource_tok']],
  ['CarePlan?status=active', ['resource_pkey', 'resource_tok']],
  ['CarePlan?status=entered-in-error', ['resource_tok']],
  ['Appointment?patient=p7&date=ge2020-06-01', ['resource_patient']],
  ['Appointment?practitioner=d7&date=ge2020-06-01', ['resource_ref', 'resource_date']],
  ['Communication?subject=Patient/p7&_sort=-sent', ['resource_patient']],
  ['Communication?subject=Patient/p7', ['resource_patient']],
  ['Communication?patient=p7&status=completed&_sort=-sent', ['resource_patient']],
  ['Appointment?date=ge2021-01-01&date=lt2021-02-01&_sort=date', ['resource_date']],
  ['Appointment?_id=a1,a2', ['resource_tenant_key_key']],
  ['Appointment?_filter=practitioner%20eq%20d7%20or%20practitioner%20eq%20d8', ['resource_ref']],
  [
    'Appointment?_filter=practitioner%20eq%20d7%20or%20_id%20eq%20a1',
    ['resource_ref', 'resource_pkey', 'resource_tenant_key_key'],
  ],
])('%s', async (search, allowed) => {
  const plan = await planOf(search)
  expect(scans(plan)).toEqual([])
  const used = [...indexes(plan)].filter((name) => name.startsWith('resource'))
  expect(used.length).toBeGreaterThan(0)
  expect(allowed, used.join()).toEqual(expect.arrayContaining(used))
})

it('Appointment?_lastUpdated=gt… is served by the index on it', async () => {
  expect([...indexes(await planOf('Appointment?_lastUpdated=gt2020-01-01'))]).toContain('resource_updated')
})

it('a patient’s newest Communications are read in the order of the index', async () => {
  const plan = await planOf('Communication?subject=Patient/p7&_sort=-sent&_count=3')
  // What is sorted is only what the two branches, one patient and several, hand over: a page each.
  expect(mostSorted(plan)).toBeLessThanOrEqual(8)
  expect(plan.some((node) => node['Index Name'] === 'resource_patient')).toBe(true)
})

it.each([
  ['Appointment', 1500],
  ['Appointment?_lastUpdated=gt2020-01-01', 1500],
  ['Appointment?status=cancelled', 300],
  ['Communication?subject=Patient/p7', 10],
  ['Appointment?practitioner=d7', 38],
  ['Appointment?date=lt2020-01-11', 20],
  ['?_type=CarePlan,Communication&_id=c1,m1', 2],
  ['Patient?_has:CarePlan:patient:status=active', 0],
])('%s finds nothing of another tenant', async (search, expected) => {
  expect(await server.found(`${search}${search.includes('?') ? '&' : '?'}_count=500`)).toHaveLength(expected)
})

it.each(['', '?start=2020-01-05&end=2020-03-01'])(
  'a compartment%s is one look-up in the index of references, and reads no other row',
  async (query) => {
    await server.put({ resourceType: 'Patient', id: 'p7' })
    const plan = await planOf(`Patient/p7/$everything${query}`)
    expect(scans(plan)).toEqual([])
    expect([...indexes(plan)].sort()).toEqual(['resource_ref'])
    const [{ 'Actual Rows': shown = 0, 'Rows Removed by Filter': left = 0 }] = plan.filter(
      (node) => node['Node Type'] === 'Bitmap Heap Scan',
    ) as [PlanNode]
    // 10 of each of three types, in both tenants, and the appointments that others share with this patient
    expect(shown + left).toBeLessThanOrEqual(100)
  },
)

it('the newest of each code are read from the rows of their patient', async () => {
  const plan = await planOf('Observation/$lastn?patient=p7&category=vital-signs&max=3')
  expect(scans(plan)).toEqual([])
  expect([...indexes(plan)].sort()).toEqual(['resource_patient', 'version_pkey'])
})

it('indexes of what is searched leave out what is deleted', async () => {
  const session = new pg.Client(server.database.connection)
  await session.connect()
  const { rows } = await session.query<{ name: string; definition: string }>(
    "select indexname as name, indexdef as definition from pg_indexes where tablename = 'resource'",
  )
  await session.end()
  const partial = rows.filter(({ definition }) => definition.includes('NOT deleted')).map(({ name }) => name)
  expect(partial.sort()).toEqual(expect.arrayContaining(['resource_date', 'resource_patient']))
})

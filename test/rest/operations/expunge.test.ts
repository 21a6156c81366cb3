import type { Parameters } from '@medplum/fhirtypes'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../server.js'

// What is expunged is gone from every table; what is not gone is not called so.

let server: RestServer
let database: pg.Client
beforeAll(async () => {
  server = await openServer({ INGLE_EXPUNGE_ENABLED: 'on' })
  database = new pg.Client(server.database.connection)
  await database.connect()
})
afterAll(async () => {
  await database.end()
  await server.stop()
})

const flags = (...names: string[]) => names.map((name) => ({ name, valueBoolean: true }))
const [DELETED, PREVIOUS] = ['expungeDeletedResources', 'expungePreviousVersions']
const asked = (...parameter: object[]) => ({
  body: { resourceType: 'Parameters', ...(parameter.length && { parameter }) },
})

async function expunge(place: string, ...parameter: object[]) {
  const { json } = await server.expect(200, `POST ${place}$expunge`, asked(...parameter))
  const all = (json as Parameters).parameter!
  const one = (name: string) => all.find((part) => part.name === name)
  return {
    count: one('count')!.valueUnsignedInt,
    versions: one('versions')!.valueUnsignedInt,
    complete: one('complete')!.valueBoolean,
    removed: all.flatMap(({ name, valueString }) => (name === 'removed' ? [valueString!] : [])).sort(),
    outcome: one('outcome')?.resource,
  }
}

/** Two versions of each; `gone…` are deleted, which is a third. */
beforeEach(async () => {
  await expunge('', ...flags('expungeEverything'))
  const all = ['Patient/a', 'Patient/gone', 'Basic/gone-too']
  for (const active of [true, false]) {
    for (const name of all) {
      const [resourceType, id] = name.split('/')
      const own =
        resourceType === 'Patient'
          ? { active, name: [{ family: 'X' }], birthDate: '2000' }
          : { code: { text: `${active}` } }
      const contained = [{ resourceType: 'Organization', id: 'o', name: 'O' }]
      const extension = [{ url: 'http://example.org/o', valueReference: { reference: '#o' } }]
      await server.ask(`PUT ${name}`, { body: { resourceType, id, contained, extension, ...own } })
    }
  }
  await server.expect(204, 'DELETE Patient/gone')
  await server.expect(204, 'DELETE Basic/gone-too')
})

/** Every table of resources that has rows, with how many. */
async function rows(): Promise<Record<string, number>> {
  const tables = await database.query<{ table_name: string }>(
    `select c.table_name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where c.column_name = 'rid' and t.table_type = 'BASE TABLE'`,
  )
  const found: Record<string, number> = {}
  for (const { table_name: name } of tables.rows) {
    const { rows: counted } = await database.query(`select count(*)::int as n from ${name}`)
    if (counted[0].n > 0) found[name] = counted[0].n
  }
  return found
}

describe('$expunge', () => {
  it('of an instance removes it with its history, once it is deleted', async () => {
    expect(await expunge('Patient/gone/', ...flags(DELETED!))).toEqual({
      count: 1,
      versions: 3,
      complete: true,
      removed: ['Patient/gone'],
    })
    await server.refused(404, 'GET Patient/gone')
    await server.refused(404, 'GET Patient/gone/_history/1')
    await server.refused(404, 'POST Patient/gone/$expunge', asked(...flags(DELETED!)))
    expect(
      (await server.expect(201, 'PUT Patient/gone', { body: { resourceType: 'Patient', id: 'gone' } })).json.meta
        .versionId,
    ).toBe('1')
    expect(await server.refused(409, 'POST Patient/a/$expunge', asked(...flags(DELETED!)))).toMatch(/DELETE it first/)
  })

  it('of previous versions leaves the newest', async () => {
    expect(await expunge('Patient/a/', ...flags(PREVIOUS!))).toEqual({
      count: 1,
      versions: 1,
      complete: true,
      removed: ['Patient/a/_history/1'],
    })
    await server.refused(404, 'GET Patient/a/_history/1')
    expect((await server.expect(200, 'GET Patient/a')).json.meta.versionId).toBe('2')
    expect((await server.expect(200, 'GET Patient/a/_history')).json.entry).toHaveLength(1)
    expect((await server.expect(200, 'GET Patient?family=x')).json.entry).toHaveLength(1)
  })

  it('of a type leaves other types alone', async () => {
    expect(await expunge('Patient/', ...flags(DELETED!, PREVIOUS!))).toEqual({
      count: 2,
      versions: 4,
      complete: true,
      removed: ['Patient/a/_history/1', 'Patient/gone'],
    })
    await server.refused(410, 'GET Basic/gone-too')
  })

  it('of the server takes all types', async () => {
    const { removed } = await expunge('', ...flags(DELETED!))
    expect(removed).toEqual(['Basic/gone-too', 'Patient/gone'])
    expect((await server.expect(200, 'GET _history')).json.entry).toHaveLength(2)
  })

  it('says when there is more than its limit', async () => {
    const limit = { name: 'limit', valuePositiveInt: 1 }
    const first = await expunge('', limit, ...flags(DELETED!, PREVIOUS!))
    expect(first).toMatchObject({ count: 1, complete: false, outcome: { issue: [{ code: 'incomplete' }] } })
    const second = await expunge('', limit, ...flags(DELETED!, PREVIOUS!))
    const third = await expunge('', limit, ...flags(DELETED!, PREVIOUS!))
    expect([second.complete, third.complete]).toEqual([false, true])
    expect([...first.removed, ...second.removed, ...third.removed].sort()).toEqual([
      'Basic/gone-too',
      'Patient/a/_history/1',
      'Patient/gone',
    ])
    expect(await expunge('', ...flags(DELETED!, PREVIOUS!))).toEqual({
      count: 0,
      versions: 0,
      complete: true,
      removed: [],
    })
  })

  it('of everything leaves no row of any table, and counts start anew', async () => {
    expect(Object.keys(await rows())).toEqual(expect.arrayContaining(['resource', 'version', 'string_value']))
    const { complete, removed } = await expunge('', ...flags('expungeEverything'))
    expect(complete).toBe(true)
    expect(removed).toEqual(['Basic/gone-too', 'Patient/a', 'Patient/gone'])
    expect(await rows()).toEqual({})
    expect(await server.count()).toBe(0)
    expect((await server.expect(200, 'GET _history')).json.entry).toBeUndefined()
  })

  it('of everything is one transaction with an Idempotency-Key', async () => {
    const asking = { ...asked(...flags('expungeEverything')), headers: { 'Idempotency-Key': 'all' } }
    const { json } = await server.expect(200, 'POST $expunge', asking)
    expect((json as Parameters).parameter!.filter(({ name }) => name === 'removed')).toHaveLength(3)
    expect(await rows()).toEqual({})
    expect((await server.expect(200, 'POST $expunge', asking)).json).toEqual(json)
  })

  it.each([
    [400, '$expunge', [], /needs expungeDeletedResources or/],
    [400, 'Patient/$expunge', flags('expungeEverything'), /whole server/],
    [400, '$expunge', [...flags('expungeEverything'), { name: 'limit', valuePositiveInt: 1 }], /no limit/],
    [404, 'Patient/none/$expunge', flags('expungePreviousVersions'), /no resource/],
  ])('%i: %s %j', async (status, place, parameters, reason) => {
    expect(await server.refused(status, `POST ${place}`, asked(...parameters))).toMatch(reason)
  })
})

it('$expunge is off unless it is switched on', async () => {
  const careful = await openServer()
  try {
    const reason = await careful.refused(403, 'POST $expunge', asked(...flags(DELETED!)))
    expect(reason).toContain('INGLE_EXPUNGE_ENABLED')
  } finally {
    await careful.stop()
  }
})

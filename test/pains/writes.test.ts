import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sessionsOf } from '../faults/sessions.js'
import { type Given, idsOf, openServer, type RestServer } from '../rest/server.js'

// What users of other servers lived with, and what they find here instead: writes, jobs, time and tenants.

let server: RestServer
beforeAll(async () => {
  server = await openServer({ INGLE_EXPUNGE_ENABLED: 'on', INGLE_REQUEST_TIMEOUT_MS: '20000' })
})
afterAll(() => server.stop())

const basic = (id: string, more: Record<string, unknown> = {}): Given => ({
  resourceType: 'Basic',
  id,
  code: { text: 'thing' },
  ...more,
})
const post = (resource: Given, more: Record<string, unknown> = {}) => ({
  resource,
  request: { method: 'POST', url: resource.resourceType, ...more },
})
const put = (resource: Given, more: Record<string, unknown> = {}) => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}`, ...more },
})
const request = (text: string, more: Record<string, unknown> = {}) => {
  const [method, url] = text.split(' ')
  return { request: { method, url, ...more } }
}
const times = <T>(count: number, work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)))
const tally = (statuses: readonly (number | string)[]) => {
  const counts: Record<string, number> = {}
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
const patient = (identifier: string, more: Record<string, unknown> = {}): Given => ({
  resourceType: 'Patient',
  identifier: [{ system: 'urn:pain', value: identifier }],
  ...more,
})
const by = (identifier: string) => `identifier=urn:pain|${identifier}`

describe('transactions are capped at a few entries', () => {
  it('five thousand, conditional ones among them, are one transaction', async () => {
    const entry = Array.from({ length: 5000 }, (_, i) =>
      i % 50
        ? post({
            resourceType: 'Flag',
            status: 'active',
            code: { text: `${i}` },
            subject: { reference: `Patient?${by('capped')}` },
          })
        : post(patient(`c${i}`), { ifNoneExist: by(`c${i}`) }),
    )
    await server.expect(201, 'POST Patient', { body: patient('capped') })
    const { status, json, text } = await server.transact(entry)
    expect(status, text.slice(0, 500)).toBe(200)
    expect(tally(json.entry.map(({ response }: { response: { status: string } }) => response.status))).toEqual({
      '201 Created': 5000,
    })
    expect(await server.count('Flag')).toBe(4900)
  }, 60_000)

  it('the limit is a setting, and the CapabilityStatement says it', async () => {
    const { json } = await server.expect(200, 'GET metadata')
    expect(json.rest[0].documentation).toContain('at most 10000 entries')
  })
})

describe('a conditional create makes duplicates', () => {
  it.each<[string, (i: number) => Promise<string>]>([
    [
      'alone',
      async () => {
        const { status } = await server.ask('POST Patient', {
          body: patient('alone'),
          headers: { 'If-None-Exist': by('alone') },
        })
        return `${status}`
      },
    ],
    [
      'in transactions',
      async (i) => {
        const { json } = await server.transact([
          post(basic(`dup${i}`)),
          post(patient('in transactions'), { ifNoneExist: by('in transactions') }),
        ])
        return json.entry[1].response.status.slice(0, 3)
      },
    ],
    [
      'in batches',
      async () => {
        const { json } = await server.batch([post(patient('in batches'), { ifNoneExist: by('in batches') })])
        return json.entry[0].response.status.slice(0, 3)
      },
    ],
  ])('of 64 at once %s, one creates', async (name, send) => {
    expect(tally(await times(64, send))).toEqual({ 200: 63, 201: 1 })
    expect((await server.expect(200, `GET Patient?${by(name)}&_total=accurate`)).json.total).toBe(1)
  })
})

describe('transactions drop writes or deadlock', () => {
  it('entries that change the same resource are refused, by criteria or by id', async () => {
    await server.expect(201, 'PUT Patient/same', { body: { ...patient('same'), id: 'same' } })
    const byCriteria = { resource: patient('same'), request: { method: 'PUT', url: `Patient?${by('same')}` } }
    const { status } = await server.transact([put({ ...patient('same'), id: 'same' }), byCriteria])
    expect(status).toBe(400)
    expect((await server.transact([byCriteria, byCriteria])).status).toBe(400)
  })

  it('32 that overlap in any order all take effect', async () => {
    const ids = Array.from({ length: 6 }, (_, i) => `dl${i}`)
    await server.transact(ids.map((id) => put(basic(id))))
    const answers = await times(32, (i) =>
      server.transact([...ids.slice(i % 6), ...ids.slice(0, i % 6)].slice(0, 4).map((id) => put(basic(id)))),
    )
    expect(tally(answers.map(({ status }) => status))).toEqual({ 200: 32 })
    const versions = await Promise.all(ids.map(async (id) => (await server.ask(`GET Basic/${id}`)).json.meta.versionId))
    expect(versions.reduce((sum, version) => sum + Number(version) - 1, 0)).toBe(32 * 4)
  })

  it('the order is deletes, creates, updates, reads, however they are listed', async () => {
    await server.transact([put(basic('order1')), put(basic('order2'))])
    const { json } = await server.transact([
      request('GET Basic?_id=order1,order2,order3'),
      put(basic('order2', { language: 'de' })),
      put(basic('order3')),
      request('DELETE Basic/order1'),
    ])
    const found = json.entry[0].resource.entry.map(({ resource }: { resource: Given }) => resource)
    expect(found.map(({ id, language }: Given) => `${id} ${language}`).sort()).toEqual([
      'order2 de',
      'order3 undefined',
    ])
  })
})

describe('a reindex hangs, blocks or lies', () => {
  const colour = {
    resourceType: 'SearchParameter',
    id: 'colour',
    url: 'http://example.org/fhir/SearchParameter/colour',
    name: 'Colour',
    status: 'active',
    description: 'Of a Basic',
    code: 'colour',
    base: ['Basic'],
    type: 'string',
    expression: "Basic.extension('http://example.org/colour').value.as(string)",
  }
  const coloured = (id: string) => basic(id, { extension: [{ url: 'http://example.org/colour', valueString: 'red' }] })

  it('a parameter is refused until each resource is indexed, and then finds them all; writes go on', async () => {
    await server.transact(Array.from({ length: 300 }, (_, i) => put(coloured(`co${i}`))))
    await server.expect(201, 'PUT SearchParameter/colour', { body: colour })
    expect(await server.refused(400, 'GET Basic?colour=red')).toContain('reindex')
    const { headers } = await server.expect(202, 'POST SearchParameter/colour/$reindex')
    const at = headers.get('content-location')!
    let written = 0
    const status = async () => {
      await server.expect(201, `PUT Basic/later${written}`, { body: coloured(`later${written++}`) })
      const { json } = await server.expect(200, `GET ${at}`)
      return JSON.stringify(json)
    }
    await expect.poll(status, { timeout: 15_000 }).toContain('completed')
    expect((await server.expect(200, 'GET Basic?colour=red&_summary=count')).json.total).toBe(300 + written)
  }, 20_000)
})

describe('deleting for good is slow or incomplete', () => {
  it('names what went, and nothing of it is left', async () => {
    await server.expect(201, 'PUT Basic/er', { body: basic('er', { language: 'en' }) })
    await server.expect(200, 'PUT Basic/er', { body: basic('er', { language: 'de' }) })
    await server.expect(204, 'DELETE Basic/er')
    const body = {
      resourceType: 'Parameters',
      parameter: [{ name: 'expungeDeletedResources', valueBoolean: true }],
    }
    const { json } = await server.expect(200, 'POST Basic/er/$expunge', { body })
    const given = (name: string) => json.parameter.filter((one: { name: string }) => one.name === name)
    expect(given('removed')).toMatchObject([{ valueString: 'Basic/er' }])
    expect(given('complete')).toMatchObject([{ valueBoolean: true }])
    for (const url of ['Basic/er', 'Basic/er/_history', 'Basic/er/_history/1']) await server.expect(404, `GET ${url}`)
  })
})

describe('a long history makes reads slow', () => {
  it('what is current is read without looking at what was', async () => {
    for (let n = 0; n < 60; n++)
      await server.ask('PUT Basic/old', { body: basic('old', { language: n % 2 ? 'en' : 'de' }) })
    const session = await sessionsOf(server.database)
    try {
      await session.client.query('vacuum analyze')
      const { json } = await server.expect(200, 'GET Basic/$explain?_id=old')
      const page = json.issue.find(({ details }: { details?: { text: string } }) => details?.text === 'Basic')
      expect(page.diagnostics).toMatch(/rows read: 1\b/)
      expect((await server.expect(200, 'GET Basic/old')).json.meta.versionId).toBe('60')
      expect((await server.expect(200, 'GET Basic/old/_history?_count=100')).json.entry).toHaveLength(60)
    } finally {
      await session.close()
    }
  })
})

describe('tenancy has holes', () => {
  /** Rows that only the tenant tells apart from ours. */
  beforeAll(async () => {
    await server.transact([
      put({ ...patient('mine'), id: 'te', name: [{ family: 'Tenant' }], gender: 'female' }),
      put({
        resourceType: 'Observation',
        id: 'te',
        status: 'final',
        code: { coding: [{ code: 'tenant' }], text: 'jubilation' },
        subject: { reference: 'Patient/te' },
      }),
    ])
    const client = new pg.Client(server.database.connection)
    await client.connect()
    const columns = async (table: string) =>
      (
        await client.query<{ name: string }>(
          `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attname <> 'tenant'`,
          [table],
        )
      ).rows
        .map(({ name }) => `"${name}"`)
        .join()
    for (const table of ['resource', 'version', 'superseded']) {
      const names = await columns(table)
      await client.query(`insert into ${table} (tenant, ${names}) select 2, ${names} from ${table} where tenant = 1`)
    }
    await client.end()
  })

  it.each([
    ['Patient?family=tenant', 1],
    ['Patient?_id=te', 1],
    ['Patient?gender=female&_sort=family', 1],
    ['Observation?code=tenant', 1],
    ['Observation?subject:Patient.family=tenant', 1],
    ['Observation?_content=jubilation', 1],
    ['Patient?_has:Observation:patient:code=tenant', 1],
    ['Patient?_id=te&_revinclude=Observation:patient', 2],
    ['Observation?code=tenant&_include=Observation:patient', 2],
    ['Patient/te/$everything', 2],
    ['Patient/te/_history', 1],
    ['Observation/_history?_count=1000', 1],
    ['_history?_count=1000&_since=2999-01-01', 0],
    ['?_type=Patient,Observation&_id=te', 2],
    ['Patient/te/Observation', 1],
  ])('%s has nothing of another tenant', async (query, count) => {
    const got = await server.ask(`GET ${query}`)
    expect(got.status, got.text.slice(0, 300)).toBe(200)
    expect(idsOf(got)).toHaveLength(count)
  })
})

describe('no time limit, no end when the client leaves, no session left', () => {
  it('a search that runs too long is refused, ends in the database, and keeps nobody else from it', async () => {
    const small = await openServer({ INGLE_REQUEST_TIMEOUT_MS: '600', INGLE_POOL_MAX: '5' })
    const sessions = await sessionsOf(small.database)
    try {
      await small.expect(201, 'PUT Basic/t', { body: basic('t') })
      await sessions.whileLocked(async () => {
        const answers = await times(12, () => small.ask('GET Basic?code:text=thing'))
        for (const { status, json, text } of answers) {
          expect([422, 503], text).toContain(status)
          expect(json.resourceType).toBe('OperationOutcome')
        }
        await expect.poll(sessions.running, { timeout: 3000 }).toBe(0)
      })
      await small.expect(200, 'GET Basic?code:text=thing')
    } finally {
      await sessions.close()
      await small.stop()
    }
  })
})

describe('the same error has many codes', () => {
  const lookup = { resourceType: 'Parameters', parameter: [{ name: 'nonsense', valueString: 'x' }] }
  it.each<[number, string, string, string, unknown?]>([
    [404, 'not-found', 'an id that never was', 'GET Basic/never'],
    [404, 'not-found', 'a type that is none', 'GET Basics'],
    [404, 'not-found', 'an operation that is none', 'GET Basic/$nonsense'],
    [405, 'not-supported', 'a method that is not offered', 'DELETE metadata'],
    [400, 'not-supported', 'a parameter that is none', 'GET Basic?nonsense=1'],
    [400, 'not-supported', 'a _revinclude of nothing', 'GET Basic?_revinclude=Nonsense:x'],
    [400, 'invalid', 'a body that is no JSON', 'POST Basic', '{'],
    [400, 'invalid', 'a parameter that an operation does not have', 'POST Basic/$meta', lookup],
    [
      400,
      'invalid',
      'a Bundle of a type that is not processed',
      'POST ',
      { resourceType: 'Bundle', type: 'searchset' },
    ],
  ])('%i %s for %s, alone and as an entry', async (status, code, _, text, body) => {
    const { json } = await server.expect(status, text, { body })
    expect(json.issue[0].code).toBe(code)
    if (typeof body === 'string' || text === 'POST ') return
    const { json: answers } = await server.batch([{ ...(body !== undefined && { resource: body }), ...request(text) }])
    const { response } = answers.entry[0]
    expect([response.status, response.outcome.issue[0].code]).toEqual([`${status}`, code])
  })

  it('_revinclude=* is no 5xx', async () => {
    await server.expect(200, 'GET Basic?_revinclude=*&_include=*')
  })
})

import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { readConfig } from '../../../src/base/config.js'
import { type Running, start } from '../../../src/start.js'
import { type FreshDatabase, freshDatabase } from '../../support/database.js'
import { storesWhatHasTheForm } from '../../support/settings.js'
import { good } from '../../support/structures.js'

// $reindex while the server serves: nothing is missed, whatever is written, whoever ends, however many processes there are.

let database: FreshDatabase
const running: Server[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map(({ stop }) => stop()))
  await database.drop()
})

interface Server {
  ask(request: string, body?: unknown): Promise<{ status: number; headers: Headers; json: Json }>
  stop: Running['stop']
}
// biome-ignore lint/suspicious/noExplicitAny: answers of every type
type Json = any

/** A process of its own as far as memory goes: what one server knows, another one on the database does not. */
async function serve(settings: Record<string, string> = {}): Promise<Server> {
  const environment = {
    DATABASE_URL: database.url,
    PORT: '0',
    LOG_LEVEL: 'silent',
    INGLE_POOL_MIN: '1',
    INGLE_POOL_MAX: '8',
    ...storesWhatHasTheForm,
  }
  const { url, stop } = await start(readConfig({ ...environment, ...settings }), () => {})
  const server: Server = {
    async ask(request, body) {
      const [method, path = ''] = request.split(/ (.*)/s)
      const answer = await fetch(path.startsWith('http') ? path : `${url}/fhir/${path}`, {
        method,
        headers: { 'Content-Type': 'application/fhir+json' },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await answer.text()
      return { status: answer.status, headers: answer.headers, json: text ? JSON.parse(text) : undefined }
    },
    async stop() {
      running.splice(running.indexOf(server), 1)
      await stop()
    },
  }
  running.push(server)
  return server
}

const flavour = {
  resourceType: 'SearchParameter',
  id: 'flavour',
  url: 'http://example.org/fhir/SearchParameter/flavour',
  name: 'Flavour',
  status: 'active',
  description: 'Of a Basic',
  code: 'flavour',
  base: ['Basic'],
  type: 'string',
  expression: "Basic.extension('http://example.org/flavour').value.as(string)",
}

const basic = (id: string, valueString = 'plain') => ({
  resourceType: 'Basic',
  id,
  code: { text: 'thing' },
  extension: [{ url: 'http://example.org/flavour', valueString }],
})

async function fill(server: Server, n: number) {
  const entry = Array.from({ length: n }, (_, i) => ({
    resource: basic(`b${i}`),
    request: { method: 'PUT', url: `Basic/b${i}` },
  }))
  expect((await server.ask('POST ', { resourceType: 'Bundle', type: 'transaction', entry })).status).toBe(200)
}

interface Status {
  status: string
  done: number
  progress: Record<string, { total: number; done: number; changed: number; pass: number; finished: boolean }>
}

async function statusOf(server: Server, job: string): Promise<Status> {
  const { json } = await server.ask(`GET $reindex-status?job=${job}`)
  const read = (parts: Json[]) =>
    Object.fromEntries(
      parts.map((part) => [part.name, Object.entries(part).find(([key]) => key.startsWith('value'))?.[1]]),
    )
  const parts: Json[] = json.parameter[0].part
  const progress = parts.filter(({ name }) => name === 'progress').map(({ part }) => read(part))
  return { ...read(parts), progress: Object.fromEntries(progress.map((one) => [one.type, one])) } as unknown as Status
}

async function kickOff(
  server: Server,
  operation = 'SearchParameter/flavour/$reindex',
  body?: unknown,
): Promise<string> {
  const { status, headers } = await server.ask(`POST ${operation}`, body)
  expect(status).toBe(202)
  return new URL(headers.get('content-location')!).searchParams.get('job')!
}

async function until(server: Server, job: string, reached: (status: Status) => boolean): Promise<Status> {
  for (;;) {
    const status = await statusOf(server, job)
    if (reached(status)) return status
    expect(['queued', 'in-progress']).toContain(status.status)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
const completed = ({ status }: Status) => status === 'completed'

async function count(server: Server, query: string): Promise<number> {
  const { status, json } = await server.ask(`GET ${query}&_summary=count`)
  expect(status, JSON.stringify(json)).toBe(200)
  return json.total
}

describe('$reindex', () => {
  it('misses nothing of what is written, changed and deleted while it runs', async () => {
    database = await freshDatabase()
    const server = await serve({ INGLE_REINDEX_SLICE: '5', INGLE_REINDEX_PAUSE_MS: '5' })
    await fill(server, 200)
    await server.ask('PUT SearchParameter/flavour', flavour)
    const job = await kickOff(server)
    for (let i = 0; i < 60; i++) {
      const at = i * 3
      await Promise.all([
        server.ask(`PUT Basic/n${i}`, basic(`n${i}`, 'new')),
        server.ask(`PUT Basic/b${at}`, basic(`b${at}`, 'changed')),
        server.ask(`DELETE Basic/b${at + 1}`),
      ])
    }
    const { progress } = await until(server, job, completed)
    expect(progress.Basic).toMatchObject({ total: 200, finished: true })
    expect(await count(server, 'Basic?flavour=plain')).toBe(80)
    expect(await count(server, 'Basic?flavour=changed')).toBe(60)
    expect(await count(server, 'Basic?flavour=new')).toBe(60)
    expect(await count(server, 'Basic?flavour:missing=true')).toBe(0)
  })

  it('goes on where it was when its server ends, by itself, and looks at nothing twice', async () => {
    database = await freshDatabase()
    const first = await serve({ INGLE_REINDEX_SLICE: '1', INGLE_REINDEX_PAUSE_MS: '20' })
    await fill(first, 100)
    await first.ask('PUT SearchParameter/flavour', flavour)
    const job = await kickOff(first)
    await until(first, job, ({ done }) => done > 3)
    await first.stop()

    const second = await serve()
    const { progress } = await until(second, job, completed)
    expect(progress.Basic).toMatchObject({ total: 100, done: 100, changed: 100 })
    expect(await count(second, 'Basic?flavour=plain')).toBe(100)
  })

  it('is taken over from a process that was killed, once its lease is over', async () => {
    database = await freshDatabase()
    const first = await serve({ INGLE_REINDEX_SLICE: '1', INGLE_REINDEX_PAUSE_MS: '20' })
    await fill(first, 50)
    await first.ask('PUT SearchParameter/flavour', flavour)
    const job = await kickOff(first)
    await until(first, job, ({ done }) => done > 3)
    await first.stop()
    const session = new pg.Client(database.connection)
    await session.connect()
    // What a killed process leaves behind: nobody has given the lease back.
    await session.query("update reindex_job set runner = 'killed', lease = now() + interval '2 seconds'")
    const second = await serve()
    await until(second, job, completed)
    const { rows } = await session.query('select runner from reindex_job')
    await session.end()
    expect(rows[0].runner).not.toBe('killed')
    expect(await count(second, 'Basic?flavour=plain')).toBe(50)
  })

  it('lets no process write by parameters that have changed since', async () => {
    database = await freshDatabase()
    const knows = await serve({ INGLE_REINDEX_SLICE: '3' })
    const other = await serve()
    // Both have read the parameters of the tenant, before there are any.
    await other.ask('PUT Basic/o0', basic('o0', 'early'))
    await knows.ask('PUT SearchParameter/flavour', flavour)
    const writes = await Promise.all(
      Array.from({ length: 20 }, (_, i) => other.ask(`PUT Basic/o${i + 1}`, basic(`o${i + 1}`, 'late'))),
    )
    expect(new Set(writes.map(({ status }) => status))).toEqual(new Set([201]))
    const rows = await stored()
    expect(rows).toBe(20) // o0 is left for the reindex
    await until(other, await kickOff(knows), completed)
    expect(await count(other, 'Basic?flavour=late')).toBe(20)
    expect(await count(other, 'Basic?flavour=early')).toBe(1)
  })

  it('refuses no write however fast one change of the registry follows the other', async () => {
    database = await freshDatabase()
    const server = await serve()
    await server.ask('PUT SearchParameter/flavour', flavour)
    const session = new pg.Client(database.connection)
    await session.connect()
    let writing = true
    const changing = (async () => {
      while (writing) await session.query('update search_registry set epoch = epoch + 1, revision = revision + 1')
    })()
    for (let i = 0; i < 3; i++) await fill(server, 300)
    writing = false
    await changing
    await session.end()
    expect((await server.ask('GET Basic?_summary=count')).json.total).toBe(300)
  })

  it('waits for a write that began before the declaration', async () => {
    database = await freshDatabase()
    const server = await serve()
    const session = new pg.Client(database.connection)
    await session.connect()
    try {
      await server.ask('PUT Basic/b0', basic('b0'))
      const { rows } = await session.query('select g.epoch from search_registry g where g.tenant = 1')
      expect(rows).toEqual([])
      // A writer of the first epoch that takes its time: it holds what every write holds until its transaction ends.
      const { epochLock } = await import('../../../src/search/tenant-parameters.js')
      await session.query('begin')
      await session.query('select search_registry_fence(1, 0, $1)', [String(epochLock(1, 0))])
      await server.ask('PUT SearchParameter/flavour', flavour)
      const job = await kickOff(server)
      const before = await until(server, job, ({ status }) => status === 'in-progress')
      expect(before.done).toBe(0)
      await session.query('commit')
      expect((await until(server, job, completed)).done).toBe(1)
    } finally {
      await session.end()
    }
  })

  it('of the whole server puts right what is wrong in the index, and touches nothing else', async () => {
    database = await freshDatabase()
    const server = await serve({ INGLE_REINDEX_SLICE: '7' })
    await server.ask('PUT Patient/p1', {
      resourceType: 'Patient',
      id: 'p1',
      name: [{ family: 'Zoë Ångström', given: ['A\tB'] }],
      birthDate: '9999-12-31',
      gender: 'female',
      multipleBirthInteger: 2,
    })
    const observation = (id: string, value: string) =>
      `{"resourceType":"Observation","id":"${id}","status":"final","code":{"text":"c"},"subject":{"reference":"Patient/p1"},"effectivePeriod":{"start":"2020-01-01"},"valueQuantity":{"value":${value},"unit":"mg"}}`
    for (const [i, value] of ['1.50', '-0', '1e2', '2.5E-3', '0.000'].entries())
      expect((await server.ask(`PUT Observation/o${i}`, observation(`o${i}`, value))).status).toBe(201)
    await server.ask('PUT Procedure/c1', {
      resourceType: 'Procedure',
      id: 'c1',
      status: 'completed',
      subject: { reference: 'Patient/p1' },
      contained: [{ resourceType: 'Practitioner', id: 'who', name: [{ family: 'Within' }], birthDate: '1970-01-01' }],
    })
    for (const [i, resource] of good.entries()) {
      const { status, json } = await server.ask(`PUT ${resource.resourceType}/g${i}`, { ...resource, id: `g${i}` })
      expect(status, JSON.stringify(json)).toBe(201)
    }
    await fill(server, 30)
    const all = await until(server, await kickOff(server, '$reindex'), completed)
    expect(Object.values(all.progress).filter(({ changed }) => changed > 0)).toEqual([])
    const { Patient: patients, Observation: observations, Procedure: procedures } = all.progress

    const session = new pg.Client(database.connection)
    await session.connect()
    await session.query("update resource set tok = '{}', patient = 0 where id = 'o1'")
    await session.query("delete from string_value where value like 'z%'")
    await session.query("update resource set txt = '{}' where id = 'Procedure/c1#who'")
    await session.end()
    expect(await count(server, 'Patient?family=zoe')).toBe(0)
    const body = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'type', valueCode: 'Patient' },
        { name: 'type', valueCode: 'Observation' },
        { name: 'type', valueCode: 'Procedure' },
      ],
    }
    const some = await until(server, await kickOff(server, '$reindex', body), completed)
    expect(some.progress).toMatchObject({
      Patient: { total: patients!.total, done: patients!.total, changed: 1 },
      Observation: { total: observations!.total, changed: 1 },
      Procedure: { total: procedures!.total, changed: 1 },
    })
    expect(some.progress.Basic).toBeUndefined()
    expect(await count(server, 'Patient?family=zoe')).toBe(1)
    expect(await count(server, 'Observation?patient=p1&status=final')).toBe(5)
  })

  it('can be cancelled, is asked for once, and says what it cannot do', async () => {
    database = await freshDatabase()
    const server = await serve({ INGLE_REINDEX_SLICE: '1', INGLE_REINDEX_PAUSE_MS: '1000' })
    await fill(server, 20)
    await server.ask('PUT SearchParameter/flavour', flavour)
    const job = await kickOff(server)
    expect(await kickOff(server)).toBe(job)
    const cancel = (id: string) =>
      server.ask('POST $reindex-cancel', { resourceType: 'Parameters', parameter: [{ name: 'job', valueId: id }] })
    expect((await cancel(job)).status).toBe(200)
    expect((await statusOf(server, job)).status).toBe('cancelled')
    expect((await cancel(job)).status).toBe(409)
    expect((await server.ask('GET Basic?flavour=plain')).status).toBe(400)
    expect((await server.ask('GET $reindex-status?job=none')).status).toBe(404)
    expect((await server.ask('GET $reindex-status')).json.parameter).toHaveLength(1)
    expect((await server.ask('POST SearchParameter/none/$reindex')).status).toBe(404)
    expect((await server.ask('GET $reindex')).status).toBe(405)
    const wrong = { resourceType: 'Parameters', parameter: [{ name: 'type', valueCode: 'Colour' }] }
    expect((await server.ask('POST $reindex', wrong)).status).toBe(400)
  })

  it('goes over a type again when rows do not add up, and completes only when they do', async () => {
    database = await freshDatabase()
    const server = await serve({ INGLE_REINDEX_SLICE: '2', INGLE_REINDEX_PAUSE_MS: '20' })
    await fill(server, 30)
    await server.ask('PUT SearchParameter/flavour', flavour)
    const job = await kickOff(server)
    await until(server, job, ({ done }) => done > 3)
    const session = new pg.Client(database.connection)
    await session.connect()
    // As if two rows had been passed over.
    await session.query('update reindex_progress set older = older - 2')
    await session.end()
    const { progress } = await until(server, job, completed)
    expect(progress.Basic).toMatchObject({ pass: 2, done: 30, finished: true })
  })

  it('does not promise a definition that was changed while it ran', async () => {
    database = await freshDatabase()
    const server = await serve({ INGLE_REINDEX_SLICE: '1', INGLE_REINDEX_PAUSE_MS: '10' })
    await fill(server, 30)
    await server.ask('PUT SearchParameter/flavour', flavour)
    const job = await kickOff(server)
    await until(server, job, ({ done }) => done > 2)
    await server.ask('PUT SearchParameter/flavour', { ...flavour, expression: 'Basic.code.text' })
    const { json } = await untilNote(server, job)
    expect(json).toContain('changed meanwhile')
    expect((await server.ask('GET Basic?flavour=thing')).status).toBe(400)
    await until(server, await kickOff(server), completed)
    expect(await count(server, 'Basic?flavour=thing')).toBe(30)
    expect(await count(server, 'Basic?flavour=plain')).toBe(0)
  })
})

async function untilNote(server: Server, job: string) {
  const status = (await until(server, job, completed)) as Status & { note?: string }
  return { json: status.note ?? '' }
}

/** How many Basics the index has a flavour of. */
async function stored(): Promise<number> {
  const session = new pg.Client(database.connection)
  await session.connect()
  try {
    const { rows } = await session.query("select count(*)::int as n from string_value where exact in ('early', 'late')")
    return rows[0].n
  } finally {
    await session.end()
  }
}

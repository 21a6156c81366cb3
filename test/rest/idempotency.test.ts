import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from './server.js'

let server: RestServer
let database: pg.Client
beforeAll(async () => {
  server = await openServer()
  database = new pg.Client(server.database.connection)
  await database.connect()
})
afterAll(async () => {
  await database.end()
  await server.stop()
})

const basic = (text: string) => ({ resourceType: 'Basic', code: { text } })
const withKey = (key: string, body: unknown, more = {}) => ({ body, headers: { 'Idempotency-Key': key, ...more } })

describe('the same Idempotency-Key', () => {
  it('twice is one resource, and the same answer', async () => {
    const first = await server.expect(201, 'POST Basic', withKey('a', basic('a')))
    const again = await server.expect(201, 'POST Basic', withKey('a', basic('a')))
    expect(again.text).toBe(first.text)
    for (const name of ['location', 'etag', 'last-modified'])
      expect(again.headers.get(name)).toBe(first.headers.get(name))
    expect(await server.count('Basic')).toBe(1)
  })

  it('with another request is 422', async () => {
    await server.expect(201, 'POST Basic', withKey('b', basic('b')))
    const before = (await server.count('Basic')) + 1
    await server.refused(422, 'POST Basic', withKey('b', basic('c')))
    await server.refused(422, 'POST Patient', withKey('b', basic('b')))
    await server.refused(422, 'POST Basic', withKey('b', basic('b'), { 'If-None-Exist': '_id=x' }))
    const put = (ifMatch: string) => withKey('match', { ...basic('e'), id: 'match' }, { 'If-Match': ifMatch })
    await server.expect(201, 'PUT Basic/match', { body: { ...basic('d'), id: 'match' } })
    await server.expect(200, 'PUT Basic/match', put('W/"1"'))
    await server.refused(422, 'PUT Basic/match', put('W/"2"'))
    expect(await server.count('Basic')).toBe(before)
  })

  it('at the same time is one resource', async () => {
    const before = await server.count('Basic')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => server.ask('POST Basic', withKey('c', basic('c')))),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(await server.count('Basic')).toBe(before + 1)
  })

  it('is free again after a failure', async () => {
    await server.refused(400, 'POST Basic', withKey('d', { resourceType: 'Basic' }))
    await server.expect(201, 'POST Basic', withKey('d', basic('d')))
  })

  it('serves updates, patches, deletes and transactions too', async () => {
    const body = { ...basic('e'), id: 'e' }
    for (let i = 0; i < 2; i++) await server.expect(201, 'PUT Basic/e', withKey('e1', body))
    for (let i = 0; i < 2; i++) {
      const operations = [{ op: 'replace', path: '/code/text', value: 'f' }]
      const patch = { ...withKey('e2', operations), type: 'application/json-patch+json' }
      const { json } = await server.expect(200, 'PATCH Basic/e', patch)
      expect(json.meta.versionId).toBe('2')
    }
    for (let i = 0; i < 2; i++) await server.expect(204, 'DELETE Basic/e', { headers: { 'Idempotency-Key': 'e3' } })
    const before = await server.count('Basic')
    const entry = [{ resource: basic('g'), request: { method: 'POST', url: 'Basic' } }]
    const [one, two] = [
      await server.transact(entry, { 'Idempotency-Key': 'e4' }),
      await server.transact(entry, { 'Idempotency-Key': 'e4' }),
    ]
    expect(two.text).toBe(one.text)
    expect(await server.count('Basic')).toBe(before + 1)
  })

  it('is of no account to a read, and has 1 to 255 characters', async () => {
    await server.expect(201, 'PUT Basic/h', { body: { ...basic('h'), id: 'h' } })
    const headers = { 'Idempotency-Key': 'h' }
    const { json } = await server.expect(200, 'GET Basic/h', { headers })
    await server.expect(200, 'PUT Basic/h', { body: { ...json, language: 'de' } })
    expect((await server.expect(200, 'GET Basic/h', { headers })).json.language).toBe('de')
    await server.refused(400, 'POST Basic', withKey('x'.repeat(256), basic('x')))
  })

  it('serves each entry of a batch: one that failed is done anew, the others are not', async () => {
    const post = (resource: unknown) => ({ resource, request: { method: 'POST', url: 'Basic' } })
    const condition = { resource: basic('j'), request: { method: 'PUT', url: 'Basic/j', ifMatch: 'W/"1"' } }
    const entry = [post(basic('i')), condition, post(basic('i'))]
    const statuses = async () => {
      const { json } = await server.batch(entry, { 'Idempotency-Key': 'i' })
      return json.entry.map(({ response }: { response: { status: string; location?: string } }) => [
        response.status.slice(0, 3),
        response.location,
      ])
    }
    Object.assign(condition.resource, { id: 'j' })
    const before = await server.count('Basic')
    const [first, second, third] = await statuses()
    expect([first?.[0], second?.[0], third?.[0]]).toEqual(['201', '412', '201'])
    await server.expect(201, 'PUT Basic/j', { body: { ...basic('j'), id: 'j' } })
    expect(await statuses()).toEqual([first, ['200', undefined], third])
    expect(first).not.toEqual(third)
    expect(await server.count('Basic')).toBe(before + 3)
  })
})

it('a key is forgotten after a day', async () => {
  const fresh = await openServer()
  const session = new pg.Client(fresh.database.connection)
  await session.connect()
  await session.query(`insert into idempotency (tenant, key, request, at, status, headers)
    values (1, 'old', '', now() - interval '25 hours', 200, '{}'), (1, 'young', '', now() - interval '23 hours', 200, '{}')`)
  await fresh.expect(201, 'POST Basic', withKey('n', basic('n')))
  const keys = async () => (await session.query('select key from idempotency order by key')).rows.map(({ key }) => key)
  await expect.poll(keys).toEqual(['["anonymous","n"]', 'young'])
  await session.end()
  await fresh.stop()
})

describe('what dies before its answer is kept', () => {
  it.each([
    ['create', 'POST Basic', basic('l')],
    [
      'transaction',
      'POST ',
      {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ resource: basic('l'), request: { method: 'POST', url: 'Basic' } }],
      },
    ],
    [
      'batch',
      'POST ',
      {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [{ resource: basic('l'), request: { method: 'POST', url: 'Basic' } }],
      },
    ],
  ])('leaves nothing of a %s, and may be sent again', async (name, request, body) => {
    const before = await server.count('Basic')
    await database.query(`
      create function die() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;
      create trigger die before update of status on idempotency for each row execute function die()`)
    const failed = await server.ask(request, withKey(`l ${name}`, body))
    expect(failed.text).toContain('The database cannot be reached')
    expect(await server.count('Basic')).toBe(before)
    await database.query('drop function die cascade')
    const made = await server.ask(request, withKey(`l ${name}`, body))
    const again = await server.ask(request, withKey(`l ${name}`, body))
    expect([made.status, again.text]).toEqual([name === 'create' ? 201 : 200, made.text])
    expect(await server.count('Basic')).toBe(before + 1)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from './server.js'

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

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
    const before = await server.count('Basic')
    await server.refused(422, 'POST Basic', withKey('b', basic('c')))
    await server.refused(422, 'POST Patient', withKey('b', basic('b')))
    await server.refused(422, 'POST Basic', withKey('b', basic('b'), { 'If-None-Exist': '_id=x' }))
    expect(await server.count('Basic')).toBe(before)
  })

  it('at the same time is one resource', async () => {
    const before = await server.count('Basic')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => server.ask('POST Basic', withKey('c', basic('c')))),
    )
    const made = answers.filter(({ status }) => status === 201)
    expect(made.length).toBeGreaterThan(0)
    expect(new Set(made.map(({ json }) => json.id)).size).toBe(1)
    for (const { status, headers } of answers) {
      expect([201, 409]).toContain(status)
      if (status === 409) expect(headers.get('retry-after')).toBe('1')
    }
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
})

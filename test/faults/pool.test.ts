import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../rest/server.js'
import { type Sessions, sessionsOf } from './sessions.js'

// How many sessions of PostgreSQL a server takes, and what it answers when there is none to have.

const patients = Array.from({ length: 50 }, (_, n) => ({
  resource: { resourceType: 'Patient', id: `${n}`, active: n % 2 === 0, name: [{ family: `Family${n}` }] },
  request: { method: 'PUT', url: `Patient/${n}` },
}))

describe('500 requests at once', () => {
  let server: RestServer
  let sessions: Sessions
  beforeAll(async () => {
    server = await openServer({ INGLE_POOL_MAX: '60', INGLE_POOL_MIN: '20' })
    sessions = await sessionsOf(server.database)
    await server.transact(patients)
  })
  afterAll(async () => {
    await sessions.close()
    await server.stop()
  })

  it.each([
    ['reads', (n: number) => `GET Patient/${n % 50}`],
    ['searches', (n: number) => `GET Patient?family=family${n % 50}&_sort=birthdate&_total=accurate`],
  ])('that are %s take no more than 60 sessions', async (_, request) => {
    let over = false
    const most = (async () => {
      let n = 0
      while (!over) n = Math.max(n, await sessions.count())
      return n
    })()
    const answers = await Promise.all(Array.from({ length: 500 }, (_, n) => server.ask(request(n))))
    over = true
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(await most).toBeGreaterThan(1)
    expect(await most).toBeLessThanOrEqual(60)
  })
})

describe('when every session is taken', () => {
  let server: RestServer
  let sessions: Sessions
  beforeAll(async () => {
    server = await openServer({
      INGLE_POOL_MAX: '5',
      INGLE_POOL_ACQUIRE_MS: '200',
      INGLE_REQUEST_TIMEOUT_MS: '3000',
    })
    sessions = await sessionsOf(server.database)
    await server.transact(patients)
  })
  afterAll(async () => {
    await sessions.close()
    await server.stop()
  })

  it('the others are 503 with Retry-After, the process is live, and nothing is wrong afterwards', async () => {
    const began = performance.now()
    const timed = async (request: string, asked = {}) => {
      const { status, headers } = await server.ask(request, asked)
      return { status, retryAfter: headers.get('retry-after'), ms: performance.now() - began }
    }
    const create = {
      resource: { resourceType: 'Basic', code: { text: 'x' } },
      request: { method: 'POST', url: 'Basic' },
    }
    const put = { resource: patients[0]!.resource, request: { method: 'PUT', url: 'Patient/0' } }
    const body = { resourceType: 'Bundle', type: 'transaction', entry: [create, put] }
    const root = server.base.replace('/fhir', '')
    const all: Awaited<ReturnType<typeof timed>>[] = []
    await sessions.whileLocked(async () => {
      const asked = Array.from({ length: 20 }, () => [timed('POST ', { body }), timed('GET Patient/1')]).flat()
      await expect.poll(sessions.running).toBe(2)
      expect((await fetch(`${root}/livez`)).status).toBe(200)
      all.push(...(await Promise.all(asked)))
    })

    expect(all.filter(({ status }) => status !== 503 && status !== 422)).toEqual([])
    expect(all.filter(({ status, retryAfter }) => status === 503 && retryAfter !== '1')).toEqual([])
    // Two sessions are for transactions; who finds none does not wait for the deadline.
    expect(all.filter(({ status, ms }) => status === 503 && ms < 2500).length).toBeGreaterThanOrEqual(18)

    await expect.poll(async () => (await server.ask('GET Patient/1')).status).toBe(200)
    await expect.poll(async () => (await server.ask('POST ', { body })).status).toBe(200)
    // One that was refused at its deadline may have been done a moment later, but then whole.
    await expect.poll(sessions.running).toBe(0)
    const { meta } = (await server.expect(200, 'GET Patient/0')).json
    expect(Number(meta.versionId)).toBe(1 + (await server.count('Basic')))
    expect((await fetch(`${root}/readyz`)).status).toBe(200)
    expect(await sessions.count()).toBeLessThanOrEqual(5)
  })
})

import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Got, openServer, type RestServer } from '../rest/server.js'
import { type Sessions, sessionsOf } from './sessions.js'

// What nobody waits for any more does not go on.

let server: RestServer
let sessions: Sessions
beforeAll(async () => {
  server = await openServer({ INGLE_REQUEST_TIMEOUT_MS: '1500', INGLE_POOL_MAX: '5' })
  sessions = await sessionsOf(server.database)
  await server.expect(201, 'PUT Patient/p', { body: { resourceType: 'Patient', id: 'p', name: [{ family: 'A' }] } })
  await server.expect(200, 'GET Patient?name:contains=a')
})
afterAll(async () => {
  await sessions.close()
  await server.stop()
})

const entry = [
  { resource: { resourceType: 'Basic', code: { text: 'x' } }, request: { method: 'POST', url: 'Basic' } },
  { resource: { resourceType: 'Patient', id: 'p', active: true }, request: { method: 'PUT', url: 'Patient/p' } },
]

describe('a client that hangs up', () => {
  it('during a slow search ends its statement, though such searches take every session', async () => {
    await sessions.whileLocked(async () => {
      const began = performance.now()
      const slow = `${server.base}/Patient?name:contains=a&_include=Patient:organization`
      const going = Array.from({ length: 4 }, () => request(slow).on('error', () => {}))
      for (const one of going) one.end()
      await expect.poll(sessions.running).toBe(2)
      for (const one of going) one.destroy()
      await expect.poll(sessions.running).toBe(0)
      expect(performance.now() - began).toBeLessThan(1500)
    })
    await server.expect(200, 'GET Patient?name:contains=a')
  })
})

describe('at the deadline of a request', () => {
  it.each([
    ['a transaction', 'POST ', { resourceType: 'Bundle', type: 'transaction', entry }],
    ['a batch', 'POST ', { resourceType: 'Bundle', type: 'batch', entry: [entry[1]] }],
    ['an update', 'PUT Patient/p', entry[1]!.resource],
    ['a search', 'GET Patient?name:contains=a', undefined],
    ['a read', 'GET Patient/p', undefined],
  ])('%s is refused, and leaves nothing half done', async (_, request, body) => {
    let got: Got | undefined
    await sessions.whileLocked(async () => {
      got = await server.ask(request, { body })
      await expect.poll(sessions.running, { timeout: 3000 }).toBe(0)
    })
    const { status, json, headers } = got!
    const entries = json.entry?.map(({ response }: { response: { status: string } }) => response.status.slice(0, 3))
    expect(['422', '503']).toContain(entries?.[0] ?? `${status}`)
    if (status === 503) expect(headers.get('retry-after')).toBe('1')
    if (!entries) expect(json.resourceType).toBe('OperationOutcome')
    expect(await server.count('Basic')).toBe(0)
    expect((await server.expect(200, 'GET Patient/p')).json.meta.versionId).toBe('1')
    expect((await server.expect(200, 'GET Patient/p/_history')).json.entry).toHaveLength(1)
  })
})

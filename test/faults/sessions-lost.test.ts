import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Got, openServer, type RestServer } from '../rest/server.js'
import { type Sessions, sessionsOf } from './sessions.js'

// Every session of PostgreSQL ended under load: DBAs do it, and so do failovers.

let server: RestServer
let sessions: Sessions
beforeAll(async () => {
  server = await openServer({ INGLE_POOL_MAX: '60', INGLE_POOL_MIN: '20' })
  sessions = await sessionsOf(server.database)
})
afterAll(async () => {
  await sessions.close()
  await server.stop()
})

it('fails less than one request in a hundred, for a moment, and loses no acknowledged write', async () => {
  const acknowledged: string[] = []
  const refusals: Got[] = []
  let requests = 0
  let over = false
  const patient = (n: number) => ({ resourceType: 'Patient', name: [{ family: `Family${n % 20}` }] })
  // Mostly reads, as of the writes that are under way nobody knows whether they were done.
  const kinds: ((n: number) => Promise<Got>)[] = [
    (n) => server.ask('POST Patient', { body: patient(n) }),
    (n) => server.ask(`GET Patient/${acknowledged[n % Math.max(acknowledged.length, 1)] ?? 'none'}`),
    (n) => server.ask(`GET Patient?family=family${n % 20}&_sort=birthdate&_count=5`),
    (n) => server.ask(`GET Patient?family=family${n % 20}&_total=accurate&_count=5`),
    (n) => server.ask(`GET Patient?_count=${n % 20}`),
    (n) => server.ask(`GET Patient?name:contains=mily${n % 20}&_count=5`),
  ]
  await server.expect(201, 'PUT Patient/none', { body: { ...patient(0), id: 'none' } })
  const client = async (start: number) => {
    for (let n = start; !over; n++) {
      const got = await kinds[n % kinds.length]!(n)
      requests++
      if (got.status === 201) acknowledged.push(got.json.id)
      else if (got.status !== 200) refusals.push(got)
    }
  }
  const clients = Array.from({ length: 16 }, (_, n) => client(n))
  await sleep(1000)
  expect(await sessions.terminate()).toBeGreaterThan(3)
  const before = requests
  await sleep(3000)
  const refused = refusals.length
  await sleep(500)
  over = true
  await Promise.all(clients)

  expect(requests).toBeGreaterThan(before + 100)
  expect(new Set(refusals.map(({ status, headers }) => `${status} ${headers.get('retry-after')}`))).toEqual(
    new Set(refusals.length ? ['503 1'] : []),
  )
  expect(refusals.length / requests).toBeLessThan(0.01)
  expect(refusals.length).toBe(refused)
  const { rows } = await sessions.client.query(
    `select count(*)::int as n from resource where not deleted and id = any($1)`,
    [acknowledged],
  )
  expect(rows[0].n).toBe(acknowledged.length)
}, 30_000)

import { afterAll, beforeAll, expect, it } from 'vitest'
import { openServer, type RestServer } from '../rest/server.js'
import { type Sessions, sessionsOf } from './sessions.js'

// A transaction that PostgreSQL asks to try again is tried again, from what was sent.

let server: RestServer
let sessions: Sessions
beforeAll(async () => {
  server = await openServer()
  sessions = await sessionsOf(server.database)
  await sessions.client.query(`
    create sequence attempt;
    create function fail_twice() returns trigger language plpgsql as $$ begin
      if nextval('attempt') <= 2 then raise sqlstate '40001'; end if;
      return null;
    end $$;
    create trigger fail_twice after insert on version execute function fail_twice()`)
})
afterAll(async () => {
  await sessions.close()
  await server.stop()
})

it.each<[string, Record<string, string>]>([
  ['without a key', {}],
  ['with an Idempotency-Key', { 'Idempotency-Key': 'a' }],
])('unseen by the client, %s', async (_, headers) => {
  await sessions.client.query('alter sequence attempt restart')
  const url = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520'
  const flag = { resourceType: 'Flag', status: 'active', code: { text: 'x' }, subject: { reference: url } }
  const { status, json } = await server.transact(
    [
      { fullUrl: url, resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient' } },
      { resource: flag, request: { method: 'POST', url: 'Flag' } },
    ],
    headers,
  )
  expect(status).toBe(200)
  const { rows } = await sessions.client.query(`select last_value::int as n from attempt`)
  expect(rows[0].n).toBe(3)
  const [patient, made] = json.entry.map(
    ({ response }: { response: { location: string } }) => response.location.split('/_history')[0],
  )
  const { subject } = (await server.expect(200, `GET ${made}`)).json
  expect(`${server.base}/${subject.reference}`).toBe(patient)
  await server.expect(200, `GET ${patient}`)
})

import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openServer, type RestServer } from './server.js'

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

const times = <T>(count: number, work: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => work(i)))
const tally = (answers: readonly { status: number }[]) => {
  const counts: Record<number, number> = {}
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
const patient = (value: string, more: Record<string, unknown> = {}) => ({
  resourceType: 'Patient',
  identifier: [{ system: 'urn:c', value }],
  ...more,
})

it('of 64 identical conditional creates one creates, the others find it', async () => {
  const headers = { 'If-None-Exist': 'identifier=urn:c|64' }
  const answers = await times(64, () => server.ask('POST Patient', { body: patient('64'), headers }))
  expect(tally(answers)).toEqual({ 200: 63, 201: 1 })
  expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1)
})

it('of 32 identical conditional updates one creates, the others update it', async () => {
  const answers = await times(32, (i) =>
    server.ask('PUT Patient?identifier=urn:c|32', { body: patient('32', { name: [{ text: `${i}` }] }) }),
  )
  expect(tally(answers)).toEqual({ 200: 31, 201: 1 })
  const versions = answers.map(({ json }) => Number(json.meta.versionId)).sort((a, b) => a - b)
  expect(versions).toEqual(Array.from({ length: 32 }, (_, i) => i + 1))
})

it('32 updates of one resource at once are versions 2 to 33, none lost', async () => {
  await server.expect(201, 'PUT Patient/u', { body: patient('u', { id: 'u' }) })
  const answers = await times(32, (i) =>
    server.ask('PUT Patient/u', { body: patient('u', { id: 'u', name: [{ text: `${i}` }] }) }),
  )
  expect(tally(answers)).toEqual({ 200: 32 })
  const versions = answers.map(({ json }) => Number(json.meta.versionId)).sort((a, b) => a - b)
  expect(versions).toEqual(Array.from({ length: 32 }, (_, i) => i + 2))
  const { json } = await server.expect(200, 'GET Patient/u/_history?_count=100')
  const kept = json.entry
    .slice(0, 32)
    .map(({ resource }: { resource: { name: { text: string }[] } }) => resource.name[0]!.text)
  expect(kept.map(Number).sort((a: number, b: number) => a - b)).toEqual(Array.from({ length: 32 }, (_, i) => i))
  const updated: string[] = json.entry.map(
    ({ resource }: { resource: { meta: { lastUpdated: string } } }) => resource.meta.lastUpdated,
  )
  expect(new Set(updated).size).toBe(33)
  expect([...updated].sort().reverse()).toEqual(updated)
})

it('of 32 updates with the same If-Match exactly one is done', async () => {
  await server.expect(201, 'PUT Patient/m', { body: patient('m', { id: 'm' }) })
  const headers = { 'If-Match': 'W/"1"' }
  const answers = await times(32, () => server.ask('PUT Patient/m', { body: patient('m', { id: 'm' }), headers }))
  expect(tally(answers)).toEqual({ 200: 1, 412: 31 })
})

it('32 patches of one resource at once all take effect', async () => {
  await server.expect(201, 'PUT Patient/n', { body: patient('n', { id: 'n', name: [{ text: 'first' }] }) })
  const answers = await times(32, (i) =>
    server.ask('PATCH Patient/n', {
      body: [{ op: 'add', path: '/name/-', value: { text: `${i}` } }],
      type: 'application/json-patch+json',
    }),
  )
  expect(tally(answers)).toEqual({ 200: 32 })
  expect((await server.expect(200, 'GET Patient/n')).json.name).toHaveLength(33)
})

it('transactions that overlap in any order end without a deadlock or a lost write', async () => {
  const ids = Array.from({ length: 8 }, (_, i) => `o${i}`)
  await server.transact(
    ids.map((id) => ({ resource: patient(id, { id }), request: { method: 'PUT', url: `Patient/${id}` } })),
  )
  const answers = await times(40, (i) => {
    const some = [...ids].sort(() => Math.random() - 0.5).slice(0, 4)
    const entry = some.map((id, k) =>
      k % 2
        ? { resource: patient(id, { id, name: [{ text: `${i}` }] }), request: { method: 'PUT', url: `Patient/${id}` } }
        : {
            resource: patient(id, { name: [{ text: `${i}` }] }),
            request: { method: 'PUT', url: `Patient?identifier=urn:c|${id}` },
          },
    )
    return server.transact(entry)
  })
  expect(tally(answers)).toEqual({ 200: 40 })
  const versions = await Promise.all(
    ids.map(async (id) => Number((await server.expect(200, `GET Patient/${id}`)).json.meta.versionId)),
  )
  expect(versions.reduce((sum, version) => sum + version - 1, 0)).toBe(40 * 4)
})

it('transactions and single writes of the same resources end without a 5xx', async () => {
  const ids = ['x0', 'x1', 'x2']
  await server.transact(
    ids.map((id) => ({ resource: patient(id, { id }), request: { method: 'PUT', url: `Patient/${id}` } })),
  )
  const answers = await times(60, (i) => {
    const id = ids[i % 3]!
    const body = patient(id, { id, gender: 'other' })
    if (i % 4 === 0)
      return server.transact(
        [...ids]
          .reverse()
          .map((one) => ({ resource: patient(one, { id: one }), request: { method: 'PUT', url: `Patient/${one}` } })),
      )
    if (i % 4 === 1) return server.ask(`DELETE Patient/${id}`)
    return server.ask(`PUT Patient/${id}`, { body })
  })
  expect(answers.filter(({ status }) => status >= 300).map(({ text }) => text)).toEqual([])
  for (const id of ids) {
    const { json } = await server.expect(200, `GET Patient/${id}/_history?_count=100`)
    const versions = json.entry.map(({ response }: { response: { etag: string } }) =>
      Number(response.etag.slice(3, -1)),
    )
    expect(versions).toEqual(Array.from({ length: versions.length }, (_, i) => versions.length - i))
  }
})

it('more transactions at once than there are sessions wait for each other, not for ever', async () => {
  const small = await openServer({ INGLE_POOL_MIN: '0', INGLE_POOL_MAX: '5', INGLE_POOL_ACQUIRE_MS: '10000' })
  try {
    const answers = await times(60, (i) => {
      const body = { ...patient(`s${i}`), birthDate: '2000-01-01' }
      if (i % 3 === 0)
        return small.ask('POST Patient', { body, headers: { 'If-None-Exist': `identifier=urn:c|s${i}` } })
      if (i % 3 === 1) return small.ask('POST Patient', { body })
      return small.transact([{ resource: body, request: { method: 'POST', url: 'Patient' } }])
    })
    expect(tally(answers)).toEqual({ 200: 20, 201: 40 })
  } finally {
    await small.stop()
  }
})

it('a serialization failure of the database is tried again, unseen', async () => {
  const client = new pg.Client(server.database.connection)
  await client.connect()
  try {
    await client.query(`
      create sequence attempts;
      create function fail_twice() returns trigger language plpgsql as $$
        begin
          if nextval('attempts') <= 2 then raise exception 'forced' using errcode = '40001'; end if;
          return new;
        end $$;
      create trigger fail_twice before insert on version for each row execute function fail_twice()`)
    await server.expect(201, 'PUT Patient/retry', { body: patient('retry', { id: 'retry' }) })
    await client.query("select setval('attempts', 1, false)")
    const entry = { resource: patient('again', { id: 'again' }), request: { method: 'PUT', url: 'Patient/again' } }
    const { status, json } = await server.transact([entry])
    expect([status, json.entry[0].response.etag]).toEqual([200, 'W/"1"'])
    await client.query("select setval('attempts', 1, false)")
    const headers = { 'If-None-Exist': 'identifier=urn:c|once' }
    await server.expect(201, 'POST Patient', { body: patient('once'), headers })
    await server.expect(200, 'POST Patient', { body: patient('once'), headers })
    const { rows } = await client.query('select last_value::int as n from attempts')
    expect(rows[0].n).toBeGreaterThan(2)
  } finally {
    await client.query('drop trigger if exists fail_twice on version')
    await client.end()
  }
})

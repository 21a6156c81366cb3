import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Got, idsOf, openServer, type RestServer } from './server.js'

// https://hl7.org/fhir/R5/async-bundle.html

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  for (const id of ['a', 'b', 'c'])
    await server.expect(201, `PUT Patient/${id}`, { body: { resourceType: 'Patient', id, active: true } })
})
afterAll(() => server.stop())

const later = { headers: { Prefer: 'respond-async' } }

/** @returns where the answer will be */
async function accepted(request: string, asked: object = {}): Promise<string> {
  const { headers, text } = await server.expect(202, request, { ...later, ...asked })
  expect(text).toBe('')
  const url = headers.get('content-location')!
  expect(url.startsWith(`${server.base}/_async/`)).toBe(true)
  return url
}

async function answered(url: string): Promise<Got> {
  for (;;) {
    const got = await server.ask(`GET ${url}`)
    if (got.status !== 202) return got
    expect(got.headers.get('x-progress')).toBeTruthy()
    expect(Number(got.headers.get('retry-after'))).toBeGreaterThan(0)
    await sleep(20)
  }
}

/** The one entry of the answer. */
async function entryOf(url: string) {
  const got = await answered(url)
  expect(got.status).toBe(200)
  expect(Date.parse(got.headers.get('expires')!)).toBeGreaterThan(Date.now())
  expect(got.json).toMatchObject({ resourceType: 'Bundle', type: 'batch-response' })
  expect(got.json.entry).toHaveLength(1)
  return got.json.entry[0]
}

describe('respond-async', () => {
  it('answers a search, a read and a history later', async () => {
    const { resource, response } = await entryOf(await accepted('GET Patient?active=true&_sort=_id'))
    expect(response.status).toBe('200 OK')
    expect(idsOf({ json: resource } as Got)).toEqual(['a', 'b', 'c'])
    expect((await entryOf(await accepted('GET Patient/a'))).resource.id).toBe('a')
    expect((await entryOf(await accepted('GET Patient/a/_history'))).resource.type).toBe('history')
  })

  it('writes once, and says what it wrote', async () => {
    const url = await accepted('POST Basic', { body: { resourceType: 'Basic', code: { text: 'x' } } })
    const { resource, response } = await entryOf(url)
    expect(response.status).toBe('201 Created')
    expect(response.location).toBe(`${server.base}/Basic/${resource.id}/_history/1`)
    expect(await server.count('Basic')).toBe(1)
  })

  it('answers a transaction and an operation', async () => {
    const entry = [
      { resource: { resourceType: 'Basic', code: { text: 'y' } }, request: { method: 'POST', url: 'Basic' } },
    ]
    const transaction = await entryOf(
      await accepted('POST ', { body: { resourceType: 'Bundle', type: 'transaction', entry } }),
    )
    expect(transaction.resource.type).toBe('transaction-response')
    expect((await entryOf(await accepted('GET Patient/a/$everything'))).resource.type).toBe('searchset')
  })

  it('tells a failure in the answer', async () => {
    const { response, resource } = await entryOf(await accepted('GET Patient/nobody'))
    expect(response.status).toBe('404')
    expect(response.outcome.issue[0].code).toBe('not-found')
    expect(resource).toBeUndefined()
  })

  it('refuses at once what is nowhere', async () => {
    await server.refused(404, 'GET Colour/1', later)
    await server.refused(405, 'POST Patient/1', { ...later, body: {} })
  })

  it('answers metadata at once', async () => {
    expect((await server.expect(200, 'GET metadata', later)).json.resourceType).toBe('CapabilityStatement')
  })

  it('is cancelled by DELETE, and then not there', async () => {
    const url = await accepted('GET Patient')
    await server.expect(202, `DELETE ${url}`)
    await server.refused(404, `GET ${url}`)
    await server.refused(404, `DELETE ${url}`)
    const { headers } = await server.expect(405, `PUT ${url}`, { body: {} })
    expect(headers.get('allow')).toBe('GET, HEAD, DELETE')
  })

  it('goes on where a process has left it', async () => {
    const request = {
      method: 'POST',
      path: ['Basic'],
      query: '',
      base: server.base,
      prefer: {},
      contentType: 'application/fhir+json',
    }
    const client = new pg.Client(server.database.connection)
    await client.connect()
    await client.query(
      `insert into async_request (tenant, id, subject, request, body, runner, lease) values
        (1, 'left', 'anonymous', $1, $2, 'somebody who died', now() - interval '1 second')`,
      [JSON.stringify(request), JSON.stringify({ resourceType: 'Basic', code: { text: 'left' } })],
    )
    await client.end()
    const before = await server.count('Basic')
    expect((await entryOf(`${server.base}/_async/left`)).response.status).toBe('201 Created')
    expect(await server.count('Basic')).toBe(before + 1)
  })
})

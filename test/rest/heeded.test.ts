import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linkOf, openServer, type RestServer } from './server.js'

// What a request says counts, or it is refused: nobody shall believe in a condition that nobody looked at.

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  for (const id of ['p', 'q']) await server.expect(201, `PUT Patient/${id}`, { body: { resourceType: 'Patient', id } })
})
afterAll(() => server.stop())

const body = { resourceType: 'Patient', id: 'p', active: true }
const json = 'application/json-patch+json'
const patch = JSON.stringify([{ op: 'add', path: '/active', value: true }])

describe('a parameter that the interaction does not have', () => {
  it.each<[request: string, names: RegExp, asked?: object]>([
    ['GET Patient/p?_include=*', /no parameter _include; it has _summary and _elements/],
    ['GET Patient/p/_history/1?name=x', /no parameter name/],
    ['POST Patient?identifier=x', /no parameter identifier.*If-None-Exist/, { body: { resourceType: 'Patient' } }],
    ['PUT Patient/p?_summary=true', /no parameter _summary; it has none/, { body }],
    ['PATCH Patient/p?version=1', /no parameter version/, { body: patch, type: json }],
    ['DELETE Patient/p?_cascade=delete', /no parameter _cascade/],
    ['POST ?_type=Patient', /no parameter _type/, { body: { resourceType: 'Bundle', type: 'batch' } }],
  ])('%s', async (request, names, asked) => {
    expect(await server.refused(400, request, asked)).toMatch(names)
    expect((await server.expect(200, 'GET Patient/p')).json.meta.versionId).toBe('1')
  })

  it.each(['GET', 'DELETE'])('%s in an entry of a Bundle', async (method) => {
    const entry = [{ request: { method, url: 'Patient/p?_cascade=delete' } }]
    expect((await server.batch(entry)).json.entry[0].response.status).toBe('400')
    const { status, json: outcome } = await server.transact(entry)
    expect([status, outcome.issue[0].expression]).toEqual([400, ['Bundle.entry[0]']])
  })

  it('is not one of format', async () => {
    await server.expect(200, 'GET Patient/p?_format=json&_pretty=true&_elements=id')
    const { json: batch } = await server.batch([{ request: { method: 'GET', url: 'Patient/p?_format=json' } }])
    expect(batch.entry[0].response.status).toBe('200 OK')
  })
})

describe('a condition that a write does not go by', () => {
  const meta = {
    body: { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 'a' }] } }] },
  }
  it.each<[request: string, header: string, asked: object]>([
    ['POST Patient', 'If-Match', { body: { resourceType: 'Patient' } }],
    ['PUT Patient/p', 'If-None-Exist', { body }],
    ['PATCH Patient/p', 'If-None-Match', { body: patch, type: json }],
    ['DELETE Patient/p', 'If-None-Match', {}],
    ['POST Patient/p/$meta-add', 'If-Match', meta],
    ['POST ', 'If-Match', { body: { resourceType: 'Bundle', type: 'batch' } }],
  ])('%s with %s', async (request, header, asked) => {
    const headers = { [header]: 'W/"1"' }
    expect(await server.refused(400, request, { ...asked, headers })).toContain(`does not go by ${header}`)
    expect((await server.expect(200, 'GET Patient/p')).json.meta.versionId).toBe('1')
  })

  it('is passed over by what only reads', async () => {
    await server.expect(200, 'GET Patient/p', { headers: { 'If-Match': 'W/"9"' } })
    await server.expect(200, 'GET Patient', { headers: { 'If-None-Match': 'W/"1"' } })
  })
})

describe('what can be said once', () => {
  it.each([
    ['Patient?_count=1&_count=2', '_count'],
    ['Patient?_summary=true&_summary=false', '_summary'],
    ['?_type=Patient&_type=Observation', '_type'],
    ['Patient/p/_history?_count=1&_count=2', '_count'],
    ['_history?_since=2020&_since=2021', '_since'],
  ])('%s', async (query, name) => {
    expect(await server.refused(400, `GET ${query}`)).toMatch(new RegExp(`^${name} is given twice`))
  })

  it.each([
    ['Patient?_count=1', '_summary=true'],
    ['Patient/_history?_count=1', '_since=2020'],
    ['Patient/$everything?_count=1', '_count=5'],
  ])('a link to a further page of %s stands alone', async (query, more) => {
    const next = linkOf(await server.expect(200, `GET ${query}`), 'next')
    await server.expect(200, `GET ${next}`)
    expect(await server.refused(400, `GET ${next}&${more}`)).toContain('beside _cursor')
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Asked, openServer, type RestServer } from './server.js'

// The response codes of every interaction, in the order of https://hl7.org/fhir/R4/http.html

let server: RestServer
beforeAll(async () => {
  server = await openServer({ INGLE_MAX_BODY_BYTES: '100000' })
  await server.expect(201, 'PUT Patient/there', { body: patient('there', 'one') })
  await server.expect(200, 'PUT Patient/there', { body: { ...patient('there', 'one'), active: true } })
  for (const id of ['gone', 'buried']) {
    await server.expect(201, `PUT Patient/${id}`, { body: patient(id) })
    await server.expect(204, `DELETE Patient/${id}`)
  }
  for (const id of ['twin-1', 'twin-2']) await server.expect(201, `PUT Patient/${id}`, { body: patient(id, 'twin') })
})
afterAll(() => server.stop())

function patient(id?: string, identifier?: string) {
  return {
    resourceType: 'Patient',
    ...(id && { id }),
    ...(identifier && { identifier: [{ system: 'http://x', value: identifier }] }),
  }
}

const versioned = ['etag', 'last-modified']
const located = [...versioned, 'location']
const ANY_DATE = 'Thu, 01 Jan 2099 00:00:00 GMT'
const LONG_AGO = 'Thu, 01 Jan 1970 00:00:00 GMT'
const by = (identifier: string) => `identifier=http://x|${identifier}`
const when = (headers: Record<string, string>): Asked => ({ headers })
const sent = (body: unknown, headers?: Record<string, string>): Asked => ({ body, headers })
const jsonPatch = (...operations: object[]): Asked => ({ body: operations, type: 'application/json-patch+json' })
const test = { op: 'test', path: '/id', value: 'there' }
const bundle = (type: string, ...requests: object[]): Asked => ({
  body: { resourceType: 'Bundle', type, entry: requests.map((request) => ({ request })) },
})

type Row = [status: number, request: string, why: string, asked?: Asked, headers?: string[]]

const interactions: Record<string, Row[]> = {
  read: [
    [200, 'GET Patient/there', 'it is there', {}, versioned],
    [200, 'HEAD Patient/there', 'it is there', {}, versioned],
    [304, 'GET Patient/there', 'it is known', when({ 'If-None-Match': 'W/"2"' }), versioned],
    [304, 'GET Patient/there', 'it is among those known', when({ 'If-None-Match': 'W/"1", "2"' }), versioned],
    [304, 'GET Patient/there', 'any is known', when({ 'If-None-Match': '*' }), versioned],
    [200, 'GET Patient/there', 'another is known', when({ 'If-None-Match': 'W/"1"' }), versioned],
    [304, 'GET Patient/there', 'it is as it was', when({ 'If-Modified-Since': ANY_DATE }), versioned],
    [200, 'GET Patient/there', 'it has changed', when({ 'If-Modified-Since': LONG_AGO }), versioned],
    [200, 'GET Patient/there', 'that is no date', when({ 'If-Modified-Since': 'yesterday' }), versioned],
    [200, 'GET Patient/there', 'the tag decides', when({ 'If-None-Match': '"1"', 'If-Modified-Since': ANY_DATE })],
    [404, 'GET Patient/nowhere', 'it was never there'],
    [404, 'GET Patience/there', 'there is no such type'],
    [410, 'GET Patient/gone', 'it was deleted'],
    [410, 'GET Patient/gone', 'it was deleted, whatever is known', when({ 'If-None-Match': '*' })],
    [406, 'GET Patient/there?_format=ttl', 'there is no such format'],
  ],
  vread: [
    [200, 'GET Patient/there/_history/1', 'it is there', {}, versioned],
    [304, 'GET Patient/there/_history/1', 'it is known', when({ 'If-None-Match': 'W/"1"' }), versioned],
    [200, 'GET Patient/there/_history/1', 'another is known', when({ 'If-None-Match': 'W/"2"' }), versioned],
    [304, 'GET Patient/there/_history/1', 'it never changes', when({ 'If-Modified-Since': ANY_DATE }), versioned],
    [404, 'GET Patient/there/_history/3', 'there is no such version'],
    [404, 'GET Patient/there/_history/x', 'there is no such version'],
    [404, 'GET Patient/nowhere/_history/1', 'it was never there'],
    [200, 'GET Patient/gone/_history/1', 'it was there then', {}, versioned],
    [410, 'GET Patient/gone/_history/2', 'that was its deletion'],
    [405, 'PUT Patient/there/_history/1', 'versions are not written', sent(patient('there')), ['allow']],
  ],
  update: [
    [200, 'PUT Patient/there', 'it is there', sent(patient('there', 'one')), versioned],
    [201, 'PUT Patient/new-1', 'it was not there', sent(patient('new-1')), located],
    [201, 'PUT Patient/gone', 'it comes back', sent(patient('gone')), located],
    [200, 'PUT Patient/new-1', 'the version is current', sent(patient('new-1'), { 'If-Match': 'W/"1"' }), versioned],
    [412, 'PUT Patient/new-1', 'the version is stale', sent(patient('new-1'), { 'If-Match': 'W/"1"' })],
    [400, 'PUT Patient/there', 'the ids differ', sent(patient('other'))],
    [400, 'PUT Patient/there', 'the id is missing', sent(patient())],
    [400, 'PUT Patient/there', 'the types differ', sent({ resourceType: 'Basic', id: 'there' })],
    [400, 'PUT Patient/there', 'it is no JSON', sent('{')],
    [400, 'PUT Patient/there', 'it is not valid', sent({ ...patient('there'), nickname: 'x' })],
    [404, 'PUT Patience/there', 'there is no such type', sent(patient('there'))],
    [413, 'PUT Patient/there', 'it is too large', sent({ ...patient('there'), language: 'x'.repeat(100_000) })],
    [415, 'PUT Patient/there', 'it is of no known format', { body: 'x', type: 'text/plain' }],
  ],
  'conditional update': [
    [201, `PUT Patient?${by('cu')}`, 'there is no match', sent(patient(undefined, 'cu')), located],
    [200, `PUT Patient?${by('cu')}`, 'there is one match', sent(patient(undefined, 'cu')), versioned],
    [400, `PUT Patient?${by('cu')}`, 'the match has another id', sent(patient('other', 'cu'))],
    [412, `PUT Patient?${by('twin')}`, 'there are several', sent(patient(undefined, 'twin'))],
    [400, 'PUT Patient?nonsense=1', 'there is no such parameter', sent(patient())],
  ],
  patch: [
    [200, 'PATCH Patient/there', 'it is there', jsonPatch(test), versioned],
    [400, 'PATCH Patient/there', 'it is no patch', jsonPatch({ op: 'spam' })],
    [400, 'PATCH Patient/there', 'the result is not valid', jsonPatch({ op: 'add', path: '/nickname', value: 'x' })],
    [422, 'PATCH Patient/there', 'it cannot be applied', jsonPatch({ op: 'remove', path: '/gender' })],
    [404, 'PATCH Patient/nowhere', 'it was never there', jsonPatch(test)],
    [410, 'PATCH Patient/buried', 'it was deleted', jsonPatch(test)],
    [412, 'PATCH Patient/there', 'the version is stale', { ...jsonPatch(test), headers: { 'If-Match': 'W/"1"' } }],
    [415, 'PATCH Patient/there', 'it is of no known format', { body: '[]', type: 'application/merge-patch+json' }],
  ],
  'conditional patch': [
    [200, `PATCH Patient?${by('one')}`, 'there is one match', jsonPatch(test), versioned],
    [404, `PATCH Patient?${by('none')}`, 'there is no match', jsonPatch(test)],
    [412, `PATCH Patient?${by('twin')}`, 'there are several', jsonPatch(test)],
  ],
  delete: [
    [204, 'DELETE Patient/new-1', 'it was there'],
    [204, 'DELETE Patient/new-1', 'it is gone already'],
    [204, 'DELETE Patient/nowhere', 'it was never there'],
    [412, 'DELETE Patient/there', 'the version is stale', when({ 'If-Match': 'W/"1"' })],
    [404, 'DELETE Patience/there', 'there is no such type'],
    [405, 'DELETE metadata', 'that is no resource', {}, ['allow']],
  ],
  'conditional delete': [
    [204, `DELETE Patient?${by('cu')}`, 'there is one match'],
    [412, `DELETE Patient?${by('twin')}`, 'there are several'],
    [400, 'DELETE Patient?nonsense=1', 'there is no such parameter'],
  ],
  create: [
    [201, 'POST Patient', 'it is written', sent(patient()), located],
    [201, 'POST Patient', 'the id is given by the server', sent(patient('there')), located],
    [400, 'POST Patient', 'it is no JSON', sent('{')],
    [400, 'POST Patient', 'there is no body', { headers: { 'Content-Type': 'application/fhir+json' } }],
    [400, 'POST Patient', 'the types differ', sent({ resourceType: 'Basic', code: { text: 'x' } })],
    [400, 'POST Patient', 'it is not valid', sent({ ...patient(), nickname: 'x' })],
    [404, 'POST Patience', 'there is no such type', sent({ resourceType: 'Patience' })],
    [405, 'POST Patient/there', 'the id is given by the server', sent(patient()), ['allow']],
    [406, 'POST Patient?_format=ttl', 'there is no such format', sent(patient())],
    [415, 'POST Patient', 'it is of no known format', { body: 'x', type: 'text/plain' }],
  ],
  'conditional create': [
    [201, 'POST Patient', 'there is no match', sent(patient(), { 'If-None-Exist': by('cc') }), located],
    [200, 'POST Patient', 'there is one match', sent(patient(), { 'If-None-Exist': by('one') }), versioned],
    [412, 'POST Patient', 'there are several', sent(patient(), { 'If-None-Exist': by('twin') })],
    [400, 'POST Patient', 'there is no such parameter', sent(patient(), { 'If-None-Exist': 'nonsense=1' })],
  ],
  search: [
    [200, 'GET Patient', 'of a type'],
    [200, 'HEAD Patient', 'of a type'],
    [200, 'GET ?_type=Patient', 'of all types'],
    [200, 'GET Patient?identifier=http://x|none', 'nothing is found'],
    [200, 'POST Patient/_search', 'without a body'],
    [200, 'POST Patient/_search', 'with a form', { body: 'active=true', type: 'application/x-www-form-urlencoded' }],
    [200, 'POST _search?_type=Patient', 'of all types'],
    [200, 'GET Patient', 'a search is not conditional', when({ 'If-None-Match': '*', 'If-Modified-Since': ANY_DATE })],
    [400, 'GET Patient?nonsense=1', 'there is no such parameter'],
    [200, 'GET Patient?nonsense=1', 'it is left out', when({ Prefer: 'handling=lenient' })],
    [404, 'GET Patience', 'there is no such type'],
    [405, 'GET Patient/_search', 'a form is posted', {}, ['allow']],
    [415, 'POST Patient/_search', 'it is no form', sent({})],
  ],
  capabilities: [
    [200, 'GET metadata', 'it is there'],
    [200, 'GET metadata?mode=terminology', 'it is there'],
    [400, 'GET metadata?mode=nonsense', 'there is no such mode'],
    [405, 'POST metadata', 'it is not written', sent({}), ['allow']],
    [204, 'OPTIONS metadata', 'it says what can be done', {}, ['allow']],
  ],
  'batch and transaction': [
    [200, 'POST ', 'each entry has its own status', bundle('batch', { method: 'GET', url: 'Patient/nowhere' })],
    [200, 'POST ', 'all is done', bundle('transaction', { method: 'GET', url: 'Patient/there' })],
    [404, 'POST ', 'an entry fails', bundle('transaction', { method: 'GET', url: 'Patient/nowhere' })],
    [400, 'POST ', 'it is another Bundle', bundle('collection')],
    [400, 'POST ', 'it is no Bundle', sent(patient())],
    [400, 'POST ', 'an entry is no request', bundle('transaction', {})],
    [405, 'PUT ', 'the base is not written', sent({}), ['allow']],
  ],
  history: [
    [200, 'GET Patient/there/_history', 'of a resource'],
    [200, 'GET Patient/gone/_history', 'of a resource that was deleted'],
    [200, 'GET Patient/_history', 'of a type'],
    [200, 'GET _history', 'of everything'],
    [400, 'GET _history?_since=yesterday', 'that is no instant'],
    [404, 'GET Patient/nowhere/_history', 'it was never there'],
    [404, 'GET Patience/_history', 'there is no such type'],
    [405, 'POST Patient/_history', 'it is not written', sent({}), ['allow']],
  ],
  'what is none of these': [
    [404, 'GET Patient/there/nonsense', 'there is no such place'],
    [404, 'GET $nonsense', 'there is no such operation'],
    [404, 'OPTIONS a/b/c/d/e', 'there is no such place'],
  ],
}

describe.each(Object.entries(interactions))('%s', (_, rows) => {
  it.each(rows)('%i %s: %s', async (status, request, _why, asked, headers = []) => {
    const answer = await server.expect(status, request, asked)
    for (const name of headers) expect(answer.headers.get(name), name).toBeTruthy()
    if (status < 400) return
    expect(answer.json.resourceType).toBe('OperationOutcome')
    expect(answer.json.issue[0]).toMatchObject({ severity: 'error', diagnostics: expect.stringMatching(/./) })
  })
})

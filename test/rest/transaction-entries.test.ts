import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { validateStructure } from '../../src/fhir/validation/structure.js'
import { type Given, openServer, type RestServer } from './server.js'

// What each kind of entry may ask and be told: https://hl7.org/fhir/R4/bundle.html#bundle-unique and http.html#trules

let server: RestServer
beforeAll(async () => {
  server = await openServer({ INGLE_MAX_CONDITIONAL_DELETES: '3' })
})
afterAll(() => server.stop())

let n = 0
const fresh = () => `e${++n}`
const basic = (id: string, code = id): Given => ({ resourceType: 'Basic', id, code: { coding: [{ code }] } })
const request = (text: string, more: Record<string, unknown> = {}) => {
  const [method, url] = text.split(' ')
  return { request: { method, url, ...more } }
}
const put = (resource: Given, more: Record<string, unknown> = {}) => ({
  resource,
  ...request(`PUT ${resource.resourceType}/${resource.id}`, more),
})
const post = (resource: Given, more: Record<string, unknown> = {}) => ({
  resource,
  ...request(`POST ${resource.resourceType}`, more),
})

/** Ids under which resources of the same code are now stored. */
async function stored(count: number, code: string): Promise<string[]> {
  const ids = Array.from({ length: count }, fresh)
  await server.transact(ids.map((id) => put(basic(id, code))))
  return ids
}

describe('an entry that reads', () => {
  const changed = { ...basic('r1'), language: 'de' }
  beforeAll(async () => {
    await server.expect(201, 'PUT Basic/r1', { body: basic('r1') })
    await server.expect(201, 'PUT Basic/gone', { body: basic('gone') })
    await server.expect(204, 'DELETE Basic/gone')
  })

  it.each<[string, object, string, object | undefined]>([
    ['a read', request('GET Basic/r1'), '200 OK', { language: 'de' }],
    ['a part of it', request('GET Basic/r1?_elements=code'), '200 OK', { meta: { tag: [{ code: 'SUBSETTED' }] } }],
    ['a version', request('GET Basic/r1/_history/1'), '200 OK', { meta: { versionId: '1' } }],
    ['a history', request('GET Basic/r1/_history?_count=1'), '200 OK', { type: 'history', entry: [{}] }],
    ['a search', request('GET Basic?_id=r1'), '200 OK', { entry: [{ resource: { language: 'de' } }] }],
    ['a search by POST', request('POST Basic/_search?_id=r1'), '200 OK', { entry: [{ resource: { language: 'de' } }] }],
    ['a search of all types', request('GET ?_type=Basic&_id=r1'), '200 OK', { entry: [{ resource: { id: 'r1' } }] }],
    ['HEAD', request('HEAD Basic/r1'), '200 OK', undefined],
    ['the statement', request('GET metadata'), '200 OK', { resourceType: 'CapabilityStatement' }],
    ['an operation', request('GET Basic/r1/$meta'), '200 OK', { resourceType: 'Parameters' }],
    [
      'an operation by POST, with parameters',
      {
        resource: {
          resourceType: 'Parameters',
          parameter: [
            { name: 'expression', valueString: 'Patient.id' },
            { name: 'resource', resource: { resourceType: 'Patient', id: 'r1' } },
          ],
        },
        ...request('POST $fhirpath'),
      },
      '200 OK',
      { resourceType: 'Parameters' },
    ],
    ['a version that the client has', request('GET Basic/r1', { ifNoneMatch: 'W/"2"' }), '304 Not Modified', undefined],
    [
      'nothing new since a time',
      request('GET Basic/r1', { ifModifiedSince: '2999-01-01T00:00:00Z' }),
      '304 Not Modified',
      undefined,
    ],
  ])('%s: with what the same transaction has written', async (_, entry, status, resource) => {
    await server.expect(200, 'PUT Basic/r1', { body: basic('r1') })
    const { meta } = (await server.expect(200, 'GET Basic/r1')).json
    const now = JSON.parse(JSON.stringify(entry).replace('W/\\"2\\"', `W/\\"${Number(meta.versionId) + 1}\\"`))
    const { status: got, json, text } = await server.transact([now, put(changed)])
    expect(got, text).toBe(200)
    expect(json.entry[0].response.status).toBe(status)
    if (resource) expect(json.entry[0].resource).toMatchObject(resource)
    else expect(json.entry[0].resource).toBeUndefined()
    expect(validateStructure(json)).toEqual([])
  })

  it.each([
    [404, 'GET Basic/nobody'],
    [410, 'GET Basic/gone'],
    [404, 'GET Basic/r1/_history/99'],
    [400, 'GET Basic?nonsense=1'],
    [404, 'GET Basic/r1/$nonsense'],
    [405, 'GET Patient/$merge'],
    [405, 'POST Patient/$merge'],
    [404, 'GET _async/1'],
  ])('is refused with %i for %s, and nothing is written', async (status, text) => {
    const before = await server.count()
    const { status: got, json } = await server.transact([post(basic('x')), request(text)])
    expect(got, JSON.stringify(json)).toBe(status)
    expect(json.issue[0].expression).toEqual(['Bundle.entry[1]'])
    expect(await server.count()).toBe(before)
  })
})

describe('a DELETE by criteria', () => {
  it('takes as many as the setting allows', async () => {
    const code = fresh()
    const ids = await stored(3, code)
    const { json } = await server.transact([request(`DELETE Basic?code=${code}`)])
    expect(json.entry).toEqual([{ response: { status: '204 No Content' } }])
    for (const id of ids) await server.expect(410, `GET Basic/${id}`)
  })

  it('of more changes nothing, and names the setting', async () => {
    const code = fresh()
    const ids = await stored(4, code)
    const { status, json } = await server.transact([post(basic('x')), request(`DELETE Basic?code=${code}`)])
    expect([status, json.issue[0]]).toMatchObject([
      412,
      { diagnostics: expect.stringContaining('INGLE_MAX_CONDITIONAL_DELETES'), expression: ['Bundle.entry[1]'] },
    ])
    for (const id of ids) await server.expect(200, `GET Basic/${id}`)
  })

  it('says what it took by Prefer: return=OperationOutcome', async () => {
    const code = fresh()
    const ids = await stored(2, code)
    const { json } = await server.transact([request(`DELETE Basic?code=${code}`), post(basic('x'))], {
      Prefer: 'return=OperationOutcome',
    })
    const [deleted, created] = json.entry.map(
      ({ response }: { response: { outcome: { issue: { diagnostics: string }[] } } }) =>
        response.outcome.issue[0]!.diagnostics,
    )
    for (const id of ids) expect(deleted).toContain(`Basic/${id}`)
    expect(created).toMatch(/^Basic\/.* is now at version 1$/)
  })

  it('with ifMatch is about one', async () => {
    const code = fresh()
    await stored(2, code)
    const { status } = await server.transact([request(`DELETE Basic?code=${code}`, { ifMatch: 'W/"1"' })])
    expect(status).toBe(412)
  })

  it('goes before a create on the same condition', async () => {
    const code = fresh()
    const [id] = await stored(1, code)
    const { json } = await server.transact([
      post(basic('x', code), { ifNoneExist: `code=${code}` }),
      request(`DELETE Basic?code=${code}`),
    ])
    expect(json.entry[0].response.status).toBe('201 Created')
    await server.expect(410, `GET Basic/${id}`)
    expect((await server.expect(200, `GET Basic?code=${code}&_total=accurate`)).json.total).toBe(1)
  })
})

describe('entries whose identities overlap', () => {
  it.each<[string, (id: string, code: string) => object[]]>([
    ['PUT and PUT', (id) => [put(basic(id)), put(basic(id))]],
    [
      'PUT and PATCH',
      (id) => [put(basic(id)), { resource: { resourceType: 'Parameters' }, ...request(`PATCH Basic/${id}`) }],
    ],
    ['PUT and DELETE', (id) => [put(basic(id)), request(`DELETE Basic/${id}`)]],
    ['DELETE and DELETE', (id) => [request(`DELETE Basic/${id}`), request(`DELETE Basic/${id}`)]],
    [
      'PUT and PUT by criteria',
      (id, code) => [put(basic(id)), { resource: basic(id, code), ...request(`PUT Basic?code=${code}`) }],
    ],
    ['PUT and one of several of a DELETE', (id, code) => [put(basic(id)), request(`DELETE Basic?code=${code}`)]],
    [
      'two DELETEs by criteria',
      (_, code) => [request(`DELETE Basic?code=${code}`), request(`DELETE Basic?code=${code},other`)],
    ],
  ])('%s are refused', async (_, entries) => {
    const code = fresh()
    const ids = await stored(2, code)
    const { status, json } = await server.transact(entries(ids[1]!, `${code}&_id=${ids[1]}`))
    expect(status, JSON.stringify(json)).toBe(400)
    expect(json.issue[0].expression[0]).toBe('Bundle.entry[1].request.url')
    for (const id of ids) await server.expect(200, `GET Basic/${id}`)
  })
})

describe('a condition of an entry', () => {
  it.each([
    ['GET', 'ifMatch'],
    ['GET', 'ifNoneExist'],
    ['POST', 'ifMatch'],
    ['POST', 'ifNoneMatch'],
    ['PUT', 'ifNoneExist'],
    ['PUT', 'ifModifiedSince'],
    ['PATCH', 'ifNoneMatch'],
    ['DELETE', 'ifNoneExist'],
  ])('that %s does not have is refused: %s', async (method, name) => {
    const url = method === 'POST' ? 'Basic' : 'Basic/c'
    const entry = { resource: basic('c'), ...request(`${method} ${url}`, { [name]: 'W/"1"' }) }
    const { status, json } = await server.transact([entry])
    expect([status, json.issue[0].expression]).toEqual([400, [`Bundle.entry[0].request.${name}`]])
    const { json: answers } = await server.batch([entry])
    expect(answers.entry[0].response.status).toMatch(/^400/)
  })
})

it('ifNoneMatch of an update is *, alone and in an entry', async () => {
  const entry = put(basic('inm'), { ifNoneMatch: 'W/"1"' })
  expect((await server.transact([entry])).status).toBe(400)
  expect((await server.batch([entry])).json.entry[0].response.status).toMatch(/^400/)
  const headers = { 'If-None-Match': 'W/"1"' }
  expect(await server.refused(400, 'PUT Basic/inm', { body: basic('inm'), headers })).toContain('*')
})

describe('references of a transaction', () => {
  const [p, oid] = [`urn:uuid:${randomUUID()}`, 'urn:oid:1.2.840.1.99']
  const root = 'http://elsewhere.example.org/fhir/'
  const narrative = (url: string) => ({
    status: 'generated',
    div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${url}">it</a><img src='${url}' alt="${url}"/></div>`,
  })
  const e = (value: Record<string, unknown>) => ({ extension: [{ url: 'http://example.org/e', ...value }] })

  it.each<[string, string, (to: string) => object, (target: string, to: string) => unknown]>([
    ['Reference', p, (to) => ({ subject: { reference: to } }), (target) => ({ subject: { reference: target } })],
    ['uri', p, (to) => ({ implicitRules: to }), (target) => ({ implicitRules: target })],
    ['uri that is a URL', `${root}Patient/9`, (to) => ({ implicitRules: to }), (target) => ({ implicitRules: target })],
    ['url', p, (to) => e({ valueUrl: to }), (target) => e({ valueUrl: target })],
    ['uuid', p, (to) => e({ valueUuid: to }), (target) => e({ valueUuid: target })],
    ['oid', oid, (to) => e({ valueOid: to }), (target) => e({ valueOid: target })],
    ['canonical: stays', p, (to) => e({ valueCanonical: to }), (_, to) => e({ valueCanonical: to })],
    ['string: stays', p, (to) => e({ valueString: to }), (_, to) => e({ valueString: to })],
    [
      'links of the narrative, not its text',
      p,
      (to) => ({ text: narrative(to) }),
      (target, to) => ({
        text: {
          div: expect.stringMatching(new RegExp(`href="${target}".*src="${target}" alt="${to}"`)),
        },
      }),
    ],
    [
      'a relative URL, on the fullUrl that it stands under',
      `${root}Patient/9`,
      () => ({ subject: { reference: 'Patient/9' } }),
      (target) => ({ subject: { reference: target } }),
    ],
    [
      'a version: stays',
      p,
      () => ({ subject: { reference: 'Patient/1/_history/2' } }),
      () => ({ subject: { reference: 'Patient/1/_history/2' } }),
    ],
  ])('by %s', async (_, fullUrl, given, expected) => {
    const { json, text } = await server.transact(
      [
        { fullUrl, resource: { resourceType: 'Patient' }, ...request('POST Patient') },
        { fullUrl: `${root}Basic/x`, ...post({ ...basic('x'), ...given(fullUrl) }) },
      ],
      { Prefer: 'return=representation' },
    )
    expect(json.entry, text).toHaveLength(2)
    const [patient, other] = json.entry.map(({ resource }: { resource: Given }) => resource)
    expect(other).toMatchObject(expected(`Patient/${patient.id}`, fullUrl) as object)
  })
})

describe('a batch', () => {
  it('holds what an operation answers, by GET or POST, whatever Prefer says', async () => {
    await server.expect(201, 'PUT Basic/b', { body: basic('b') })
    const meta = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 't' }] } }] }
    const entries = [
      request('GET Basic/b/$meta'),
      request('POST Basic/b/$meta'),
      { resource: meta, ...request('POST Basic/b/$meta-add') },
      request('POST Basic/_search?_id=b'),
    ]
    for (const headers of [undefined, { Prefer: 'return=minimal' }]) {
      const { json } = await server.batch(entries, headers)
      expect(json.entry.map(({ resource }: { resource?: Given }) => resource?.resourceType)).toEqual([
        'Parameters',
        'Parameters',
        'Parameters',
        'Bundle',
      ])
    }
  })
})

it('a transaction with Prefer: respond-async is answered later, as it would be now', async () => {
  const id = fresh()
  const headers = { Prefer: 'respond-async, return=representation' }
  const accepted = await server.transact([put(basic(id)), request(`GET Basic/${id}`)], headers)
  expect(accepted.status).toBe(202)
  const at = accepted.headers.get('content-location')!
  await expect.poll(async () => (await server.ask(`GET ${at}`)).status).toBe(200)
  const { json } = await server.expect(200, `GET ${at}`)
  expect(json.entry[0].response.status).toMatch(/^200/)
  expect(json.entry[0].resource).toMatchObject({
    type: 'transaction-response',
    entry: [{ resource: { id } }, { resource: { id } }],
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type IdentityProvider, openIdentityProvider } from '../support/identity-provider.js'
import { idsOf, linkOf, openServer, type RestServer } from './server.js'

// What a token's scopes allow holds for what a request does, not only for its URL.

let provider: IdentityProvider
let server: RestServer

beforeAll(async () => {
  provider = await openIdentityProvider()
  server = await openServer(provider.settings)
  const all = await as('system/*.cruds')
  const observation = { resourceType: 'Observation', id: 'o', status: 'final', code: { text: 'secret' } }
  await server.expect(201, 'PUT Patient/p', { body: { resourceType: 'Patient', id: 'p', active: true }, headers: all })
  const body = { ...observation, subject: { reference: 'Patient/p' } }
  await server.expect(201, 'PUT Observation/o', { body, headers: all })
})
afterAll(async () => {
  await server?.stop()
  provider.close()
})

const as = (scope: string) => provider.as(scope)

describe('without a scope for it', () => {
  it('nothing but metadata is served without a token', async () => {
    await server.refused(401, 'GET Patient/p')
    await server.refused(401, 'POST ', { body: { resourceType: 'Bundle', type: 'batch' } })
    await server.expect(200, 'GET metadata')
  })

  it('an entry of a batch is 403, the others are answered; a transaction is 403 as a whole', async () => {
    const headers = await as('system/Patient.cruds')
    const entry = [
      { resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient' } },
      { request: { method: 'GET', url: 'Observation/o' } },
    ]
    const before = (await server.expect(200, 'GET Patient?_summary=count', { headers })).json.total
    const { json } = await server.batch(entry, headers)
    expect(json.entry.map(({ response }: { response: { status: string } }) => response.status.slice(0, 3))).toEqual([
      '201',
      '403',
    ])
    const { status, text } = await server.transact(entry, headers)
    expect([status, text]).toEqual([403, expect.stringContaining('Observation.r')])
    expect((await server.expect(200, 'GET Patient?_summary=count', { headers })).json.total).toBe(before + 1)
  })

  it('includes are left out', async () => {
    const all = await as('system/*.rs')
    const some = await as('system/Patient.rs')
    const query = 'Patient?_id=p&_revinclude=Observation:subject'
    expect(idsOf(await server.expect(200, `GET ${query}`, { headers: all }))).toEqual(['p', 'o'])
    expect(idsOf(await server.expect(200, `GET ${query}`, { headers: some }))).toEqual(['p'])
    const headers = await as('system/Observation.rs')
    expect(idsOf(await server.expect(200, 'GET Observation?_include=Observation:subject', { headers }))).toEqual(['o'])
  })

  it('chains and _has are refused', async () => {
    const patients = await as('system/Patient.rs')
    const observations = await as('system/Observation.cruds')
    expect(
      await server.refused(403, 'GET Patient?_has:Observation:subject:status=final', { headers: patients }),
    ).toContain('Observation.s')
    expect(
      await server.refused(403, 'GET Observation?subject:Patient.active=true', { headers: observations }),
    ).toContain('Patient.s')
    await server.refused(403, 'DELETE Observation?subject:Patient.active=true', { headers: observations })
    await server.expect(200, 'GET Observation?subject=Patient/p', { headers: observations })
  })

  it.each([
    ['Observation?_filter=subject:Patient.active%20eq%20true', 'Observation', 'Patient.s'],
    ['Patient?_filter=not(_has:Observation:subject:status%20eq%20final)', 'Patient', 'Observation.s'],
    ['Patient?_list=mine', 'Patient', 'List.s'],
    ['Encounter?location:below=ward', 'Encounter', 'Location.s'],
    ['Patient?_contained=true', 'Patient', '*.s'], // what contains a Patient may be of any type
    ['Patient?_sort=general-practitioner:Practitioner.family', 'Patient', 'Practitioner.s'],
  ])('%s with scopes for %s alone is refused', async (query, type, missing) => {
    const headers = await as(`system/${type}.rs`)
    expect(await server.refused(403, `GET ${query}`, { headers })).toContain(missing)
    const explained = query.replace('?', '/$explain?')
    expect(await server.refused(403, `GET ${explained}`, { headers })).toContain(missing)
  })

  it('a patch is done, and what it leaves as it was is not shown', async () => {
    const headers = { ...(await as('system/Observation.u')), Prefer: 'return=representation' }
    const type = 'application/json-patch+json'
    const body = [{ op: 'replace', path: '/status', value: 'amended' }]
    expect((await server.expect(200, 'PATCH Observation/o', { body, type, headers })).text).toBe('')
    const data = Buffer.from(JSON.stringify(body)).toString('base64')
    const resource = { resourceType: 'Binary', contentType: type, data }
    const entry = [{ resource, request: { method: 'PATCH', url: 'Observation/o' } }]
    for (const { status, text } of [await server.batch(entry, headers), await server.transact(entry, headers)]) {
      expect([status, text]).toEqual([200, expect.stringContaining('200 OK')])
      expect(text).not.toContain('secret')
    }
    const seeing = { ...(await as('system/Observation.ru')), Prefer: 'return=representation' }
    expect((await server.expect(200, 'PATCH Observation/o', { body, type, headers: seeing })).text).toContain('secret')
  })

  it('an answer that came later is read with the scopes that it was asked with', async () => {
    const later = { ...(await as('system/Observation.rs system/Patient.rs')), Prefer: 'respond-async' }
    const url = (await server.expect(202, 'GET Observation/o', { headers: later })).headers.get('content-location')
    const less = await as('system/Patient.rs')
    expect(await server.refused(403, `GET ${url}`, { headers: less })).toContain('system/Observation.rs')
    const { status } = await server.ask(`GET ${url}`, { headers: await as('system/Patient.rs system/Observation.rs') })
    expect([200, 202]).toContain(status)
  })

  it('a page of several types is followed with the scopes that its first one needed, and no others', async () => {
    const headers = await as('system/Patient.s system/Observation.s')
    const first = await server.expect(200, 'GET ?_type=Patient,Observation&_count=1', { headers })
    const next = linkOf(first, 'next')
    const second = await server.expect(200, `GET ${next}`, { headers })
    expect(idsOf(second)).toHaveLength(1)
    expect(idsOf(second)).not.toEqual(idsOf(first))
    await server.expect(200, `GET ${linkOf(second, 'previous')}`, { headers })
    const less = await as('system/Patient.s')
    expect(await server.refused(403, `GET ${next}`, { headers: less })).toContain('Observation.s')
  })

  it('conditional references are refused', async () => {
    const body = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: 'Patient?active=true' },
    }
    const entry = [{ resource: body, request: { method: 'POST', url: 'Observation' } }]
    expect((await server.transact(entry, await as('system/Observation.c'))).status).toBe(403)
    expect((await server.transact(entry, await as('system/Observation.c system/Patient.s'))).status).toBe(200)
  })
})

describe('an operation shows nothing that the scopes do not cover', () => {
  const subject = { reference: 'Patient/p' }
  beforeAll(async () => {
    const headers = await as('system/*.cruds')
    const put = (body: { resourceType: string; id: string } & Record<string, unknown>) =>
      server.expect(201, `PUT ${body.resourceType}/${body.id}`, { body, headers })
    await put({ resourceType: 'Condition', id: 'c', subject })
    await put({
      resourceType: 'Composition',
      id: 'letter',
      status: 'final',
      type: { text: 'x' },
      date: '2024',
      title: 'T',
      subject,
      author: [subject],
    })
  })

  it.each([
    // scope, request, what is missing
    ['system/Patient.rs', 'GET Patient/p/$everything', '*.r'],
    ['system/Composition.rs system/Patient.rs', 'GET Composition/letter/$document', '*.r'],
    ['system/*.rs', 'POST Composition/letter/$document?persist=true', 'Bundle.c'],
    ['system/Patient.rs', 'GET Patient/p/$graph?graph=http://g', '*.r'],
    ['system/List.rs', 'GET List/$find?patient=p&name=current-problems', 'Condition.s'],
    ['system/Observation.rs', 'GET Observation/$lastn?patient=p&code=x&performer:Patient.name=a', 'Patient.s'],
    ['system/Patient.rs', 'GET $diff?from=Patient/p&to=Patient/p', '*.r'],
    ['system/Observation.rs', 'GET Patient/p/$diff', 'Patient.r'],
    ['system/Patient.r', 'GET Patient/$meta', 'Patient.s'],
    ['system/Patient.rs', 'GET $meta', '*.r'],
    ['system/Patient.rs', 'POST Patient/p/$meta-add', 'Patient.u'],
    ['system/Patient.cruds', 'POST Patient/$merge', '*.c'],
    ['system/Patient.cruds', 'POST Patient/$merge-undo', '*.c'],
    ['system/Patient.r', 'POST Patient/$match', 'Patient.s'],
    ['system/Observation.r', 'GET Observation/$stats?subject=Patient/p&code=x&statistic=sum', 'Observation.s'],
    ['system/Patient.rs', 'POST Patient/$expunge', 'Patient.d'],
    ['system/Patient.cruds', 'POST $expunge', '*.r'],
  ])('%s: %s needs %s', async (scope, request, missing) => {
    const body = request.startsWith('POST') ? { resourceType: 'Parameters' } : undefined
    const reason = await server.refused(403, request, { headers: await as(scope), ...(body && { body }) })
    expect(reason).toContain(`system/${missing}`)
  })

  it.each([
    ['system/Patient.r', 'GET Patient/p/$meta'],
    ['system/List.rs system/Condition.s', 'GET List/$find?patient=p&name=current-problems'],
    ['system/Observation.rs', 'GET Observation/$lastn?patient=p&code=x'],
    ['openid', 'GET $versions'],
  ])('%s is enough for %s', async (scope, request) => {
    await server.expect(200, request, { headers: await as(scope) })
  })
})

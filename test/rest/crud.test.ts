import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { minimal } from '../support/minimal.js'
import { idsOf, openServer, type RestServer } from './server.js'

// https://hl7.org/fhir/R4/http.html

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

const etag = (version: number) => `W/"${version}"`
let n = 0
/** A patient of this test alone. */
async function patient(more: Record<string, unknown> = {}) {
  const id = `p${++n}`
  const body = { resourceType: 'Patient', id, active: true, ...more }
  const { json } = await server.expect(201, `PUT Patient/${id}`, { body })
  return { id, at: `Patient/${id}`, body, json }
}

describe.each(['Patient', 'Observation', 'Device', 'Claim', 'Encounter'])('the life of a %s', (type) => {
  it('is 201, 200, 200, 200, 204, 410, and 201 again', async () => {
    const created = await server.expect(201, `POST ${type}`, { body: { ...minimal(type), id: 'mine' } })
    const { id } = created.json
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(created.json).toEqual({ ...minimal(type), id, meta: { versionId: '1', lastUpdated: expect.any(String) } })
    expect(created.headers.get('location')).toBe(`${server.base}/${type}/${id}/_history/1`)
    expect(created.headers.get('etag')).toBe(etag(1))
    expect(created.headers.get('last-modified')).toBe(new Date(created.json.meta.lastUpdated).toUTCString())

    const read = await server.expect(200, `GET ${type}/${id}`)
    expect(read.json).toEqual(created.json)
    expect(read.headers.get('etag')).toBe(etag(1))

    const updated = await server.expect(200, `PUT ${type}/${id}`, { body: { ...created.json, language: 'de' } })
    expect(updated.json).toMatchObject({ id, language: 'de', meta: { versionId: '2' } })
    expect(updated.headers.get('location')).toBeNull()
    expect(updated.json.meta.lastUpdated > created.json.meta.lastUpdated).toBe(true)

    expect((await server.expect(200, `GET ${type}/${id}/_history/1`)).json).toEqual(created.json)
    expect((await server.expect(200, `GET ${type}/${id}/_history/2`)).json).toEqual(updated.json)

    const deleted = await server.expect(204, `DELETE ${type}/${id}`)
    expect([deleted.text, deleted.headers.get('etag')]).toEqual(['', etag(3)])
    await server.refused(410, `GET ${type}/${id}`)
    await server.refused(410, `GET ${type}/${id}/_history/3`)
    expect((await server.expect(200, `GET ${type}/${id}/_history/2`)).json).toEqual(updated.json)
    expect(idsOf(await server.expect(200, `GET ${type}?_id=${id}`))).toEqual([])
    await server.expect(204, `DELETE ${type}/${id}`)
    await server.refused(404, `GET ${type}/${id}/_history/4`)

    const revived = await server.expect(201, `PUT ${type}/${id}`, { body: { ...minimal(type), id } })
    expect(revived.headers.get('etag')).toBe(etag(4))
    expect(idsOf(await server.expect(200, `GET ${type}?_id=${id}`))).toEqual([id])
  })
})

describe('a create', () => {
  it('gives every resource an id of its own, whatever the body says', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => server.expect(201, 'POST Basic', { body: { ...minimal('Basic'), id: 'same' } })),
    )
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(50)
  })

  it('keeps meta but what is the server’s', async () => {
    const meta = {
      versionId: '7',
      lastUpdated: '2001-01-01T00:00:00Z',
      tag: [{ code: 't' }],
      profile: ['http://example.org/p'],
    }
    const { json } = await server.expect(201, 'POST Patient', { body: { resourceType: 'Patient', meta } })
    expect(json.meta).toMatchObject({ versionId: '1', tag: [{ code: 't' }], profile: ['http://example.org/p'] })
    expect(Date.now() - Date.parse(json.meta.lastUpdated)).toBeLessThan(60_000)
  })
})

describe('an update', () => {
  it('of what is not there creates it (201)', async () => {
    const { headers, json } = await server.expect(201, 'PUT Patient/new-1', {
      body: { resourceType: 'Patient', id: 'new-1' },
    })
    expect(headers.get('location')).toBe(`${server.base}/Patient/new-1/_history/1`)
    expect(json.meta.versionId).toBe('1')
  })

  it('with a stale If-Match is 412 and changes nothing', async () => {
    const { at, body } = await patient()
    await server.expect(200, `PUT ${at}`, { body, headers: { 'If-Match': etag(1) } })
    for (const stale of [etag(1), etag(3), '"1"', 'W/"x"', '1, 3'])
      expect(await server.refused(412, `PUT ${at}`, { body, headers: { 'If-Match': stale } })).toContain('')
    expect(await server.refused(412, `PUT ${at}`, { body, headers: { 'If-Match': etag(1) } })).toContain('at version 2')
    await server.refused(412, `DELETE ${at}`, { headers: { 'If-Match': etag(1) } })
    const operations = { body: [{ op: 'add', path: '/gender', value: 'male' }], type: 'application/json-patch+json' }
    await server.refused(412, `PATCH ${at}`, { ...operations, headers: { 'If-Match': etag(1) } })
    expect((await server.expect(200, `GET ${at}`)).json.meta.versionId).toBe('2')
    await server.expect(200, `PUT ${at}`, { body, headers: { 'If-Match': '"1", W/"2"' } })
    await server.expect(200, `PATCH ${at}`, { ...operations, headers: { 'If-Match': etag(3) } })
    await server.expect(204, `DELETE ${at}`, { headers: { 'If-Match': etag(4) } })
    await server.refused(412, `PUT ${at}`, { body, headers: { 'If-Match': etag(5) } })
  })

  it('with If-None-Match: * only creates, with If-Match: * only updates', async () => {
    const { at, body } = await patient()
    await server.refused(412, `PUT ${at}`, { body, headers: { 'If-None-Match': '*' } })
    await server.expect(200, `PUT ${at}`, { body, headers: { 'If-Match': '*' } })
    const none = { body: { resourceType: 'Patient', id: 'none-1' }, headers: { 'If-Match': '*' } }
    expect((await server.ask('PUT Patient/none-1', none)).status).toBe(412)
    await server.expect(201, 'PUT Patient/none-1', { body: none.body, headers: { 'If-None-Match': '*' } })
  })

  it('of If-Match: * deletes and patches what is there', async () => {
    const { at } = await patient()
    const operations = { body: [{ op: 'add', path: '/gender', value: 'male' }], type: 'application/json-patch+json' }
    await server.expect(200, `PATCH ${at}`, { ...operations, headers: { 'If-Match': '*' } })
    await server.expect(204, `DELETE ${at}`, { headers: { 'If-Match': '*' } })
  })
})

describe('a read', () => {
  it('of what has not changed is 304', async () => {
    const { at, json } = await patient()
    const modified = new Date(json.meta.lastUpdated).toUTCString()
    const early = new Date(Date.parse(json.meta.lastUpdated) - 5000).toUTCString()
    const cases: [status: number, headers: Record<string, string>][] = [
      [304, { 'If-None-Match': etag(1) }],
      [304, { 'If-None-Match': '"1"' }],
      [304, { 'If-None-Match': `${etag(7)}, ${etag(1)}` }],
      [304, { 'If-None-Match': '*' }],
      [200, { 'If-None-Match': etag(2) }],
      [304, { 'If-Modified-Since': modified }],
      [200, { 'If-Modified-Since': early }],
      [200, { 'If-Modified-Since': 'some day' }],
      [200, { 'If-None-Match': etag(2), 'If-Modified-Since': modified }],
    ]
    for (const [status, headers] of cases) {
      const got = await server.expect(status, `GET ${at}`, { headers })
      expect(got.headers.get('etag')).toBe(etag(1))
      if (status === 304) expect(got.text).toBe('')
    }
  })

  it('by HEAD is one without the body', async () => {
    const { at, id } = await patient()
    const [get, head] = [await server.expect(200, `GET ${at}`), await server.expect(200, `HEAD ${at}`)]
    expect(head.text).toBe('')
    for (const name of ['etag', 'last-modified', 'content-type', 'content-length'])
      expect(head.headers.get(name)).toBe(get.headers.get(name))
    await server.expect(200, `HEAD Patient?_id=${id}`)
    await server.expect(200, `HEAD ${at}/_history`)
    await server.expect(200, `HEAD ${at}/_history/1`)
    await server.expect(200, 'HEAD metadata')
    expect((await server.expect(404, 'HEAD Patient/nobody')).text).toBe('')
    await server.expect(405, 'HEAD Patient/_search')
  })

  it('is cut down by _summary and _elements', async () => {
    const { at } = await patient({
      text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">p</div>' },
      contact: [{ name: { text: 'A' }, gender: 'male' }],
      gender: 'female',
      birthDate: '2000-01-01',
    })
    const keys = async (query: string) => Object.keys((await server.expect(200, `GET ${at}?${query}`)).json).sort()
    const always = ['id', 'meta', 'resourceType']
    const all = [...always, 'text', 'contact', 'gender', 'birthDate', 'active'].sort()
    expect(await keys('_summary=false')).toEqual(all)
    expect(await keys('_summary=true')).toEqual([...always, 'active', 'birthDate', 'gender'].sort())
    expect(await keys('_summary=text')).toEqual([...always, 'text'].sort())
    expect(await keys('_summary=data')).toEqual(all.filter((key) => key !== 'text'))
    expect(await keys('_elements=gender,birthDate')).toEqual([...always, 'birthDate', 'gender'].sort())
    const cut = (await server.expect(200, `GET ${at}?_elements=gender`)).json
    expect(cut.meta.tag).toMatchObject([{ code: 'SUBSETTED' }])
    expect((await server.expect(200, `GET ${at}`)).json.meta.tag).toBeUndefined()
    expect((await server.expect(200, `GET ${at}/_history/1?_elements=gender`)).json).toEqual(cut)
    await server.refused(400, `GET ${at}?_summary=nonsense`)
  })

  it('is written as _format and _pretty ask', async () => {
    const { at } = await patient()
    for (const format of ['json', 'application/fhir+json', 'application/json', 'text/json'])
      await server.expect(200, `GET ${at}?_format=${format}`)
    await server.refused(406, `GET ${at}?_format=ttl`)
    await server.refused(406, `GET ${at}`, { headers: { Accept: 'text/turtle' } })
    expect((await server.expect(200, `GET ${at}?_pretty=true`)).text).toContain('\n  "id": ')
  })
})

describe('Prefer', () => {
  it('return=minimal, representation and OperationOutcome say what a write answers', async () => {
    const { at, body } = await patient()
    const put = (prefer: string) => server.expect(200, `PUT ${at}`, { body, headers: { Prefer: prefer } })
    const minimalAnswer = await put('return=minimal')
    expect([minimalAnswer.text, minimalAnswer.headers.get('etag')]).toEqual(['', etag(2)])
    expect((await put('return=representation')).json).toMatchObject({
      resourceType: 'Patient',
      meta: { versionId: '3' },
    })
    expect((await put('return=OperationOutcome')).json).toMatchObject({ resourceType: 'OperationOutcome' })
    expect((await put('return=nonsense')).json).toMatchObject({ resourceType: 'Patient' })

    const headers = { Prefer: 'return=minimal' }
    const created = await server.expect(201, 'POST Patient', { body, headers })
    expect(created.text).toBe('')
    expect(created.headers.get('location')).toMatch(/\/Patient\/[^/]+\/_history\/1$/)
    const told = await server.expect(200, `DELETE ${at}`, { headers: { Prefer: 'return=OperationOutcome' } })
    expect(told.json.issue[0]).toMatchObject({ severity: 'information' })
  })
})

describe('_summary of a search', () => {
  it('has five modes, and _elements', async () => {
    const body = (i: number) => ({
      resourceType: 'Organization',
      id: `org${i}`,
      text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">o</div>' },
      name: `Org ${i}`,
      contact: [{ name: { text: 'x' } }],
    })
    for (const i of [1, 2]) await server.expect(201, `PUT Organization/org${i}`, { body: body(i) })
    const ask = async (query: string) => (await server.expect(200, `GET Organization?${query}`)).json
    const keys = async (query: string) => Object.keys((await ask(query)).entry[0].resource).sort()
    const always = ['id', 'meta', 'resourceType']
    expect(await keys('_summary=true')).toEqual([...always, 'name'].sort())
    expect(await keys('_summary=text')).toEqual([...always, 'text'].sort())
    expect(await keys('_summary=data')).toEqual([...always, 'contact', 'name'].sort())
    expect(await keys('_summary=false')).toEqual([...always, 'contact', 'name', 'text'].sort())
    expect(await keys('_elements=name')).toEqual([...always, 'name'].sort())
    const count = await ask('_summary=count')
    expect([count.total, count.entry]).toEqual([2, undefined])
  })
})

describe('a reference to this server by its absolute URL', () => {
  it('is stored as a relative one, so that every way of asking finds it', async () => {
    const { at } = await patient()
    const observation = {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `${server.base}/${at}` },
    }
    const { json } = await server.expect(201, 'POST Observation', { body: observation })
    expect(json.subject.reference).toBe(at)
    await server.transact([{ resource: observation, request: { method: 'POST', url: 'Observation' } }])
    for (const asked of [at, `${server.base}/${at}`]) {
      const found = await server.expect(200, `GET Observation?subject=${asked}&_total=accurate`)
      expect(found.json.total).toBe(2)
    }
  })
})

import type { OperationOutcome } from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import { Invalid, NotFound } from '../../src/base/errors.js'
import { parseXml } from '../../src/fhir/xml/parse.js'
import { serve } from './serve.js'

// https://hl7.org/fhir/R4/http.html#mime-type and #parameters

const observation = '{"resourceType":"Observation","id":"1","valueQuantity":{"value":1.10}}'
const observationXml =
  '<?xml version="1.0" encoding="UTF-8"?><Observation xmlns="http://hl7.org/fhir"><id value="1"/><valueQuantity><value value="1.10"/></valueQuantity></Observation>'
const xmlType = 'application/fhir+xml; charset=utf-8'

const issueOf = async (answer: Response) => ((await answer.json()) as OperationOutcome).issue[0]!

describe('XML', () => {
  it.each([
    ['?_format=xml', {}],
    ['?_format=application/fhir%2Bxml', { Accept: 'application/fhir+json' }],
    ['', { Accept: 'application/fhir+xml' }],
    ['', { Accept: 'application/xml' }],
  ])('is how %s %j is answered', async (query, headers) => {
    const { fhir } = await serve({ dispatch: () => ({ status: 200, headers: { ETag: 'W/"1"' }, body: observation }) })
    const answer = await fetch(`${fhir}/Observation/1${query}`, { headers })
    expect(await answer.text()).toBe(observationXml)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': xmlType,
      'content-length': String(observationXml.length),
      etag: 'W/"1"',
      vary: 'Accept, Accept-Encoding',
    })
  })

  it('is indented by _pretty=true', async () => {
    const { fhir } = await serve({ dispatch: () => ({ status: 200, body: observation }) })
    expect(await (await fetch(`${fhir}/Observation/1?_format=xml&_pretty=true`)).text()).toContain(
      '\n  <id value="1"/>\n',
    )
  })

  it('is asked for in the form of POST _search too', async () => {
    const { fhir } = await serve({ dispatch: () => ({ status: 200, body: observation }) })
    const form = { method: 'POST', body: new URLSearchParams({ _format: 'xml', code: 'x' }) }
    expect(await (await fetch(`${fhir}/Observation/_search`, form)).text()).toBe(observationXml)
  })

  it.each([
    ['POST', '/Observation', 'application/fhir+xml'],
    ['PUT', '/Observation/1', 'application/xml; charset=UTF-8'],
    ['PATCH', '/Observation/1', 'text/xml'],
  ])('of %s %s as %s comes in as JSON', async (method, path, type) => {
    const { fhir, exchanges } = await serve()
    await fetch(fhir + path, { method, headers: { 'Content-Type': type }, body: observationXml })
    expect(exchanges[0]).toMatchObject({ contentType: 'application/fhir+json', body: observation })
  })

  it('that is none is 400, and says where', async () => {
    const { fhir, exchanges } = await serve()
    const sent = { method: 'POST', headers: { 'Content-Type': 'application/fhir+xml' } }
    const answer = await fetch(`${fhir}/Patient`, {
      ...sent,
      body: '<Patient xmlns="http://hl7.org/fhir">\n  <nickname value="a"/>\n</Patient>',
    })
    expect(answer.status).toBe(400)
    expect(await issueOf(answer)).toMatchObject({
      code: 'invalid',
      diagnostics: 'Line 2, column 3: nickname is not an element of Patient',
      expression: ['Patient'],
    })
    expect(exchanges).toHaveLength(0)
  })

  it('of an XML Patch comes in as it is', async () => {
    const { fhir, exchanges } = await serve()
    const type = 'application/xml-patch+xml'
    await fetch(`${fhir}/Patient/1`, { method: 'PATCH', headers: { 'Content-Type': type }, body: '<diff/>' })
    expect(exchanges[0]).toMatchObject({ contentType: type, body: '<diff/>' })
  })

  const unsayable = '{"resourceType":"Patient","gender":"\\uffff"}'

  it('that cannot say what was read is refused', async () => {
    const { fhir } = await serve({ dispatch: () => ({ status: 200, body: unsayable }) })
    const answer = await fetch(`${fhir}/Patient/1?_format=xml`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([406, xmlType])
    expect(parseXml(await answer.text())).toMatchObject({
      issue: [{ code: 'not-supported', diagnostics: expect.stringContaining('Patient.gender cannot be said in XML') }],
    })
  })

  it('that cannot say what was written leaves it out, as it is done', async () => {
    const { fhir } = await serve({ dispatch: () => ({ status: 201, headers: { ETag: 'W/"1"' }, body: unsayable }) })
    const sent = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: unsayable }
    const answer = await fetch(`${fhir}/Patient?_format=xml`, sent)
    expect([answer.status, answer.headers.get('etag')]).toEqual([201, 'W/"1"'])
    expect(parseXml(await answer.text())).toMatchObject({ issue: [{ severity: 'warning', code: 'not-supported' }] })
  })
})

describe('a failure', () => {
  const failing = () => serve({ dispatch: () => Promise.reject(new NotFound('Patient/1 is not known')) })
  const issue = [{ severity: 'error', code: 'not-found', diagnostics: 'Patient/1 is not known' }]

  it('is told in XML', async () => {
    const { fhir } = await failing()
    const answer = await fetch(`${fhir}/Patient/1`, { headers: { Accept: 'application/fhir+xml' } })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, xmlType])
    const id = answer.headers.get('x-request-id')
    expect(parseXml(await answer.text())).toEqual({ resourceType: 'OperationOutcome', id, issue })
  })

  it('is told on one line of NDJSON', async () => {
    const { fhir } = await failing()
    const answer = await fetch(`${fhir}/Patient?_format=ndjson`)
    expect(answer.headers.get('content-type')).toBe('application/fhir+ndjson')
    const text = await answer.text()
    expect(text).toMatch(/^[^\n]+\n$/)
    expect(JSON.parse(text)).toMatchObject({ resourceType: 'OperationOutcome', issue })
  })

  it('is indented by _pretty=true', async () => {
    const { fhir } = await failing()
    expect(await (await fetch(`${fhir}/Patient/1?_pretty=true`)).text()).toContain('\n  "issue": [')
    expect(await (await fetch(`${fhir}/Patient/1?_pretty=true&_format=xml`)).text()).toContain('\n  <issue>\n')
  })

  it('before there is a format, or with what XML cannot say, is told in JSON', async () => {
    const { fhir } = await serve({ dispatch: () => Promise.reject(new Invalid('a\uffff')) })
    const turtle = await fetch(`${fhir}/Patient/1?_format=ttl`)
    expect([turtle.status, turtle.headers.get('content-type')]).toEqual([406, 'application/fhir+json; charset=utf-8'])
    const unsayable = await fetch(`${fhir}/Patient/1?_format=xml`)
    expect([unsayable.status, (await issueOf(unsayable)).diagnostics]).toEqual([400, 'a\uffff'])
  })
})

describe('NDJSON', () => {
  const bundle = {
    resourceType: 'Bundle',
    type: 'searchset',
    total: 7,
    link: [
      { relation: 'self', url: 'http://a/fhir/Patient?name=<é> x' },
      { relation: 'next', url: 'http://a/fhir?_page=b%20c' },
    ],
    entry: [
      { fullUrl: 'http://a/fhir/Observation/1', resource: JSON.parse(observation), search: { mode: 'match' } },
      { resource: { resourceType: 'Patient', id: '2' }, search: { mode: 'include' } },
      { resource: { resourceType: 'Patient', id: '3' }, search: { mode: 'include' } },
    ],
  }

  it('has the resources of a page, and headers for the rest of it', async () => {
    const body = JSON.stringify(bundle).replace('"value":1.1}', '"value":1.10}')
    const { fhir } = await serve({ dispatch: () => ({ status: 200, body }) })
    for (const format of ['ndjson', 'application/fhir%2Bndjson', 'application/ndjson']) {
      const answer = await fetch(`${fhir}/Patient?_format=${format}`)
      expect(await answer.text()).toBe(
        `${observation}\n{"resourceType":"Patient","id":"2"}\n{"resourceType":"Patient","id":"3"}\n`,
      )
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'content-type': 'application/fhir+ndjson',
        link: '<http://a/fhir/Patient?name=%3C%C3%A9%3E%20x>; rel="self", <http://a/fhir?_page=b%20c>; rel="next"',
        'x-total-count': '7',
        'x-entry-modes': 'match=1, include=2',
      })
    }
  })

  it('of nothing is empty', async () => {
    const body = JSON.stringify({ resourceType: 'Bundle', type: 'searchset', total: 0 })
    const { fhir } = await serve({ dispatch: () => ({ status: 200, body }) })
    const answer = await fetch(`${fhir}/Patient/_search?_format=ndjson`, { method: 'POST' })
    expect([answer.status, await answer.text(), answer.headers.get('x-total-count')]).toEqual([200, '', '0'])
    expect(answer.headers.get('link')).toBeNull()
  })

  it.each([
    ['a resource', { resourceType: 'Patient' }],
    ['a Bundle that was stored', { resourceType: 'Bundle', type: 'collection' }],
    [
      'a history with a deletion',
      { resourceType: 'Bundle', type: 'history', entry: [{ request: { method: 'DELETE' } }] },
    ],
  ])('is refused for %s', async (_, resource) => {
    const { fhir } = await serve({ dispatch: () => ({ status: 200, body: JSON.stringify(resource) }) })
    expect((await fetch(`${fhir}/Patient/1?_format=ndjson`)).status).toBe(406)
  })

  it('is refused for writes before anything is done, and with _pretty', async () => {
    const { fhir, exchanges } = await serve()
    const sent = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' }
    expect((await fetch(`${fhir}/Patient?_format=ndjson`, sent)).status).toBe(406)
    expect((await fetch(`${fhir}/Patient/1?_format=ndjson`, { method: 'DELETE' })).status).toBe(406)
    expect(exchanges).toHaveLength(0)
    expect((await fetch(`${fhir}/Patient?_format=ndjson&_pretty=true`)).status).toBe(400)
  })
})

describe('what is not FHIR', () => {
  it('stays as it is in every format', async () => {
    const { fhir } = await serve({ dispatch: () => ({ status: 200, body: 'a,b', contentType: 'text/csv' }) })
    for (const format of ['json', 'xml', 'ndjson']) {
      const answer = await fetch(`${fhir}/$report?_format=${format}`)
      expect([await answer.text(), answer.headers.get('content-type')]).toEqual(['a,b', 'text/csv'])
    }
  })
})

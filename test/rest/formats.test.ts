import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseXml } from '../../src/fhir/xml/parse.js'
import { openServer, type RestServer } from './server.js'

// https://hl7.org/fhir/R4/http.html#mime-type: a resource is the same in each format

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

const xml = (content: string) => ({ body: content, type: 'application/fhir+xml' })
const patient = (content: string) => `<Patient xmlns="http://hl7.org/fhir">${content}</Patient>`
const asXml = { Accept: 'application/fhir+xml' }
const div = '<div xmlns="http://www.w3.org/1999/xhtml">\n<p>a &amp; b</p></div>'

describe('a resource', () => {
  it('sent as XML is read as XML and as JSON', async () => {
    const sent = patient(
      `<!-- left out --><text><status value="generated"/>${div}</text>` +
        '<contained><Organization><id value="o"/><name value="O"/></Organization></contained>' +
        '<extension url="http://x"><valueDecimal value="1.10"/></extension>' +
        '<name><given value="Jo"/><given><extension url="http://y"><valueCode value="c"/></extension></given></name>' +
        '<managingOrganization><reference value="#o"/></managingOrganization>',
    )
    const created = await server.expect(201, 'POST Patient', { ...xml(sent), headers: asXml })
    expect(created.headers.get('content-type')).toBe('application/fhir+xml; charset=utf-8')
    const { id, meta } = parseXml(created.text)
    const json = {
      resourceType: 'Patient',
      id,
      meta,
      text: { status: 'generated', div },
      contained: [{ resourceType: 'Organization', id: 'o', name: 'O' }],
      extension: [{ url: 'http://x', valueDecimal: 1.1 }],
      name: [{ given: ['Jo', null], _given: [null, { extension: [{ url: 'http://y', valueCode: 'c' }] }] }],
      managingOrganization: { reference: '#o' },
    }
    const asJson = await server.expect(200, `GET Patient/${id}`)
    expect(asJson.json).toEqual(json)
    expect(asJson.text).toContain('1.10')
    const again = await server.expect(200, `GET Patient/${id}?_format=xml`)
    expect(again.text).toBe(created.text)
    expect(again.text).toContain(`<valueDecimal value="1.10"/>`)
    expect(again.headers.get('etag')).toBe(asJson.headers.get('etag'))
    const updated = await server.expect(200, `PUT Patient/${id}`, xml(again.text.replace('"Jo"', '"Kim"')))
    expect(updated.json.name[0].given).toEqual(['Kim', null])
  })

  it('that is not valid is refused in the format that was asked for', async () => {
    const refused = await server.expect(422, 'POST Patient', { ...xml(patient('<gender value="x"/>')), headers: asXml })
    expect(parseXml(refused.text)).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: expect.arrayContaining([
        expect.objectContaining({ code: 'code-invalid', expression: ['Patient.gender'] }),
      ]),
    })
    expect(await server.refused(400, 'POST Patient', xml('<Patient/>'))).toContain('http://hl7.org/fhir')
    expect(await server.refused(400, 'POST Patient', xml('{}'))).toContain('Line 1, column 1')
    expect(await server.refused(400, 'POST Patient', { body: patient(''), type: 'application/json' })).toContain(
      'Line 1',
    )
  })

  it('that XML cannot say is told so', async () => {
    const { json } = await server.expect(201, 'POST Patient', {
      body: { resourceType: 'Patient', name: [{ text: 'a\ufffe' }] },
    })
    const refused = await server.expect(406, `GET Patient/${json.id}?_format=xml`)
    expect(refused.text).toContain('Patient.name[0].text cannot be said in XML')
  })

  it('that is unchanged is 304 in each format', async () => {
    const { headers, json } = await server.expect(201, 'POST Patient', xml(patient('<active value="true"/>')))
    const known = { 'If-None-Match': headers.get('etag')! }
    for (const at of [`Patient/${json.id}`, `Patient/${json.id}/_history/1`]) {
      for (const format of ['json', 'xml']) {
        const unchanged = await server.expect(304, `GET ${at}?_format=${format}`, { headers: known })
        expect([unchanged.text, unchanged.headers.get('vary')]).toEqual(['', 'Accept, Accept-Encoding'])
      }
    }
  })
})

describe('a Bundle', () => {
  it('of a transaction, a search and a history is XML', async () => {
    const entry = (content: string, request: string) =>
      `<entry>${content && `<resource>${patient(content).replace(' xmlns="http://hl7.org/fhir"', '')}</resource>`}<request>${request}</request></entry>`
    const sent = `<?xml version="1.0" encoding="UTF-8"?>
      <Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/>
        ${entry('<id value="x1"/><gender value="other"/>', '<method value="PUT"/><url value="Patient/x1"/>')}
        ${entry('<id value="x2"/><gender value="other"/>', '<method value="PUT"/><url value="Patient/x2"/>')}
      </Bundle>`
    const done = await server.expect(200, 'POST ', { ...xml(sent), headers: asXml })
    expect(parseXml(done.text)).toMatchObject({
      type: 'transaction-response',
      entry: [{ response: { status: '201 Created' } }, { response: { status: '201 Created' } }],
    })
    const search = await server.expect(200, 'GET Patient?gender=other&_total=accurate&_format=xml')
    expect(parseXml(search.text)).toMatchObject({
      resourceType: 'Bundle',
      type: 'searchset',
      total: 2,
      entry: [{ resource: { gender: 'other' }, search: { mode: 'match' } }, { resource: { gender: 'other' } }],
    })
    await server.expect(204, 'DELETE Patient/x2')
    const history = await server.expect(200, 'GET Patient/x2/_history?_format=xml')
    expect(parseXml(history.text)).toMatchObject({ type: 'history', entry: [{ request: { method: 'DELETE' } }, {}] })
    await server.expect(406, 'GET Patient/x2/_history?_format=ndjson')
    const lines = (await server.expect(200, 'GET Patient/x1/_history?_format=ndjson')).text
    expect(JSON.parse(lines)).toMatchObject({ resourceType: 'Patient', id: 'x1' })
  })

  it('of a search is NDJSON, and its links lead through it', async () => {
    for (const id of ['n1', 'n2', 'n3'])
      await server.expect(201, `PUT Patient/${id}`, { body: { resourceType: 'Patient', id, birthDate: '1901-02-03' } })
    const found: string[] = []
    let url: string | undefined = 'Patient?birthdate=1901-02-03&_count=2&_total=accurate'
    while (url) {
      const { text, headers } = await server.expect(200, `GET ${url}`, { headers: { Accept: 'application/ndjson' } })
      found.push(
        ...text
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line).id),
      )
      url = /<([^>]*)>; rel="next"/.exec(headers.get('link')!)?.[1]
    }
    expect(found.sort()).toEqual(['n1', 'n2', 'n3'])
  })
})

describe('a patch', () => {
  const diff = (operations: string) => ({
    body: `<diff xmlns="http://hl7.org/fhir">${operations}</diff>`,
    type: 'application/xml-patch+xml',
  })
  const created = async () => (await server.expect(201, 'POST Patient', xml(patient('<active value="true"/>')))).json.id

  it('may be an XML Patch, with conditions or without', async () => {
    const id = await created()
    const add = diff('<add sel="Patient"><birthDate value="1970"/></add>')
    const patched = await server.expect(200, `PATCH Patient/${id}`, { ...add, headers: { 'If-Match': 'W/"1"' } })
    expect(patched.json).toMatchObject({ active: true, birthDate: '1970', meta: { versionId: '2' } })
    await server.refused(412, `PATCH Patient/${id}`, { ...add, headers: { 'If-Match': 'W/"1"' } })
    const replace = diff('<replace sel="Patient/birthDate/@value">1971</replace>')
    expect((await server.expect(200, `PATCH Patient?_id=${id}`, replace)).json.birthDate).toBe('1971')
    expect(
      (await server.expect(200, `PATCH Patient/${id}?_format=xml`, diff('<remove sel="Patient/active"/>'))).text,
    ).toBe((await server.expect(200, `GET Patient/${id}`, { headers: asXml })).text)
  })

  it.each([
    [400, 'no XML', '[]'],
    [400, 'no patch', '<Patient xmlns="http://hl7.org/fhir"/>'],
    [422, 'a result that is not valid', diff('<add sel="Patient"><gender value="x"/></add>').body],
    [400, 'a result with an unknown element', diff('<add sel="Patient"><nickname value="x"/></add>').body],
    [422, 'no target', diff('<remove sel="Patient/gender"/>').body],
    [422, 'several targets', diff('<remove sel="Patient/*"/>').body],
  ])('is %i with %s, and changes nothing', async (status, _, body) => {
    const id = await created()
    await server.refused(status, `PATCH Patient/${id}`, { body, type: 'application/xml-patch+xml' })
    expect((await server.expect(200, `GET Patient/${id}`)).json.meta.versionId).toBe('1')
  })

  it('may be an XML Patch in a batch, as a Binary', async () => {
    const id = await created()
    const { body, type } = diff('<remove sel="Patient/active"/><add sel="Patient"><gender value="male"/></add>')
    const resource = { resourceType: 'Binary', contentType: type, data: Buffer.from(body).toString('base64') }
    const { json } = await server.batch([{ resource, request: { method: 'PATCH', url: `Patient/${id}` } }])
    expect(json.entry[0].response.status).toBe('200 OK')
    expect((await server.expect(200, `GET Patient/${id}`)).json).toMatchObject({ gender: 'male' })
  })

  it('may be a FHIRPath Patch in XML', async () => {
    const id = await created()
    const part = (name: string, value: string) => `<part><name value="${name}"/>${value}</part>`
    const parameters = `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>
      ${part('type', '<valueCode value="replace"/>')}${part('path', '<valueString value="Patient.active"/>')}
      ${part('value', '<valueBoolean value="false"/>')}</parameter></Parameters>`
    expect((await server.expect(200, `PATCH Patient/${id}`, xml(parameters))).json.active).toBe(false)
    await server.refused(415, `PATCH Patient/${id}`, xml(patient('')))
  })
})

describe('an operation with formats of its own', () => {
  const parameters = {
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'viewResource',
        resource: {
          resourceType: 'ViewDefinition',
          status: 'active',
          resource: 'Patient',
          select: [{ column: [{ name: 'id', path: 'id' }] }],
        },
      },
      { name: 'resource', resource: { resourceType: 'Patient', id: 'p1' } },
    ],
  }
  const xmlParameters =
    '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="viewReference"/>' +
    '<valueReference><reference value="ViewDefinition/none"/></valueReference></parameter></Parameters>'

  it('answers in them, and is asked in every format', async () => {
    const csv = await server.expect(200, 'POST ViewDefinition/$run?_format=csv', { body: parameters })
    expect(csv.headers.get('content-type')).toMatch(/^text\/csv/)
    expect(csv.text).toBe('id\r\np1\r\n')
    await server.refused(404, 'POST ViewDefinition/$run', xml(xmlParameters))
  })

  it('has no place in a batch, which says so', async () => {
    const request = { method: 'POST', url: 'ViewDefinition/$run?_format=csv' }
    const { json } = await server.batch([{ resource: parameters, request }])
    expect(json.entry[0].response.status).toBe('400')
    expect(json.entry[0].response.outcome.issue[0].diagnostics).toMatch(/text\/csv.*which an entry of a Bundle cannot/)
  })
})

it('the CapabilityStatement says so', async () => {
  const { text } = await server.expect(200, 'GET metadata?_format=xml')
  expect(parseXml(text)).toMatchObject({
    format: expect.arrayContaining(['application/fhir+json', 'application/fhir+xml', 'application/fhir+ndjson']),
    patchFormat: expect.arrayContaining(['application/json-patch+json', 'application/xml-patch+xml']),
  })
})

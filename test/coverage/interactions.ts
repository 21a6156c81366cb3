import { expect } from 'vitest'
import { idsOf, type RestServer } from '../rest/server.js'
import type { Feature } from './feature.js'

const basic = (id?: string, more: Record<string, unknown> = {}) => ({
  resourceType: 'Basic',
  ...(id && { id }),
  code: { text: 'x' },
  ...more,
})
const coded = (code: string) => ({ resourceType: 'Basic', code: { coding: [{ code }] } })
const made = (server: RestServer, id: string) => server.ask(`PUT Basic/${id}`, { body: basic(id) })
const put = (resource: { resourceType: string; id?: string }) => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
})

/** https://hl7.org/fhir/R4/http.html */
export const interactions: Feature[] = [
  {
    feature: 'read',
    says: 'with `ETag` and `Last-Modified`; 404 for what never was, 410 for what was deleted',
    async check(server) {
      const { headers } = await server.expect(200, 'GET Patient/p1')
      expect(headers.get('etag')).toBe('W/"1"')
      await server.expect(404, 'GET Patient/nobody')
    },
  },
  {
    feature: 'vread',
    says: 'every version, for ever',
    async check(server) {
      await made(server, 'vread')
      await server.ask('DELETE Basic/vread')
      await server.expect(200, 'GET Basic/vread/_history/1')
    },
  },
  {
    feature: 'conditional read',
    says: '`If-None-Match` and `If-Modified-Since` → 304',
    async check(server) {
      await server.expect(304, 'GET Patient/p1', { headers: { 'If-None-Match': 'W/"1"' } })
      await server.expect(304, 'GET Patient/p1', { headers: { 'If-Modified-Since': 'Thu, 01 Jan 2099 00:00:00 GMT' } })
    },
  },
  {
    feature: 'update, If-Match',
    says: '412 for a stale version; `If-Match: *` updates only, `If-None-Match: *` creates only',
    async check(server) {
      await made(server, 'match')
      const send = (headers: Record<string, string>) => server.ask('PUT Basic/match', { body: basic('match'), headers })
      expect((await send({ 'If-Match': 'W/"1"' })).status).toBe(200)
      expect((await send({ 'If-Match': 'W/"1"' })).status).toBe(412)
      expect((await send({ 'If-Match': '*' })).status).toBe(200)
      expect((await send({ 'If-None-Match': '*' })).status).toBe(412)
    },
  },
  {
    feature: 'update as create',
    says: 'with any id that FHIR allows',
    check: async (server) => void (await server.expect(201, 'PUT Basic/mine-1', { body: basic('mine-1') })),
  },
  { feature: 'client id on POST', says: 'the server gives the id; a client names its own by PUT' },
  {
    feature: 'conditional create',
    says: 'criteria locked in the same transaction: of 64 at once one creates',
    async check(server) {
      const send = () => server.ask('POST Basic', { body: coded('cc'), headers: { 'If-None-Exist': 'code=cc' } })
      const statuses = (await Promise.all([send(), send(), send(), send()])).map(({ status }) => status)
      expect(statuses.sort()).toEqual([200, 200, 200, 201])
    },
  },
  {
    feature: 'conditional update',
    says: 'criteria locked in the same transaction',
    async check(server) {
      await server.expect(201, 'PUT Basic?code=cu', { body: coded('cu') })
      await server.expect(200, 'PUT Basic?code=cu', { body: coded('cu') })
    },
  },
  {
    feature: 'conditional patch',
    says: 'the one match is patched; none is 404, several are 412',
    async check(server) {
      await server.expect(201, 'POST Basic', { body: coded('cp') })
      const body = [{ op: 'add', path: '/language', value: 'de' }]
      const patched = (criteria: string) =>
        server.ask(`PATCH Basic?code=${criteria}`, { body, type: 'application/json-patch+json' })
      expect((await patched('cp')).status).toBe(200)
      expect((await patched('nobody')).status).toBe(404)
      await server.expect(201, 'POST Basic', { body: coded('cp') })
      expect((await patched('cp')).status).toBe(412)
    },
  },
  {
    feature: 'conditional delete, single and multiple',
    says: 'several where INGLE_MAX_CONDITIONAL_DELETES allows it, all or none',
    async check(server) {
      for (let n = 0; n < 2; n++) await server.expect(201, 'POST Basic', { body: coded('cd') })
      await server.expect(204, 'DELETE Basic?code=cd')
      expect((await server.expect(200, 'GET Basic?code=cd&_summary=count')).json.total).toBe(0)
    },
  },
  {
    feature: 'history: instance, type, system',
    says: '`_since`, `_at`, `_count`, paged by opaque links',
    async check(server) {
      for (const place of ['Patient/p1/_history', 'Patient/_history', '_history'])
        expect(idsOf(await server.expect(200, `GET ${place}?_since=2000-01-01&_count=1000`))).toContain('p1')
      await server.expect(200, 'GET Patient/_history?_at=2000-01-01')
    },
  },
  { feature: 'gap-free change feed', says: 'system history is ordered by time; there is no feed of its own yet' },
  {
    feature: 'PATCH: JSON, FHIRPath, XML',
    says: 'the result is validated',
    async check(server) {
      await made(server, 'patch')
      const json = [{ op: 'add', path: '/language', value: 'de' }]
      await server.expect(200, 'PATCH Basic/patch', { body: json, type: 'application/json-patch+json' })
      const part = [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'Basic.language' },
        { name: 'value', valueCode: 'fr' },
      ]
      const fhirpath = { resourceType: 'Parameters', parameter: [{ name: 'operation', part }] }
      await server.expect(200, 'PATCH Basic/patch', { body: fhirpath })
      const xml = '<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Basic/f:language/@value">it</replace></diff>'
      const { json: after } = await server.expect(200, 'PATCH Basic/patch', {
        body: xml,
        type: 'application/xml-patch+xml',
      })
      expect(after.language).toBe('it')
    },
  },
  {
    feature: 'batch',
    says: 'an interaction, search or operation for each entry; one that fails is no matter to the others',
    async check(server) {
      const urls = ['Patient/p1', 'Patient?_id=p2', 'Patient/p1/$everything', 'Patient/nobody']
      const { json } = await server.batch(urls.map((url) => ({ request: { method: 'GET', url } })))
      expect(json.entry.map(({ response }: { response: { status: string } }) => response.status.slice(0, 3))).toEqual([
        '200',
        '200',
        '200',
        '404',
      ])
    },
  },
  {
    feature: 'transaction, atomic',
    says: 'identities that overlap → 400; all or nothing, also when the server is killed (test/faults/killed.test.ts)',
    async check(server) {
      const before = await server.count('Basic')
      const { status } = await server.transact([put(basic('atomic')), put(basic('atomic'))])
      expect(status).toBe(400)
      const stale = { ...put(basic('atomic')), request: { method: 'PUT', url: 'Basic/atomic', ifMatch: 'W/"9"' } }
      expect((await server.transact([put(basic('other')), stale])).status).toBe(412)
      expect(await server.count('Basic')).toBe(before)
    },
  },
  {
    feature: 'transaction order: DELETE, POST, PUT and PATCH, GET',
    says: 'reads see what was written: searches, histories, versions and operations too',
    async check(server) {
      const { json } = await server.transact([
        { request: { method: 'GET', url: 'Basic/order/_history' } },
        put(basic('order')),
      ])
      expect(json.entry[0].resource.entry).toHaveLength(1)
    },
  },
  {
    feature: 'entries of a transaction',
    says: '10,000 unless INGLE_MAX_TRANSACTION_ENTRIES says otherwise; the CapabilityStatement tells',
    async check(server) {
      const entry = Array.from({ length: 600 }, () => ({
        resource: basic(),
        request: { method: 'POST', url: 'Basic' },
      }))
      expect((await server.transact(entry)).status).toBe(200)
      expect((await server.expect(200, 'GET metadata')).json.rest[0].documentation).toContain('10000')
    },
  },
  {
    feature: 'conditional references in a transaction',
    says: 'any criteria, chains too; no match or several → refused',
    async check(server) {
      const flag = (reference: string) => ({
        resource: { resourceType: 'Flag', status: 'active', code: { text: 'x' }, subject: { reference } },
        request: { method: 'POST', url: 'Flag' },
      })
      const { json } = await server.transact([flag('Patient?organization.name=clinic')], {
        Prefer: 'return=representation',
      })
      expect(json.entry[0].resource.subject.reference).toBe('Patient/p1')
      expect((await server.transact([flag('Patient?_id=nobody')])).status).toBe(400)
    },
  },
  {
    feature: 'Prefer: return',
    says: '`minimal`, `representation`, `OperationOutcome`',
    async check(server) {
      const send = (value: string) =>
        server.ask('PUT Basic/prefer', { body: basic('prefer'), headers: { Prefer: `return=${value}` } })
      expect((await send('minimal')).text).toBe('')
      expect((await send('representation')).json.resourceType).toBe('Basic')
      expect((await send('OperationOutcome')).json.resourceType).toBe('OperationOutcome')
    },
  },
  {
    feature: 'Prefer: handling',
    says: 'strict unless the client or INGLE_SEARCH_HANDLING says lenient',
    async check(server) {
      await server.expect(400, 'GET Patient?nonsense=1')
      const { text } = await server.expect(200, 'GET Patient?nonsense=1', { headers: { Prefer: 'handling=lenient' } })
      expect(text).toContain('"outcome"')
    },
  },
  {
    feature: 'Prefer: respond-async on any interaction',
    says: '202, polled status, cancel; a request outlives the process',
    async check(server) {
      const accepted = await server.expect(202, 'GET Patient?gender=male', { headers: { Prefer: 'respond-async' } })
      const at = accepted.headers.get('content-location')!
      await expect.poll(async () => (await server.ask(`GET ${at}`)).status).toBe(200)
      await server.expect(202, `DELETE ${at}`)
      await server.expect(404, `GET ${at}`)
    },
  },
  {
    feature: 'JSON, XML, NDJSON',
    says: 'in and out, XML lossless against JSON, NDJSON for Bundles; RDF is not there (406)',
    async check(server) {
      const content = async () => ({ ...(await server.expect(200, 'GET Patient/p1')).json, meta: undefined })
      const before = await content()
      const { text } = await server.expect(200, 'GET Patient/p1?_format=xml')
      expect(text).toContain('<Patient xmlns="http://hl7.org/fhir">')
      await server.expect(200, 'PUT Patient/p1', { body: text, type: 'application/fhir+xml' })
      expect(await content()).toEqual(before)
      const { text: lines } = await server.expect(200, 'GET Patient?_format=ndjson')
      expect(lines.trim().split('\n')).toHaveLength(2)
      await server.expect(406, 'GET Patient/p1?_format=ttl')
    },
  },
  {
    feature: '_summary',
    says: '`true`, `text`, `data`, `count`, `false`',
    async check(server) {
      const { json } = await server.expect(200, 'GET Patient/p1?_summary=text')
      expect(Object.keys(json).sort()).toEqual(['id', 'meta', 'resourceType', 'text'])
      expect((await server.expect(200, 'GET Patient/p1?_summary=data')).json.text).toBeUndefined()
      expect((await server.expect(200, 'GET Patient?_summary=count')).json).toMatchObject({ total: 2 })
      for (const value of ['true', 'false']) await server.expect(200, `GET Patient?_summary=${value}`)
    },
  },
  {
    feature: '_elements',
    says: 'also for one type of those on a page: `_elements=Organization.name`',
    async check(server) {
      const { json } = await server.expect(
        200,
        'GET Patient?_id=p1&_include=Patient:organization&_elements=gender,Organization.name',
      )
      const [patient, organization] = json.entry.map(({ resource }: { resource: object }) => resource)
      expect(patient).toMatchObject({ gender: 'female' })
      expect(patient.name).toBeUndefined()
      expect(organization.partOf).toBeUndefined()
    },
  },
  {
    feature: 'FHIR versions',
    says: 'R4 (4.0.1)',
    check: async (server) => {
      expect((await server.expect(200, 'GET metadata')).json.fhirVersion).toBe('4.0.1')
    },
  },
  {
    feature: 'stable paging',
    says: 'keyset links: what was there at the first page is met once, whatever is written; not a snapshot of the data',
    async check(server) {
      const first = await server.expect(200, 'GET Patient?_count=1')
      await server.expect(201, 'PUT Patient/p3', { body: { resourceType: 'Patient', id: 'p3' } })
      const next = first.json.link.find(({ relation }: { relation: string }) => relation === 'next').url
      expect(idsOf(await server.expect(200, `GET ${next}`))).not.toEqual(idsOf(first))
      await server.expect(204, 'DELETE Patient/p3')
    },
  },
]

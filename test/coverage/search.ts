import { expect } from 'vitest'
import { idsOf, type RestServer } from '../rest/server.js'
import type { Feature } from './feature.js'

type Found = [query: string, ids: string[]]

/** Each query finds these, in any order. */
const finds =
  (...cases: Found[]) =>
  async (server: RestServer) => {
    for (const [query, ids] of cases) expect(idsOf(await server.expect(200, `GET ${query}`)).sort(), query).toEqual(ids)
  }
const diagnostics = (server: RestServer, query: string) => server.refused(400, `GET ${query}`)

/** https://hl7.org/fhir/R4/search.html */
export const search: Feature[] = [
  {
    feature: 'misspelled parameter',
    says: '400 that names the right ones',
    check: async (server) => expect(await diagnostics(server, 'Patient?gendr=male')).toContain('gender'),
  },
  {
    feature: ':exact, :contains',
    says: '',
    check: finds(['Patient?family:exact=Beier', ['p2']], ['Patient?family:contains=eie', ['p2']]),
  },
  {
    feature: ':missing',
    says: 'every type of parameter',
    check: finds(['Patient?address-state:missing=true', ['p2']]),
  },
  { feature: ':not', says: '', check: finds(['Patient?gender:not=male', ['p1']]) },
  { feature: ':text (token)', says: 'of displays and texts', check: finds(['Observation?code:text=heavy', ['x1']]) },
  { feature: ':text on string', says: 'words, stemmed', check: finds(['Patient?family:text=beier', ['p2']]) },
  {
    feature: ':text-advanced (R5)',
    says: 'and, or, not, phrases',
    check: finds(['Observation?code:text-advanced=body AND weight', ['x1']]),
  },
  {
    feature: ':in, :not-in',
    says: 'joins with stored value sets, of any size',
    check: finds(
      ['Observation?code:in=http://example.org/ValueSet/light', ['x1']],
      ['Observation?code:not-in=http://example.org/ValueSet/light', ['x2']],
    ),
  },
  {
    feature: ':above, :below (token)',
    says: 'joins with stored code systems',
    check: finds(
      ['Observation?code:below=urn:code|mass', ['x1', 'x2']],
      ['Observation?code:above=urn:code|mass', ['x2']],
    ),
  },
  {
    feature: ':above, :below (uri)',
    says: '',
    check: finds(
      ['ValueSet?url:below=http://example.org/', ['light']],
      ['ValueSet?url:above=http://example.org/ValueSet/light/x', ['light']],
    ),
  },
  {
    feature: ':above, :below (reference)',
    says: 'hierarchies of Location, Organization and others; versions of canonicals',
    check: finds(['Organization?partof:below=Organization/o2', ['o1']]),
  },
  {
    feature: ':of-type',
    says: '',
    check: finds(['Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|1', ['p1']]),
  },
  { feature: ':identifier', says: '', check: finds(['Observation?subject:identifier=urn:mrn|1', ['x1']]) },
  { feature: ':[type]', says: '', check: finds(['Observation?subject:Patient=p1', ['x1']]) },
  {
    feature: ':iterate',
    says: 'to any depth of ten waves',
    check: finds([
      'Observation?_id=x1&_include=Observation:subject&_include:iterate=Patient:organization&_include:iterate=Organization:partof',
      ['o1', 'o2', 'p1', 'x1'],
    ]),
  },
  {
    feature: 'forward chain, many hops',
    says: 'any depth',
    check: finds(['Observation?patient.organization.partof.name=trust', ['x1']]),
  },
  {
    feature: '_has',
    says: 'with chains and `_has` inside',
    check: finds(
      ['Patient?_has:Observation:patient:status=final', ['p1']],
      ['Organization?_has:Patient:organization:_has:Observation:patient:status=final', ['o1']],
    ),
  },
  {
    feature: 'composite',
    says: 'all of R4',
    check: finds(['Observation?code-value-quantity=urn:code|weight$gt4', ['x1']]),
  },
  {
    feature: '_filter',
    says: 'all operators, parentheses, chains',
    check: finds(['Patient?_filter=(gender eq male or family co "gård") and not (birthdate lt 1985)', ['p2']]),
  },
  {
    feature: '_list, $current-…',
    says: '',
    check: finds(['Patient?_list=li', ['p2']], ['AllergyIntolerance?patient=p1&_list=$current-allergies', ['al']]),
  },
  { feature: '_query', says: 'no named queries are defined: refused' },
  {
    feature: '_text, _content',
    says: 'PostgreSQL full text, stemmed, and, or, not, phrases; `_sort=_score`',
    check: finds(['Patient?_text=walk', ['p1']], ['Patient?_content=walks AND slowly', ['p1']]),
  },
  {
    feature: '_contained, _containedType',
    says: '',
    check: finds(['Practitioner?family=inside&_contained=true&_containedType=container', ['x1']]),
  },
  {
    feature: '_sort',
    says: 'any sortable parameter, several keys, along references; no value is lowest',
    check: async (server) => {
      const sorted = await server.expect(200, 'GET Observation?_sort=-patient.family,date')
      expect(idsOf(sorted)).toEqual(['x1', 'x2'])
    },
  },
  {
    feature: '_total',
    says: '`none`, `estimate` (labelled), `accurate` (in a time of its own)',
    check: async (server) => {
      expect((await server.expect(200, 'GET Patient?_total=accurate')).json.total).toBe(2)
      expect((await server.expect(200, 'GET Patient?_total=none')).json.total).toBeUndefined()
      await server.expect(200, 'GET Patient?_total=estimate')
    },
  },
  {
    feature: 'paging',
    says: 'keyset links, forwards and backwards, for every sort, without an end',
    check: async (server) => {
      const { json } = await server.expect(200, 'GET Patient?_count=1&_sort=family')
      const relation = (bundle: { link: { relation: string; url: string }[] }, name: string) =>
        bundle.link.find((one) => one.relation === name)!.url
      const second = await server.expect(200, `GET ${relation(json, 'next')}`)
      const back = await server.expect(200, `GET ${relation(second.json, 'previous')}`)
      expect(idsOf(back)).toEqual([json.entry[0].resource.id])
    },
  },
  {
    feature: 'largest page',
    says: '1,000 unless INGLE_MAX_COUNT says otherwise',
    check: finds(['Patient?_count=5000', ['p1', 'p2']]),
  },
  {
    feature: 'include overflow',
    says: 'over INGLE_MAX_INCLUDES the page warns, and its links of relation `related` lead to the rest',
    check: async (server) => {
      const flag = { resourceType: 'Flag', status: 'active', code: { text: 'x' }, subject: { reference: 'Group/many' } }
      const entry = Array.from({ length: 7 }, () => ({ resource: flag, request: { method: 'POST', url: 'Flag' } }))
      await server.transact(entry)
      const group = { resourceType: 'Group', id: 'many', type: 'person', actual: true }
      await server.expect(201, 'PUT Group/many', { body: group })
      const page = await server.expect(200, 'GET Group?_id=many&_revinclude=Flag:subject')
      expect(page.text).toContain('INGLE_MAX_INCLUDES')
      const { url } = page.json.link.find(({ relation }: { relation: string }) => relation === 'related')
      expect(idsOf(await server.expect(200, `GET ${url}`))).toHaveLength(7)
    },
  },
  {
    feature: '_include=*, _revinclude=*',
    says: 'also for one type: `Patient:*`',
    check: finds(['Organization?_id=o1&_include=*&_revinclude=*', ['o1', 'o2', 'p1']]),
  },
  { feature: 'logical-reference include', says: 'references by identifier alone are not followed' },
  { feature: 'near', says: 'great-circle distance', check: finds(['Location?near=42.25|-83.7|5|km', ['l1']]) },
  { feature: 'phonetic', says: '`Patient?phonetic`', check: finds(['Patient?phonetic=catharine', ['p1']]) },
  {
    feature: 'quantity units',
    says: 'UCUM units convert',
    check: finds(['Observation?value-quantity=500|http://unitsofmeasure.org|mg/dL', ['x1']]),
  },
  {
    feature: 'date without zone',
    says: 'UTC, as half-open ranges',
    check: finds(['Observation?date=2024-03-10', ['x1']], ['Observation?date=lt2024-03-10T00:00:00Z', []]),
  },
  {
    feature: 'every standard parameter of R4',
    says: 'each has a test of its own (test/search/every-parameter.test.ts), but for `_query`',
    check: finds(['Observation?combo-code=mass', ['x2']]),
  },
  {
    feature: 'custom SearchParameter and reindex',
    says: 'online, resumable, counted; refused in searches until it is complete',
    check: async (server) => {
      const body = {
        resourceType: 'SearchParameter',
        url: 'http://example.org/SearchParameter/own',
        name: 'Own',
        status: 'active',
        description: 'x',
        code: 'own',
        base: ['Patient'],
        type: 'date',
        expression: 'Patient.birthDate',
      }
      const { json } = await server.expect(201, 'POST SearchParameter', { body })
      expect(await diagnostics(server, 'Patient?own=1990')).toContain('$reindex')
      await server.expect(202, `POST SearchParameter/${json.id}/$reindex`)
      await expect
        .poll(async () => (await server.ask('GET Patient?own=1990')).status, { timeout: 10_000, interval: 100 })
        .toBe(200)
      await finds(['Patient?own=1990', ['p2']])(server)
    },
  },
  {
    feature: 'index advice',
    says: '`$explain` says what would help',
    check: async (server) => {
      const { text } = await server.expect(200, 'GET Patient/$explain?gender=male&_sort=family')
      expect(text).toContain('what would help')
    },
  },
  {
    feature: 'query plan to the caller',
    says: '`$explain` and `_explain=true` in FHIR terms for all, SQL for administrators',
    check: async (server) => {
      expect((await server.expect(200, 'GET Patient?gender=male&_explain=true')).text).toContain('rows read')
    },
  },
  {
    feature: 'unique and combined index',
    says: 'not to be declared; the built-in indexes have tenant, patient and date together',
  },
  {
    feature: 'POST _search',
    says: 'on types and the whole server; query and body are one',
    check: async (server) => {
      const form = { body: 'gender=male', type: 'application/x-www-form-urlencoded' }
      expect(idsOf(await server.expect(200, 'POST Patient/_search?birthdate=1990', form))).toEqual(['p2'])
      expect(idsOf(await server.expect(200, 'POST _search?_type=Patient&_id=p2', { ...form, body: '' }))).toEqual([
        'p2',
      ])
    },
  },
  {
    feature: 'links hide what was asked',
    says: 'encrypted',
    check: async (server) => {
      const { json } = await server.expect(200, 'GET Patient?birthdate=gt1970&_count=1')
      const { url } = json.link.find(({ relation }: { relation: string }) => relation === 'next')
      expect(url).not.toMatch(/birthdate|1970/)
    },
  },
  {
    feature: 'compartment search',
    says: 'of Patient and Encounter, by GET and POST',
    check: async (server) => {
      await finds(
        ['Patient/p1/Observation', ['x1']],
        ['Patient/p1/Observation?status=preliminary', []],
        ['Patient/p1/Patient', ['p1']],
      )(server)
      const form = { body: 'status=final', type: 'application/x-www-form-urlencoded' }
      expect(idsOf(await server.expect(200, 'POST Patient/p1/Observation/_search', form))).toEqual(['x1'])
      await server.expect(404, 'GET Patient/p1/Library')
    },
  },
]

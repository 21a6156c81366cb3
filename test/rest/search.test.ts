import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { validateStructure } from '../../src/fhir/validation/structure.js'
import { good } from '../support/structures.js'
import { idsOf, linkOf, openServer, type RestServer } from './server.js'

// The search interactions; what the parameters find is in test/search. https://hl7.org/fhir/R4/http.html#search

let server: RestServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

const form = (body: string) => ({ body, type: 'application/x-www-form-urlencoded' })

describe('a search', () => {
  beforeAll(async () => {
    const people = [
      ['john-1980', 'John', '1980-01-01'],
      ['john-1981', 'John', '1981-01-01'],
      ['jane-1980', 'Jane', '1980-01-01'],
    ]
    for (const [id, given, birthDate] of people) {
      const body = { resourceType: 'Patient', id, name: [{ given: [given] }], birthDate }
      await server.expect(201, `PUT Patient/${id}`, { body })
    }
  })

  it('meets all of its parameters, and one of the values of each', async () => {
    const got = await server.expect(200, 'GET Patient?name=John&birthdate=1980-01-01')
    expect(idsOf(got)).toEqual(['john-1980'])
    expect(linkOf(got, 'self')).toBe(`${server.base}/Patient?name=John&birthdate=1980-01-01`)
    expect(validateStructure(got.json)).toEqual([])
    expect(idsOf(await server.expect(200, 'GET Patient?name=John,Jane&birthdate=1980-01-01')).sort()).toEqual([
      'jane-1980',
      'john-1980',
    ])
  })

  it('by POST finds what it finds by GET, in the same order', async () => {
    for (const query of ['name=John,Jane&_sort=-birthdate,_id', 'birthdate=ge1980&_sort=_id&_count=2', 'name=nobody']) {
      const found = idsOf(await server.expect(200, `GET Patient?${query}`))
      expect(idsOf(await server.expect(200, 'POST Patient/_search', form(query)))).toEqual(found)
      const [first, ...rest] = query.split('&')
      expect(idsOf(await server.expect(200, `POST Patient/_search?${first}`, form(rest.join('&'))))).toEqual(found)
    }
    const system = '_type=Patient&_sort=_id'
    expect(idsOf(await server.expect(200, 'POST _search', form(system)))).toEqual(
      idsOf(await server.expect(200, `GET ?${system}`)),
    )
    await server.expect(200, 'POST Patient/_search')
  })

  it('with an unknown parameter is 400, or leaves it out when lenient', async () => {
    expect(await server.refused(400, 'GET Patient?name=John&nonsense=1')).toContain('birthdate')
    const got = await server.expect(200, 'GET Patient?name=Jane&nonsense=1', {
      headers: { Prefer: 'handling=lenient' },
    })
    expect(idsOf(got)).toEqual(['jane-1980'])
    expect(linkOf(got, 'self')).toBe(`${server.base}/Patient?name=Jane`)
    expect(got.json.entry.at(-1)).toMatchObject({
      search: { mode: 'outcome' },
      resource: { issue: [{ severity: 'warning' }] },
    })
    expect(validateStructure(got.json)).toEqual([])
  })

  it('finds a Patient by all that it is known by', async () => {
    const body = {
      resourceType: 'Patient',
      id: 'full',
      identifier: [
        {
          type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
          system: 'urn:mrn',
          value: 'MRN-1',
        },
        { system: 'http://hl7.org/fhir/sid/us-ssn', value: '999-11-2222' },
      ],
      active: true,
      name: [{ use: 'official', family: 'Núñez', given: ['María', 'José'] }],
      telecom: [
        { system: 'phone', value: '+1-555-010-0100' },
        { system: 'email', value: 'm@example.org' },
      ],
      gender: 'female',
      birthDate: '1970-05-06',
      address: [{ line: ['1 Main St'], city: 'Springfield', state: 'IL', postalCode: '62701' }],
      maritalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'M' }] },
      contact: [
        {
          relationship: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0131', code: 'C' }] }],
          name: { text: 'A. N.' },
          telecom: [{ system: 'phone', value: '+1-555-010-0101' }],
        },
      ],
      communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'es' }] }, preferred: true }],
    }
    const { json } = await server.expect(201, 'PUT Patient/full', { body })
    expect(json).toEqual({ ...body, meta: json.meta })
    for (const query of [
      'identifier=urn:mrn|MRN-1',
      'identifier=http://hl7.org/fhir/sid/us-ssn|999-11-2222',
      'identifier=MRN-1',
      'name=nunez',
      'family=Núñ',
      'given=maria',
      'telecom=%2B1-555-010-0100',
      'phone=%2B1-555-010-0100',
      'email=m@example.org',
      'birthdate=1970-05-06',
      'address=springfield',
      'address-city=Spring',
      'address-postalcode=62701',
      'language=urn:ietf:bcp:47|es',
      'gender=female&active=true',
    ])
      expect([query, idsOf(await server.expect(200, `GET Patient?${query}`))]).toEqual([query, ['full']])
  })

  it('walks ten thousand rows, each once, while rows are added', async () => {
    const basic = (id: string) => ({
      resource: { resourceType: 'Basic', id, code: { text: 'w' } },
      request: { method: 'PUT', url: `Basic/${id}` },
    })
    for (let part = 0; part < 10; part++)
      await server.transact(
        Array.from({ length: 1000 }, (_, i) => basic(`w${part * 1000 + i}`)),
        { Prefer: 'return=minimal' },
      )
    const seen: string[] = []
    let next: string | undefined = `${server.base}/Basic?_count=500&_elements=id`
    for (let page = 0; next; page++) {
      const got: Awaited<ReturnType<RestServer['expect']>> = await server.expect(200, `GET ${next}`)
      seen.push(...idsOf(got))
      next = linkOf(got, 'next')
      if (page < 10) await server.transact(Array.from({ length: 10 }, (_, i) => basic(`new${page * 10 + i}`)))
    }
    expect(new Set(seen).size).toBe(seen.length)
    const found = new Set(seen)
    for (let i = 0; i < 10_000; i++) if (!found.has(`w${i}`)) expect.fail(`w${i} was not met`)
  }, 60_000)
})

describe('what is stored', () => {
  it.each(good.map((resource) => [resource.resourceType as string, resource] as const))(
    'of a %s comes back as it was',
    async (type, resource) => {
      const { json } = await server.expect(201, `POST ${type}`, { body: resource })
      const { json: read } = await server.expect(200, `GET ${type}/${json.id}`)
      const { meta, ...rest } = read
      const { meta: own, ...sent } = resource as { meta?: object }
      expect(rest).toEqual({ ...sent, id: json.id })
      expect(meta).toEqual({ ...own, versionId: '1', lastUpdated: json.meta.lastUpdated })
    },
  )
})

import type { CapabilityStatement, CapabilityStatementRestResource } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { version } from '../../src/base/version.js'
import { operations } from '../../src/features.js'
import { resourceTypes } from '../../src/fhir/definitions.js'
import { validateStructure } from '../../src/fhir/validation/structure.js'
import { places } from '../../src/rest/interactions.js'
import { searchParameter, searchParameters } from '../../src/search/parameters.js'
import { minimal } from '../support/minimal.js'
import { openServer, type RestServer } from './server.js'

// https://hl7.org/fhir/R4/http.html#capabilities

let server: RestServer
let statement: CapabilityStatement
beforeAll(async () => {
  server = await openServer()
  statement = (await server.expect(200, 'GET metadata')).json
})
afterAll(() => server.stop())

const rest = () => statement.rest![0]!
const resources = () => rest().resource!

describe('the statement', () => {
  it('is valid, and says who and what', () => {
    expect(validateStructure(statement)).toEqual([])
    expect(statement).toMatchObject({
      resourceType: 'CapabilityStatement',
      status: 'active',
      kind: 'instance',
      fhirVersion: '4.0.1',
      software: { name: 'Ingle', version },
      implementation: { url: server.base },
      format: expect.arrayContaining(['application/fhir+json']),
      patchFormat: [
        'application/json-patch+json',
        'application/xml-patch+xml',
        'application/fhir+json',
        'application/fhir+xml',
      ],
    })
    expect(resources().map(({ type }) => type)).toEqual(resourceTypes)
    expect(rest().documentation).toContain('10000 entries')
    expect(rest().security).toBeUndefined()
  })

  it('names its base as the client does', async () => {
    const headers = { 'X-Forwarded-Host': 'fhir.example.org', 'X-Forwarded-Proto': 'https' }
    const { json } = await server.expect(200, 'GET metadata', { headers })
    expect(json.implementation.url).toBe('https://fhir.example.org/fhir')
    expect((await server.expect(200, 'GET metadata')).json).toEqual(statement)
  })

  it('lists every interaction that a place has, and no other', () => {
    const listed = new Set<string>([
      ...rest().interaction!.map(({ code }) => code!),
      ...resources().flatMap(({ interaction }) => interaction!.map(({ code }) => code!)),
    ])
    const names = new Set<string>(
      Object.values(places).flatMap((offers) => Object.values(offers).map(({ name }: { name: string }) => name)),
    )
    // Stands in `rest.compartment`.
    expect(names.delete('search-compartment')).toBe(rest().compartment!.length > 0)
    const unlisted = ['bundle', 'capabilities', 'conditional-update', 'conditional-patch', 'conditional-delete']
    for (const name of [...unlisted, 'async-status', 'async-cancel', 'export-status', 'export-cancel', 'export-file'])
      expect(names.delete(name), name).toBe(true)
    expect(listed).toEqual(new Set([...names, 'transaction', 'batch']))
  })

  it('is not sent again to who has it', async () => {
    const { headers } = await server.expect(200, 'GET metadata')
    const tag = headers.get('etag')!
    const got = await server.expect(304, 'GET metadata', { headers: { 'If-None-Match': `W/"x", ${tag}` } })
    expect([got.text, got.headers.get('etag')]).toEqual(['', tag])
    await server.expect(200, 'GET metadata', { headers: { 'If-None-Match': 'W/"x"' } })
    await server.expect(200, 'GET metadata?_elements=fhirVersion', { headers: { 'If-None-Match': tag } })
  })

  it('is cut down by _summary and _elements', async () => {
    const { json } = await server.expect(200, 'GET metadata?_elements=fhirVersion')
    expect(json.fhirVersion).toBe('4.0.1')
    expect(json.patchFormat).toBeUndefined()
    expect((await server.expect(200, 'GET metadata?_summary=true')).json.patchFormat).toBeDefined()
    expect((await server.expect(200, 'GET metadata?_pretty=true')).text).toContain('\n  "fhirVersion"')
  })

  it('of terminology is asked for by mode', async () => {
    const { json } = await server.expect(200, 'GET metadata?mode=terminology')
    expect(json).toMatchObject({ resourceType: 'TerminologyCapabilities', implementation: { url: server.base } })
    expect(validateStructure(json)).toEqual([])
    expect((await server.expect(200, 'GET metadata?mode=normative')).json).toEqual(statement)
    for (const mode of ['some', 'constructor', ''])
      expect(await server.refused(400, `GET metadata?mode=${mode}`)).toContain('full, normative, terminology')
  })

  it('says that a token is needed where one is', async () => {
    const guarded = await openServer({
      INGLE_AUTH_JWKS_URL: 'http://127.0.0.1:9/jwks',
      INGLE_AUTH_ISSUER: 'http://issuer.example',
      INGLE_AUTH_AUDIENCE: 'ingle',
    })
    try {
      const { json } = await guarded.expect(200, 'GET metadata')
      expect(json.rest[0].security.service[0].coding[0].code).toBe('OAuth')
      expect(validateStructure(json)).toEqual([])
    } finally {
      await guarded.stop()
    }
  })
})

describe('every line holds', () => {
  it('for the interactions of the system', async () => {
    const entry = [{ resource: minimal('Basic'), request: { method: 'POST', url: 'Basic' } }]
    const perform: Record<string, () => Promise<unknown>> = {
      transaction: async () => expect((await server.transact(entry)).status).toBe(200),
      batch: async () => expect((await server.batch(entry)).status).toBe(200),
      'search-system': () => server.expect(200, 'GET ?_type=Basic'),
      'history-system': () => server.expect(200, 'GET _history'),
    }
    const codes = rest().interaction!.map(({ code }) => code!)
    expect(codes.sort()).toEqual(Object.keys(perform).sort())
    for (const code of codes) await perform[code]!()
    for (const { name, type } of rest().searchParam!)
      await server.expect(200, `GET ?_type=Basic&${name}=${sample[type]}`)
  })

  it('for the interactions and flags of each type', async () => {
    await Promise.all(resources().map(interact))
  }, 120_000)

  it('for the search parameters and includes of each type', async () => {
    for (const { type, searchParam, searchInclude, searchRevInclude } of resources()) {
      const queries = [
        ...searchParam!.map(({ name }) => `${name}=${sampleOf(type!, name!)}`),
        ...searchInclude!.map((name) => `_include=${name}`),
        ...searchRevInclude!.map((name) => `_revinclude=${name}`),
      ]
      const { json } = await server.batch(
        queries.map((query) => ({ request: { method: 'GET', url: `${type}?${query}&_count=2` } })),
      )
      const wrong = json.entry.flatMap((entry: { response: { status: string }; outcome?: unknown }, n: number) =>
        entry.response.status === '200 OK' ? [] : [[`${type}?${queries[n]}`, JSON.stringify(entry.outcome)]],
      )
      expect(wrong).toEqual([])
    }
  }, 120_000)

  it('for the operations, whose definitions are HL7’s or here', async () => {
    const listed = [...(rest().operation ?? []), ...resources().flatMap(({ operation }) => operation ?? [])]
    expect(new Set(listed.map(({ name }) => name))).toEqual(new Set(operations.map(({ code }) => code)))
    for (const definition of new Set(listed.map(({ definition }) => definition!))) {
      if (!definition.startsWith('http://hl7.org/'))
        expect((await server.expect(200, `GET ${definition}`)).json.url).toBe(definition)
    }
  })

  it('and what is not supported is not listed', async () => {
    for (const { type, searchParam } of resources()) {
      const listed = new Set(searchParam!.map(({ name }) => name))
      for (const { code } of searchParameters(type!).values()) {
        if (!listed.has(code)) await server.refused(400, `GET ${type}?${code}=${sampleOf(type!, code)}`)
      }
    }
    await server.refused(404, 'GET OperationDefinition/Patient-nothing')
    await server.refused(404, 'GET SearchParameter/Patient-name')
  })
})

/** A plausible value of each search type. */
const sample: Record<string, string> = {
  number: '1',
  date: 'ge2020-02-29',
  string: 'text',
  token: 'http://example.org|code',
  reference: 'an-id',
  quantity: 'le5.4|http://unitsofmeasure.org|mg',
  uri: 'http://example.org/uri',
}

function sampleOf(type: string, name: string): string {
  const parameter = searchParameter(type, name)!
  if (name === '_id') return 'an-id'
  if (name === 'near') return '48.2|16.4|10|km'
  if (parameter.type !== 'composite') return sample[parameter.type]!
  const combined = name.startsWith('combo-') ? searchParameter(type, name.replace('combo-', ''))! : parameter
  return combined.components.map((component) => sample[component.parameter.type]!).join('$')
}

async function interact(described: CapabilityStatementRestResource) {
  const { type } = described
  const created = await server.expect(201, `POST ${type}`, { body: minimal(type!) })
  const { id } = created.json
  const put = (version: string) => ({ body: { ...created.json, language: version } })
  const perform: Record<string, () => Promise<unknown>> = {
    create: async () => expect(created.json).toMatchObject(minimal(type!)),
    read: () => server.expect(200, `GET ${type}/${id}`),
    vread: () => server.expect(200, `GET ${type}/${id}/_history/1`),
    update: () => server.expect(200, `PUT ${type}/${id}`, put('de')),
    patch: () =>
      server.expect(200, `PATCH ${type}/${id}`, {
        body: [{ op: 'add', path: '/language', value: 'fr' }],
        type: 'application/json-patch+json',
      }),
    'history-instance': () => server.expect(200, `GET ${type}/${id}/_history`),
    'history-type': () => server.expect(200, `GET ${type}/_history`),
    'search-type': async () => {
      const { json } = await server.expect(200, `GET ${type}?_id=${id}`)
      expect(json.entry).toMatchObject([{ resource: { resourceType: type, id }, search: { mode: 'match' } }])
    },
    delete: () => server.expect(204, `DELETE ${type}/${id}`),
  }
  const codes = described.interaction!.map(({ code }) => code!)
  expect(codes.sort()).toEqual(Object.keys(perform).sort())
  for (const code of Object.keys(perform)) await perform[code]!()
  await server.expect(410, `GET ${type}/${id}`)

  expect(described).toMatchObject({
    versioning: 'versioned-update',
    readHistory: true,
    updateCreate: true,
    conditionalCreate: true,
    conditionalRead: 'full-support',
    conditionalUpdate: true,
    conditionalDelete: 'single',
  })
  const other = `${type}-made`.slice(0, 64)
  const body = { ...minimal(type!), id: other }
  await server.expect(201, `PUT ${type}/${other}`, { body })
  await server.expect(412, `PUT ${type}/${other}`, { body, headers: { 'If-Match': 'W/"2"' } })
  await server.expect(200, `POST ${type}`, { body, headers: { 'If-None-Exist': `_id=${other}` } })
  await server.expect(304, `GET ${type}/${other}`, { headers: { 'If-None-Match': 'W/"1"' } })
  await server.expect(200, `PUT ${type}?_id=${other}`, { body })
  await server.expect(204, `DELETE ${type}?_id=${other}`)
}

import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type IdentityProvider, openIdentityProvider } from '../support/identity-provider.js'
import { type GraphqlServer, openServer } from './server.js'

// How queries come in, what is too much, and who may see what.

const patient = {
  resourceType: 'Patient',
  id: 'ira',
  active: true,
  managingOrganization: { reference: 'Organization/ward' },
}
const ward = { resourceType: 'Organization', id: 'ward', name: 'Ward' }
const query = '{ id active }'
const data = { id: 'ira', active: true }

describe('a query comes', () => {
  let server: GraphqlServer
  beforeAll(async () => {
    server = await openServer({ INGLE_GRAPHQL_INTROSPECTION: 'on' })
    await server.put(ward, patient)
  })
  afterAll(() => server.stop())

  const json = { type: 'application/json' }
  const several = 'query a { id } query b { active }'
  it.each<
    [request: string, asked?: { body?: unknown; type?: string; headers?: Record<string, string> }, data?: unknown]
  >([
    [`GET Patient/ira/$graphql?query=${encodeURIComponent(query)}`],
    [
      `GET Patient/ira/$graphql?query=${encodeURIComponent('query ($n: Boolean) {id active @include(if: $n)}')}&variables=${encodeURIComponent('{"n":true}')}`,
    ],
    [`GET Patient/ira/$graphql?query=${encodeURIComponent(several)}&operationName=b`, {}, { active: true }],
    [`GET $graphql?query={Patient(id:ira){id,active}}`, {}, { Patient: data }],
    ['POST Patient/ira/$graphql', { ...json, body: { query } }],
    [
      'POST Patient/ira/$graphql',
      { type: 'application/json; charset=utf-8', body: { query, variables: null, operationName: null } },
    ],
    [
      'POST Patient/ira/$graphql',
      { ...json, body: { query: several, operationName: 'a', extensions: {} } },
      { id: 'ira' },
    ],
    ['POST Patient/ira/$graphql', { type: 'application/graphql', body: query }],
    [
      'POST Patient/ira/$graphql',
      { body: { resourceType: 'Parameters', parameter: [{ name: 'query', valueString: query }] } },
    ],
    [`POST Patient/ira/$graphql?query=${encodeURIComponent(query)}`],
    [
      'POST Patient/ira/$graphql',
      {
        ...json,
        body: { query },
        headers: { Accept: 'application/graphql-response+json, application/json;q=0.9' },
      },
    ],
  ])('%s %o', async (request, asked, found = data) => {
    const got = await server.expect(200, request, asked)
    expect(got.json).toEqual({ data: found })
    expect(got.headers.get('content-type')).toBe('application/json; charset=utf-8')
  })

  it.each<[request: string, asked: { body?: unknown; type?: string }, message: RegExp]>([
    ['GET $graphql', {}, /needs a query/],
    ['GET $graphql?query={id}&more=1', {}, /has no parameter more/],
    ['GET $graphql?query={id}&variables=1', {}, /variables is a JSON object/],
    ['POST $graphql', { ...json, body: { querry: query } }, /has a member querry; it can have query/],
    ['POST $graphql', { ...json, body: [{ query }] }, /One query at a time/],
    ['POST $graphql', { ...json, body: '"{ id }"' }, /is not a JSON object/],
    ['POST $graphql', { ...json, body: '{' }, /expected/],
    ['POST $graphql', { ...json, body: { query: 1 } }, /needs a query/],
    ['POST $graphql', { ...json, body: { query, operationName: 1 } }, /operationName is text/],
    ['POST $graphql', { ...json, body: { query, variables: [] } }, /variables is a JSON object/],
    ['POST $graphql?query={id}', { ...json, body: { query } }, /in the URL or in the body, not in both/],
  ])('and not so: %s %o', async (request, asked, message) => {
    expect(await server.refused(400, request, asked)).toMatch(message)
  })

  it('with an operation that is clear', async () => {
    const on = 'Patient/ira'
    const [error] = await server.errors(400, several, { on })
    expect(error!.message).toBe('operationName has to say which operation is meant; there are a, b')
    const [other] = await server.errors(400, several, { on, operationName: 'c' })
    expect(other!.message).toBe('operationName names no operation; there are a, b')
    const [none] = await server.errors(400, 'fragment a on Patient { id }')
    expect(none!.message).toMatch(/never used|has no operation/)
  })

  it('and the server says so', async () => {
    const { json: statement } = await server.expect(200, 'GET metadata')
    const [rest] = statement.rest
    expect(rest.operation.map(({ name }: { name: string }) => name)).toContain('graphql')
    expect(rest.resource[0].operation.map(({ name }: { name: string }) => name)).toContain('graphql')
  })

  it('for the schema, which GraphQL clients can read', async () => {
    const got = (await server.data(getIntrospectionQuery({ descriptions: false }))) as IntrospectionQuery
    const schema = buildClientSchema(got)
    const fields = (type: string) => (schema.getType(type) as { getFields(): Record<string, unknown> }).getFields()
    expect(Object.keys(fields('Query'))).toHaveLength(146 * 3)
    expect(Object.keys(fields('Patient'))).toEqual(
      expect.arrayContaining(['name', 'birthDate', '_birthDate', 'deceasedBoolean', 'ConditionList']),
    )
    expect(Object.keys(fields('PatientContact'))).toEqual(expect.arrayContaining(['name', 'gender', '_gender']))
    expect(String(schema.getQueryType())).toBe('Query')
  })

  it('for a part of the schema', async () => {
    expect(
      await server.data(
        'query ($name: String!) { __typename __type(name: $name) { ...t } Patient(id: ira) { id } } fragment t on __Type { name kind interfaces { name } }',
        { variables: { name: 'Patient' } },
      ),
    ).toEqual({
      __typename: 'Query',
      __type: { name: 'Patient', kind: 'OBJECT', interfaces: [{ name: 'Resource' }] },
      Patient: { id: 'ira' },
    })
  })

  it.each([
    ['{ __schema { nothing } }', /Cannot query field "nothing"/],
    ['{ __type { name } }', /argument "name" of type "String!" is required/],
    ['{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }', /introspection depth/i],
  ])('%s is refused', async (text, message) => {
    const [error] = await server.errors(400, text)
    expect(error!.message).toMatch(message)
  })
})

describe('what is too much is refused', () => {
  let server: GraphqlServer
  beforeAll(async () => {
    server = await openServer({
      INGLE_GRAPHQL_MAX_DEPTH: '4',
      INGLE_GRAPHQL_MAX_FIELDS: '12',
      INGLE_GRAPHQL_MAX_ALIASES: '3',
      INGLE_GRAPHQL_MAX_SEARCHES: '2',
      INGLE_GRAPHQL_MAX_RESOURCES: '3',
      INGLE_GRAPHQL_INTROSPECTION: 'off',
    })
    await server.put(ward, patient, { ...patient, id: 'ivy' }, { ...patient, id: 'ina' })
  })
  afterAll(() => server.stop())

  it.each<[query: string, message: RegExp]>([
    [
      '{ PatientList { contact { name { period { start } } } } }',
      /^The query has 5 levels; 4 are allowed \(INGLE_GRAPHQL_MAX_DEPTH\)/,
    ],
    [
      '{ PatientList { ...a } } fragment a on Patient { contact { name { period { start } } } }',
      /^The query has 5 levels/,
    ],
    [
      `{ PatientList { ${'id active '.repeat(6)} } }`,
      /^The query has 13 fields; 12 are allowed \(INGLE_GRAPHQL_MAX_FIELDS\)/,
    ],
    [
      '{ PatientList { ...a ...a ...a } } fragment a on Patient { ...b ...b } fragment b on Patient { id active }',
      /^The query has 13 fields/,
    ],
    [
      '{ PatientList { a: id b: id c: id d: id } }',
      /^The query has 4 aliases; 3 are allowed \(INGLE_GRAPHQL_MAX_ALIASES\)/,
    ],
    [
      '{ PatientList { id } GroupList { id } ListList { id } }',
      /^The query needs more than 2 searches and reads of old versions \(INGLE_GRAPHQL_MAX_SEARCHES\)/,
    ],
    [
      '{ PatientList { managingOrganization { resource { id } } } }',
      /^The answer has more than 3 resources \(INGLE_GRAPHQL_MAX_RESOURCES\)/,
    ],
    [
      '{ Organization(id: ward) { PatientList(_reference: organization) { id } } }',
      /^The answer has more than 3 resources/,
    ],
  ])('%s', async (text, message) => {
    const [error] = await server.errors(422, text)
    expect(error!.message).toMatch(message)
    expect(error!.extensions.resource.issue[0]!.code).toBe('too-costly')
  })

  it.each([
    ['a text without an end', `{ ${'id '.repeat(100_000)} }`, /tokens/],
    ['brackets in brackets', `{ PatientList(_id: ${'['.repeat(500)}1${']'.repeat(500)}) { id } }`, /tokens/],
  ])('%s', async (_, text, message) => {
    const [error] = await server.errors(400, text)
    expect(error!.message).toMatch(message)
  })

  it('up to the limits all is well', async () => {
    expect(await server.data('{ PatientList { a: id b: id c: active } GroupList { id } }')).toMatchObject({
      GroupList: [],
    })
  })

  it('the schema, when it is not to be shown', async () => {
    const [error] = await server.errors(422, '{ __schema { queryType { name } } }')
    expect(error!.message).toMatch(/INGLE_GRAPHQL_INTROSPECTION/)
    expect(await server.data('{ __typename }')).toEqual({ __typename: 'Query' })
  })
})

it('FHIRPath that one element after the other could take', async () => {
  const server = await openServer()
  await server.put(
    ...Array.from({ length: 30 }, (_, i) => ({ ...patient, id: `p${i}`, name: [{ given: ['Ann', 'Bo'] }] })),
  )
  // For each patient far from too much.
  const all = '%resource.descendants()'
  const path = `${all}.select(${all}.select(${all}.count())).count() > 0`
  const names = Array.from({ length: 20 }, (_, i) => `n${i}: name(fhirpath: "${path}") { family }`)
  await server.data(`{ PatientList(_count: 1) { ${names[0]} } }`)
  const [error] = await server.errors(422, `{ PatientList { ${names.join(' ')} } }`)
  expect(error!.message).toMatch(/more than \d+ steps/)
  await server.stop()
})

it('brackets in brackets, within the limits of a large query', async () => {
  const server = await openServer({ INGLE_GRAPHQL_MAX_FIELDS: '100000' })
  const text = `{ PatientList(_id: ${'['.repeat(50_000)}1${']'.repeat(50_000)}) { id } }`
  const [error] = await server.errors(422, text)
  expect(error!.message).toBe('The query is nested too deep')
  await server.errors(422, `${'{ a '.repeat(100_000)}${'}'.repeat(100_000)}`)
  const fragments = Array.from({ length: 20_000 }, (_, i) => `fragment f${i} on Patient { ...f${i + 1} }`).join(' ')
  await server.errors(422, `{ PatientList { ...f0 } } ${fragments} fragment f20000 on Patient { id }`)
  // A query that asks for much on types that nobody knows beforehand takes no time to refuse.
  const nested = (depth: number): string =>
    depth === 0
      ? 'nonsense'
      : `subject { resource { ${nested(depth - 1)} } } focus { resource { ${nested(depth - 1)} } }`
  await server.errors(400, `{ ObservationList { ${nested(5)} } }`)
  await server.stop()
})

describe('scopes', () => {
  let provider: IdentityProvider
  let server: GraphqlServer

  beforeAll(async () => {
    provider = await openIdentityProvider()
    server = await openServer(provider.settings)
    const headers = await provider.as('system/*.cruds')
    for (const one of [ward, patient])
      await server.expect(201, `PUT ${one.resourceType}/${one.id}`, { body: one, headers })
  })
  afterAll(async () => {
    await server?.stop()
    provider.close()
  })

  const organization = 'managingOrganization { reference resource { ... on Organization { name } } }'
  it.each<[scope: string, on: string | undefined, query: string, missing: string]>([
    ['system/Patient.rs', 'Patient/ira', `{ ${organization} }`, 'Organization.r'],
    ['system/Organization.rs', undefined, '{ PatientList { id } }', 'Patient.s'],
    ['system/Patient.r', undefined, '{ PatientList { id } }', 'Patient.s'],
    ['system/Patient.s', undefined, '{ Patient(id: ira) { id } }', 'Patient.r'],
    ['system/Patient.s', undefined, `{ PatientList { ${organization} } }`, 'Organization.r'],
    ['system/Organization.rs', 'Organization/ward', '{ PatientList(_reference: organization) { id } }', 'Patient.s'],
    [
      'system/Organization.rs',
      'Organization/ward',
      '{ PatientConnection(_reference: organization) { count } }',
      'Patient.s',
    ],
    ['system/Patient.rs', undefined, '{ PatientList(_filter: "organization.name eq Ward") { id } }', 'Organization.s'],
  ])('%s: %s %s needs %s', async (scope, on, text, missing) => {
    const [error] = await server.errors(403, text, { on, headers: await provider.as(scope) })
    expect(error!.message).toContain(missing)
  })

  it('a resource needs a scope of its own', async () => {
    const headers = await provider.as('system/Organization.rs')
    expect(
      await server.refused(403, 'POST Patient/ira/$graphql', { body: { query }, type: 'application/json', headers }),
    ).toContain('Patient.r')
  })

  it('allow what they name; what they do not is null where that was said to do', async () => {
    const headers = await provider.as('system/Patient.rs')
    expect(
      await server.data(`{ ${organization.replace('resource', 'resource(optional: true)')} }`, {
        on: 'Patient/ira',
        headers,
      }),
    ).toEqual({ managingOrganization: { reference: 'Organization/ward', resource: null } })
    expect(await server.data('{ PatientList { id } }', { headers })).toEqual({ PatientList: [{ id: 'ira' }] })
  })
})

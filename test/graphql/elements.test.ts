import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GraphqlServer, openServer } from './server.js'

// https://hl7.org/fhir/R4/graphql.html#fields and #arguments

const on = 'Patient/ada'
let server: GraphqlServer

beforeAll(async () => {
  server = await openServer()
  await server.put(
    {
      resourceType: 'Patient',
      id: 'ada',
      active: true,
      birthDate: '1980-02-29',
      _birthDate: { extension: [{ url: 'http://example.org/time', valueDateTime: '1980-02-29T06:10:00Z' }] },
      deceasedBoolean: false,
      name: [
        { use: 'official', family: 'Moore', given: ['Ada', 'Jo'], period: { start: '2001' } },
        {
          use: 'nickname',
          given: [null, 'Addie'],
          _given: [{ id: 'g', extension: [{ url: 'http://x', valueCode: 'n' }] }, null],
        },
        { use: 'old', family: 'Lane', given: ['Ada'] },
      ],
      telecom: [
        { system: 'phone', value: '1', rank: 1 },
        { system: 'email', value: 'a@b.c', rank: 2 },
      ],
      contact: [{ name: { family: 'Roe' }, gender: 'female' }],
      contained: [
        { resourceType: 'Organization', id: 'o', name: 'Clinic' },
        { resourceType: 'Practitioner', id: 'p', active: true },
      ],
      text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Ada</div>' },
    },
    {
      resourceType: 'Observation',
      id: 'weight',
      status: 'final',
      code: { text: 'weight' },
      valueQuantity: { value: 72, unit: 'kg' },
      component: [
        { code: { text: 'a' }, valueQuantity: { value: 1 } },
        { code: { text: 'b' }, valueString: 'x' },
      ],
    },
  )
  // A decimal whose digits JavaScript would not keep.
  const body = `{"resourceType":"Observation","id":"exact","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}`
  await server.expect(201, 'PUT Observation/exact', { body })
})
afterAll(() => server.stop())

describe('what is selected is what comes', () => {
  it.each<[query: string, data: unknown]>([
    [
      '{ id active birthDate resourceType }',
      { id: 'ada', active: true, birthDate: '1980-02-29', resourceType: 'Patient' },
    ],
    ['{ gender deceasedBoolean deceasedDateTime }', { gender: null, deceasedBoolean: false, deceasedDateTime: null }],
    ['{ address { city } maritalStatus { text } }', { address: [], maritalStatus: null }],
    [
      '{ __typename contact { __typename name { __typename family } } }',
      {
        __typename: 'Patient',
        contact: [{ __typename: 'PatientContact', name: { __typename: 'HumanName', family: 'Roe' } }],
      },
    ],
    [
      '{ _birthDate { __typename extension { url valueDateTime } } }',
      {
        _birthDate: {
          __typename: 'ElementBase',
          extension: [{ url: 'http://example.org/time', valueDateTime: '1980-02-29T06:10:00Z' }],
        },
      },
    ],
    [
      '{ name(use: nickname) { given _given { id extension { valueCode } } } }',
      {
        name: [{ given: [null, 'Addie'], _given: [{ id: 'g', extension: [{ valueCode: 'n' }] }, null] }],
      },
    ],
    [
      '{ text { status div } }',
      {
        text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Ada</div>' },
      },
    ],
    [
      '{ contained { id resourceType ... on Organization { name } } }',
      {
        contained: [
          { id: 'o', resourceType: 'Organization', name: 'Clinic' },
          { id: 'p', resourceType: 'Practitioner' },
        ],
      },
    ],
    ['{ born: birthDate first: name(use: official) { family } }', { born: '1980-02-29', first: [{ family: 'Moore' }] }],
    ['{ __proto__: id constructor: active }', JSON.parse('{"__proto__":"ada","constructor":true}')],
  ])('%s', async (query, data) => {
    expect(await server.data(query, { on })).toEqual(data)
  })

  it('keeps the order of the query', async () => {
    expect(JSON.stringify(await server.data('{ name(use: old) { given family } id active }', { on }))).toBe(
      '{"name":[{"given":["Ada"],"family":"Lane"}],"id":"ada","active":true}',
    )
  })

  it('keeps the digits of a decimal', async () => {
    const got = await server.ask('GET Observation/exact/$graphql?query={valueQuantity{value}}')
    expect(got.text).toBe('{"data":{"valueQuantity":{"value":1.50}}}')
  })

  it('has choices by their JSON names', async () => {
    expect(
      await server.data(
        '{ valueQuantity { value unit } valueString component { valueString valueQuantity { value } } }',
        {
          on: 'Observation/weight',
        },
      ),
    ).toEqual({
      valueQuantity: { value: 72, unit: 'kg' },
      valueString: null,
      component: [
        { valueString: null, valueQuantity: { value: 1 } },
        { valueString: 'x', valueQuantity: null },
      ],
    })
  })
})

describe('list navigation', () => {
  it.each<[args: string, found: (string | null)[]]>([
    // arguments of name          families
    ['use: official', ['Moore']],
    ['use: "old"', ['Lane']],
    ['use: home', []],
    ['given: "Ada"', ['Moore', 'Lane']],
    ['given: "Ada", use: old', ['Lane']],
    ['_count: 2', ['Moore', null]],
    ['_offset: 1', [null, 'Lane']],
    ['_offset: 1, _count: 1', [null]],
    ['_count: 0', []],
    ['_offset: 9', []],
    ['given: "Ada", _offset: 1', ['Lane']],
    ['fhirpath: "family.exists()"', ['Moore', 'Lane']],
    ['fhirpath: "family"', ['Moore', 'Lane']],
    ['fhirpath: "family.exists() // all that have one"', ['Moore', 'Lane']],
    ['fhirpath: "$index > 0"', [null, 'Lane']],
    ['fhirpath: "period.start.exists()"', ['Moore']],
    ['fhirpath: "%resource.active and use = \'old\'"', ['Lane']],
    ['fhirpath: "family.exists()", _count: 1', ['Moore']],
    ['use: null', ['Moore', null, 'Lane']],
    ['use: $absent', ['Moore', null, 'Lane']],
    ['use: $use', ['Lane']],
  ])('name(%s)', async (args, found) => {
    const uses = args.includes('$') && !args.includes('"')
    const head = uses ? `query ($${args.slice(args.indexOf('$') + 1)}: code)` : ''
    const variables = args.includes('$use') ? { use: 'old' } : {}
    expect(await server.data(`${head} { name(${args}) { family } }`, { on, variables })).toEqual({
      name: found.map((family) => ({ family })),
    })
  })

  it.each([
    ['telecom(rank: 2) { value }', { telecom: [{ value: 'a@b.c' }] }],
    ['telecom(rank: 2.0) { value }', { telecom: [{ value: 'a@b.c' }] }],
    ['extension(url: "http://none") { valueCode }', { extension: [] }],
    ['contained(id: "p") { id }', { contained: [{ id: 'p' }] }],
    ['contained(fhirpath: "$this is Organization") { id }', { contained: [{ id: 'o' }] }],
  ])('%s', async (selected, data) => {
    expect(await server.data(`{ ${selected} }`, { on })).toEqual(data)
  })
})

describe('fragments, variables, skip and include', () => {
  it.each<[query: string, data: unknown, variables?: Record<string, unknown>]>([
    [
      '{ ...some } fragment some on Patient { id name(use: old) { ...whole } } fragment whole on HumanName { family }',
      {
        id: 'ada',
        name: [{ family: 'Lane' }],
      },
    ],
    [
      '{ ... { id } ... on Resource { resourceType } ... on DomainResource { active } }',
      {
        id: 'ada',
        resourceType: 'Patient',
        active: true,
      },
    ],
    ['{ contact { ... on PatientContact { gender } } }', { contact: [{ gender: 'female' }] }],
    ['{ name(use: old) { family } name(use: old) { given } }', { name: [{ family: 'Lane', given: ['Ada'] }] }],
    ['{ id ... on Patient { id } ...a ...a } fragment a on Patient { id }', { id: 'ada' }],
    ['{ id @skip(if: true) active @skip(if: false) }', { active: true }],
    ['{ id @include(if: false) active @include(if: true) @skip(if: false) }', { active: true }],
    ['{ id ... @include(if: false) { active } ...a @skip(if: true) } fragment a on Patient { active }', { id: 'ada' }],
    ['query ($yes: Boolean) { id @include(if: $yes) }', { id: 'ada' }, { yes: true }],
    ['query ($yes: Boolean = false) { id active @include(if: $yes) }', { id: 'ada' }],
    ['query ($n: Int!) { name(_count: $n) { family } }', { name: [{ family: 'Moore' }] }, { n: 1 }],
  ])('%s', async (query, data, variables) => {
    expect(await server.data(query, { on, variables })).toEqual(data)
  })
})

describe('is refused', () => {
  it.each<[query: string, message: RegExp | string, variables?: Record<string, unknown>]>([
    ['{ identifier { something } }', 'Identifier has no field something'],
    ['{ nam { family } }', 'Patient has no field nam; did you mean name?'],
    ['{ value }', 'Patient has no field value'],
    ['{ deceased }', /^Patient has no field deceased/],
    ['{ _id }', /^Patient has no field _id/],
    ['{ _name { id } }', /^Patient has no field _name/],
    ['{ name }', 'name is a HumanName: what is wanted of it has to be selected below it'],
    ['{ active { value } }', 'active is a boolean: nothing can be selected below it'],
    ['{ active(_count: 1) }', 'active is a primitive: it takes no arguments'],
    ['{ name(us: old) { family } }', 'name has no argument us; did you mean use?'],
    ['{ name(period: old) { family } }', /^name has no argument period; /],
    ['{ name(_count: -1) { family } }', '_count is a whole number from 0'],
    ['{ name(use: [old, usual]) { family } }', 'name: use takes one value'],
    ['{ name(use: {a: 1}) { family } }', 'An object cannot be the value of an argument'],
    ['{ name(fhirpath: "family = ") { family } }', /./],
    ['{ name(fhirpath: "true) or (true") { family } }', /./],
    ['{ name { family } name(use: old) { family } }', /^name is asked for in two ways/],
    ['{ name: id name { family } }', /^name is asked for in two ways/],
    ['{ ... on HumanName { family } }', 'A Patient is never a HumanName'],
    ['{ ... on Practitioner { active } }', 'A Patient is never a Practitioner'],
    ['{ ... on Practioner { active } }', 'Practioner is not a type of FHIR R4'],
    ['{ contained { nonsense } }', 'No resource type has a field nonsense'],
    ['{ contained { ... on Organization { active nonsense } } }', 'Organization has no field nonsense'],
    ['{ wrong @skip(if: true) }', 'Patient has no field wrong'],
    ['{ id @unknown }', 'Unknown directive "@unknown".'],
    ['{ id @include }', /argument "if" of type "Boolean!" is required/],
    ['{ id @include(if: "yes") }', /Boolean cannot represent/],
    ['{ id', /^Syntax Error/],
    ['', /^\$graphql needs a query|^Syntax Error/],
    ['{ ...none }', 'Unknown fragment "none".'],
    ['{ ...a } fragment a on Patient { ...a }', /Cannot spread fragment "a" within itself/],
    ['{ id } fragment a on Patient { id }', 'Fragment "a" is never used.'],
    ['query ($a: Boolean) { id }', 'Variable "$a" is never used.'],
    ['{ id @include(if: $a) }', 'Variable "$a" is not defined.'],
    ['query ($a: Boolean!) { id @include(if: $a) }', /Variable "\$a" of required type "Boolean!" was not provided/],
    ['query ($a: Boolean) { id @include(if: $a) }', /Boolean! cannot represent|not be null|was not provided/],
    ['query ($a: Int) { name(_count: $a) { family } }', /Int cannot represent/, { a: 'x' }],
    ['query ($a: Wrong) { name(_count: $a) { family } }', /"Wrong"/],
    ['{ PatientX { id } }', 'Patient has no field PatientX'],
    ['{ Patient(id: ada) { id } }', /^Patient has no field Patient/],
  ])('%s', async (query, message, variables) => {
    const [error] = await server.errors(400, query, { on, variables })
    expect(error!.message).toMatch(message)
  })

  it('with all that is wrong, and where', async () => {
    const errors = await server.errors(400, '{ id\n  wrong\n  name { worse } }', { on })
    expect(errors.map(({ message, locations }) => [message, locations])).toEqual([
      ['Patient has no field wrong', [{ line: 2, column: 3 }]],
      ['HumanName has no field worse', [{ line: 3, column: 10 }]],
    ])
  })

  it('a resource that is not there, as by a read', async () => {
    expect(await server.refused(404, 'POST Patient/nobody/$graphql', { body: { query: '{ id }' } })).toMatch(
      /no resource|not known/,
    )
    await server.expect(404, 'POST Nonsense/1/$graphql', { body: { query: '{ id }' } })
  })

  it.each(['mutation { PatientDelete(id: 1) { id } }', 'subscription { Patient { id } }'])('%s', async (query) => {
    const [error] = await server.errors(422, query)
    expect(error!.message).toMatch(/is not possible: resources are written by FHIR's REST API/)
    expect(error!.extensions.resource.issue[0]!.code).toBe('not-supported')
  })
})

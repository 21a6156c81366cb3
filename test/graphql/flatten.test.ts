import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GraphqlServer, openServer } from './server.js'

// https://hl7.org/fhir/R4/graphql.html#flattening

const on = 'Patient/eve'
let server: GraphqlServer

beforeAll(async () => {
  server = await openServer()
  await server.put(
    {
      resourceType: 'Patient',
      id: 'eve',
      active: true,
      identifier: [{ system: 'urn:a', value: '7' }],
      name: [
        { use: 'official', family: 'Stone', given: ['Eve', 'May'], period: { start: '2001' } },
        { use: 'nickname', given: ['Evie'] },
        { use: 'old', family: 'Hill', given: ['Eve'], period: { start: '1999' } },
      ],
      telecom: [
        { system: 'phone', use: 'home', value: '1' },
        { system: 'phone', use: 'work', value: '2' },
        { system: 'email', use: 'home', value: '3' },
      ],
      maritalStatus: { text: 'single', coding: [{ code: 'S' }, { code: 'U' }] },
      generalPractitioner: [{ reference: 'Practitioner/a' }, { reference: 'Practitioner/b' }],
    },
    { resourceType: 'Practitioner', id: 'a', active: true, name: [{ family: 'One' }] },
    { resourceType: 'Practitioner', id: 'b', active: false, name: [{ family: 'Two' }] },
  )
})
afterAll(() => server.stop())

describe('flattens', () => {
  it.each<[query: string, data: unknown]>([
    ['{ identifier @flatten { system value } active }', { system: ['urn:a'], value: ['7'], active: true }],
    ['{ name @flatten { family given } }', { family: ['Stone', 'Hill'], given: ['Eve', 'May', 'Evie', 'Eve'] }],
    ['{ name @flatten { given @first } }', { given: ['Eve', 'Evie', 'Eve'] }],
    ['{ name @flatten @first { given family } }', { given: ['Eve', 'May'], family: 'Stone' }],
    ['{ name @first { family } }', { name: { family: 'Stone' } }],
    ['{ name @singleton @first { family } }', { name: { family: 'Stone' } }],
    ['{ identifier @flatten { value @singleton } }', { value: '7' }],
    ['{ name(use: old) @flatten { family @singleton } }', { family: 'Hill' }],
    ['{ maritalStatus @flatten { text } }', { text: 'single' }],
    ['{ maritalStatus @flatten { coding @flatten { code } text } }', { code: ['S', 'U'], text: 'single' }],
    // A list above makes lists of what is not directly below it, too.
    ['{ name @flatten { period @flatten { start } } }', { start: ['2001', '1999'] }],
    ['{ name @flatten { period { start } } }', { period: [{ start: '2001' }, { start: '1999' }] }],
    [
      '{ name @flatten { surname: family } telecom @flatten { value } }',
      {
        surname: ['Stone', 'Hill'],
        value: ['1', '2', '3'],
      },
    ],
    // Of the same type, values of several elements come together.
    [
      '{ name(use: old) @flatten { family } last: name(use: official) @flatten { family } }',
      {
        family: ['Hill', 'Stone'],
      },
    ],
    ['{ communication @flatten { preferred } contact @flatten { gender } }', { preferred: [], gender: [] }],
    ['{ generalPractitioner @flatten { reference } }', { reference: ['Practitioner/a', 'Practitioner/b'] }],
    [
      '{ generalPractitioner @flatten { resource @flatten { id active name @flatten { family } } } }',
      {
        id: ['a', 'b'],
        active: [true, false],
        family: ['One', 'Two'],
      },
    ],
    ['{ generalPractitioner @flatten { resource { id } } }', { resource: [{ id: 'a' }, { id: 'b' }] }],
  ])('%s', async (query, data) => {
    expect(await server.data(query, { on })).toEqual(data)
  })

  it('at system level', async () => {
    expect(
      await server.data('{ PractitionerList(_sort: _id) @flatten { id } PatientList @flatten { active } }'),
    ).toEqual({
      id: ['a', 'b'],
      active: [true],
    })
    expect(await server.data('{ Practitioner(id: a) @flatten { id active } }')).toEqual({ id: 'a', active: true })
    expect(await server.data('{ PractitionerConnection @flatten { count edges @flatten { mode } } }')).toEqual({
      count: 2,
      mode: ['match', 'match'],
    })
    expect(await server.data('{ PractitionerList(_sort: "-_id") @first { id } }')).toEqual({
      PractitionerList: { id: 'b' },
    })
  })
})

describe('slices', () => {
  it.each<[query: string, data: unknown]>([
    [
      '{ name @flatten @slice(path: "use") { family @singleton given } }',
      {
        'family.official': 'Stone',
        'given.official': ['Eve', 'May'],
        'family.nickname': null,
        'given.nickname': ['Evie'],
        'family.old': 'Hill',
        'given.old': ['Eve'],
      },
    ],
    [
      '{ name @flatten @slice(path: "$index") { given @first @singleton family } }',
      {
        'given.0': 'Eve',
        'family.0': ['Stone'],
        'given.1': 'Evie',
        'family.1': [],
        'given.2': 'Eve',
        'family.2': ['Hill'],
      },
    ],
    [
      '{ telecom @slice(path: "system") { value } }',
      {
        'telecom.phone': [{ value: '1' }, { value: '2' }],
        'telecom.email': [{ value: '3' }],
      },
    ],
    [
      '{ telecom @slice(path: "use + \'-\' + system") @singleton { value } }',
      {
        'telecom.home-phone': { value: '1' },
        'telecom.work-phone': { value: '2' },
        'telecom.home-email': { value: '3' },
      },
    ],
    // Suffixes add up.
    [
      '{ name @flatten @slice(path: "use") { given @slice(path: "$index") @singleton } }',
      {
        'given.official.0': 'Eve',
        'given.official.1': 'May',
        'given.nickname.0': 'Evie',
        'given.old.0': 'Eve',
      },
    ],
    [
      '{ phone: telecom(system: phone) @flatten @slice(path: "use") { value @singleton } }',
      {
        'value.home': '1',
        'value.work': '2',
      },
    ],
    [
      '{ generalPractitioner @flatten @slice(path: "$index") { resource @flatten { id @singleton } } }',
      {
        'id.0': 'a',
        'id.1': 'b',
      },
    ],
    ['{ contact @slice(path: "gender") { gender } }', {}],
  ])('%s', async (query, data) => {
    expect(await server.data(query, { on })).toEqual(data)
  })
})

describe('refuses', () => {
  it.each<[status: number, query: string, message: RegExp]>([
    [422, '{ name @flatten { family @singleton } }', /^family is said to be a @singleton, but has several values/],
    [422, '{ name @singleton { family } }', /^name is said to be a @singleton/],
    [422, '{ telecom @slice(path: "system") @singleton { value } }', /^telecom.phone is said to be a @singleton/],
    [422, '{ identifier @flatten { system } telecom @flatten { system } }', /several types, uri and code/],
    [
      422,
      '{ communication @flatten { id: preferred } name @flatten { id: family } }',
      /several types, boolean and string/,
    ],
    [400, '{ active @flatten }', /^active has nothing in it to flatten/],
    [400, '{ name @slice { family } }', /argument "path" of type "String!" is required/],
    [400, '{ name @slice(path: "use +") { family } }', /./],
    [
      400,
      '{ ObservationConnection(_reference: patient) { edges @slice(path: "mode") { mode } } }',
      /no FHIRPath can slice it/,
    ],
    [400, '{ ... @flatten { id } }', /"@flatten" may not be used on INLINE_FRAGMENT/],
  ])('%i %s', async (status, query, message) => {
    const [error] = await server.errors(status, query, { on })
    expect(error!.message).toMatch(message)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, type GraphqlServer, openServer } from './server.js'

// https://hl7.org/fhir/R4/graphql.html#searching and #reverse

let server: GraphqlServer

beforeAll(async () => {
  server = await openServer({ INGLE_DEFAULT_COUNT: '3', INGLE_MAX_COUNT: '8' })
  const subject = { reference: 'Patient/p1' }
  await server.put(
    { resourceType: 'Patient', id: 'p1', active: true, birthDate: '1980-01-01', name: [{ family: 'Day, Jr' }] },
    { resourceType: 'Patient', id: 'p2', active: true, birthDate: '1990-01-01', name: [{ family: 'Night' }] },
    { resourceType: 'Patient', id: 'p3', active: false, birthDate: '2000-01-01', name: [{ family: 'Day' }] },
    ...Array.from(
      { length: 5 },
      (_, i): Given => ({
        resourceType: 'Condition',
        id: `c${i}`,
        clinicalStatus: { coding: [{ code: i % 2 ? 'active' : 'resolved' }] },
        subject: i === 4 ? { reference: 'Patient/p2' } : subject,
        recordedDate: `202${i}`,
      }),
    ),
    ...Array.from(
      { length: 10 },
      (_, i): Given => ({
        resourceType: 'Observation',
        id: `o${i}`,
        status: 'final',
        code: { text: 'x' },
        valueQuantity: { value: i },
        subject: i === 9 ? { reference: 'Patient/p2' } : subject,
      }),
    ),
  )
})
afterAll(() => server.stop())

const ids = (...names: string[]) => names.map((id) => ({ id }))

describe('one resource and lists', () => {
  it.each<[query: string, data: unknown, variables?: Record<string, unknown>]>([
    ['{ Patient(id: p1) { id active } }', { Patient: { id: 'p1', active: true } }],
    ['{ Patient(id: "p1") { id } other: Patient(id: p2) { id } }', { Patient: { id: 'p1' }, other: { id: 'p2' } }],
    ['query ($id: ID!) { Patient(id: $id) { id } }', { Patient: { id: 'p3' } }, { id: 'p3' }],
    ['{ PatientList { id } }', { PatientList: ids('p1', 'p2', 'p3') }],
    ['{ PatientList(active: true) { id } }', { PatientList: ids('p1', 'p2') }],
    ['{ PatientList(active: "false") { id } }', { PatientList: ids('p3') }],
    ['{ PatientList(_id: [p1, p3]) { id } }', { PatientList: ids('p1', 'p3') }],
    ['query ($ids: [ID!]) { PatientList(_id: $ids) { id } }', { PatientList: ids('p2', 'p3') }, { ids: ['p2', 'p3'] }],
    ['{ PatientList(name: "Day") { id } }', { PatientList: ids('p1', 'p3') }],
    // A comma is a comma: several values are a list.
    ['{ PatientList(name: "Day, Jr") { id } }', { PatientList: ids('p1') }],
    ['{ PatientList(name: ["Night", "Day, J"]) { id } }', { PatientList: ids('p1', 'p2') }],
    ['{ PatientList(birthdate: "ge1990", _sort: "-birthdate") { id } }', { PatientList: ids('p3', 'p2') }],
    ['{ PatientList(_sort: ["-active", "_id"]) { id } }', { PatientList: ids('p1', 'p2', 'p3') }],
    ['{ PatientList(_count: 2) { id } }', { PatientList: ids('p1', 'p2') }],
    ['{ PatientList(_count: 1, _offset: 2) { id } }', { PatientList: ids('p3') }],
    ['{ PatientList(active: null) { id } }', { PatientList: ids('p1', 'p2', 'p3') }],
    ['{ PatientList(fhirpath: "birthDate.exists() and active") { id } }', { PatientList: ids('p1', 'p2') }],
    ['{ PatientList(name: "Nobody") { id } }', { PatientList: [] }],
    ['{ ConditionList(clinical_status: active, patient: p1, _sort: _id) { id } }', { ConditionList: ids('c1', 'c3') }],
    [
      '{ ConditionList(recorded_date: "2022") { subject { resource { ... on Patient { birthDate } } } } }',
      {
        ConditionList: [{ subject: { resource: { birthDate: '1980-01-01' } } }],
      },
    ],
    [
      '{ ConditionList(_filter: "recorded-date gt 2021-12 and clinical-status eq resolved", _sort: _id) { id } }',
      {
        ConditionList: ids('c2', 'c4'),
      },
    ],
    ['{ ListList { id } GroupList { id } }', { ListList: [], GroupList: [] }],
  ])('%s', async (query, data, variables) => {
    expect(await server.data(query, { variables })).toEqual(data)
  })

  it.each<[status: number, query: string, message: RegExp]>([
    [422, '{ Patient(id: nobody) { id } }', /^Patient\/nobody is not known$/],
    [400, '{ Patient { id } }', /^Patient needs an id/],
    [400, '{ Patient(name: x) { id } }', /^Patient has no argument name/],
    [400, '{ PatientList(nam: x) { id } }', /^PatientList has no argument nam; did you mean name\?/],
    [400, '{ PatientList(_include: x) { id } }', /^PatientList has no argument _include/],
    [400, '{ PatientList(_reference: x) { id } }', /^PatientList has no argument _reference/],
    [400, '{ PatientList(cursor: x) { id } }', /^PatientList has no argument cursor/],
    [400, '{ PatientList(_id: []) { id } }', /_id has no value/],
    [400, '{ PatientList(birthdate: "soon") { id } }', /birthdate/],
    [400, '{ PatientList(_sort: nothing) { id } }', /nothing/],
    [400, '{ PatientList(_count: 9) { id } }', /^_count is at most 8 \(INGLE_MAX_COUNT\)$/],
    [400, '{ PatientList { id nonsense } }', /^Patient has no field nonsense$/],
    [400, '{ PatientList(fhirpath: "nonsense") { id } }', /nonsense/],
    [400, '{ Patients { id } }', /^There is no Patients; did you mean Patient\?/],
    [400, '{ NothingList { id } }', /^There is no NothingList; right are/],
    // Everything or an error: https://hl7.org/fhir/R4/graphql.html#searching
    [422, '{ ObservationList { id } }', /^More than 8 Observation resources match \(INGLE_MAX_COUNT\)/],
  ])('%i %s', async (status, query, message) => {
    const [error] = await server.errors(status, query)
    expect(error!.message).toMatch(message)
  })
})

describe('a connection', () => {
  const page = 'count offset pagesize previous next first last edges { mode score resource { id } }'

  it('is a page of a search', async () => {
    const { PatientConnection } = (await server.data(`{ PatientConnection(active: true) { ${page} } }`)) as never
    expect(PatientConnection).toEqual({
      count: 2,
      offset: 0,
      pagesize: 3,
      previous: null,
      next: null,
      first: expect.any(String),
      last: null,
      edges: [
        { mode: 'match', score: null, resource: { id: 'p1' } },
        { mode: 'match', score: null, resource: { id: 'p2' } },
      ],
    })
  })

  it('leads to the next, the previous and the first, by cursors that show nothing', async () => {
    interface Page {
      count: number
      offset: number
      pagesize: number
      first: string
      previous: string | null
      next: string | null
      edges: { resource: { id: string } }[]
    }
    const fetched = async (args: string) =>
      ((await server.data(`{ ObservationConnection(${args}) { ${page} } }`)) as { ObservationConnection: Page })
        .ObservationConnection
    const shown = ({ edges, count, offset, pagesize }: Page) => [
      edges.map(({ resource }) => resource.id).join(' '),
      count,
      offset,
      pagesize,
    ]
    const first = await fetched('patient: p1, _count: 4, _sort: _id')
    expect(shown(first)).toEqual(['o0 o1 o2 o3', 9, 0, 4])
    expect(first.next).not.toMatch(/patient/) // two letters may stand there by chance
    const second = await fetched(`cursor: "${first.next}"`)
    expect(shown(second)).toEqual(['o4 o5 o6 o7', 9, 4, 4])
    const third = await fetched(`_cursor: "${second.next}"`)
    expect([...shown(third), third.next]).toEqual(['o8', 9, 8, 4, null])
    expect(shown(await fetched(`cursor: "${third.previous}"`))).toEqual(['o4 o5 o6 o7', 9, 4, 4])
    expect(shown(await fetched(`cursor: "${third.first}"`))).toEqual(['o0 o1 o2 o3', 9, 0, 4])
    const [error] = await server.errors(400, `{ ObservationConnection(cursor: "${first.next}", _count: 2) { count } }`)
    expect(error!.message).toMatch(/no other argument can stand beside it/)
    const [other] = await server.errors(400, `{ PatientConnection(cursor: "${first.next}") { count } }`)
    expect(other!.message).toMatch(/belongs to another search/)
  })

  it('keeps its FHIRPath from page to page', async () => {
    const path = 'value.value mod 2 = 1 or value.value > 7'
    const one = (await server.data(
      `{ ObservationConnection(_count: 5, _sort: _id, fhirpath: "${path}") { next edges { resource { id } } } }`,
    )) as { ObservationConnection: { next: string; edges: unknown } }
    expect(one.ObservationConnection.edges).toEqual([{ resource: { id: 'o1' } }, { resource: { id: 'o3' } }])
    const two = await server.data(
      `{ ObservationConnection(cursor: "${one.ObservationConnection.next}") { edges { resource { id } } } }`,
    )
    expect(two).toEqual({
      ObservationConnection: { edges: ['o5', 'o7', 'o8', 'o9'].map((id) => ({ resource: { id } })) },
    })
  })

  it.each<[query: string, data: unknown]>([
    ['{ PatientConnection(_count: 0) { count edges { mode } } }', { PatientConnection: { count: 3, edges: [] } }],
    ['{ PatientConnection(_count: 100) { pagesize } }', { PatientConnection: { pagesize: 8 } }],
    [
      '{ PatientConnection(_count: 1, _offset: 1) { offset edges { resource { id } } } }',
      {
        PatientConnection: { offset: 1, edges: [{ resource: { id: 'p2' } }] },
      },
    ],
    [
      '{ PatientConnection(_count: 1) { __typename edges { __typename resource { __typename } } } }',
      {
        PatientConnection: {
          __typename: 'PatientConnection',
          edges: [{ __typename: 'PatientEdge', resource: { __typename: 'Patient' } }],
        },
      },
    ],
  ])('%s', async (query, data) => {
    expect(await server.data(query)).toEqual(data)
  })

  it.each([
    ['{ PatientConnection(cursor: "made up") { count } }', /_cursor is not one of this server/],
    ['{ PatientConnection { total } }', /^PatientConnection has no field total$/],
    ['{ PatientConnection { edges(_count: 1) { mode } } }', /^edges has no argument _count/],
    ['{ PatientConnection { edges { resource { wrong } } } }', /^Patient has no field wrong$/],
  ])('%s is refused', async (query, message) => {
    const [error] = await server.errors(400, query)
    expect(error!.message).toMatch(message)
  })
})

describe('what refers to a resource', () => {
  it.each<[on: string | undefined, query: string, data: unknown]>([
    [
      'Patient/p1',
      '{ id ConditionList(_reference: patient, _sort: _id) { id } }',
      {
        id: 'p1',
        ConditionList: ids('c0', 'c1', 'c2', 'c3'),
      },
    ],
    [
      'Patient/p1',
      '{ ConditionList(_reference: "subject", clinical_status: active, _sort: _id) { id } }',
      {
        ConditionList: ids('c1', 'c3'),
      },
    ],
    [
      'Patient/p1',
      '{ ConditionList(_reference: patient, _count: 1, _sort: "-recorded-date") { id } }',
      {
        ConditionList: ids('c3'),
      },
    ],
    ['Patient/p3', '{ ConditionList(_reference: patient) { id } }', { ConditionList: [] }],
    [
      'Patient/p1',
      '{ ConditionConnection(_reference: patient, _count: 2, _sort: _id) { count edges { resource { id } } } }',
      {
        ConditionConnection: { count: 4, edges: [{ resource: { id: 'c0' } }, { resource: { id: 'c1' } }] },
      },
    ],
    [
      'Condition/c4',
      '{ subject { resource { ObservationList(_reference: subject) { id } } } }',
      {
        subject: { resource: { ObservationList: ids('o9') } },
      },
    ],
    [
      undefined,
      '{ PatientList { id ConditionList(_reference: patient, _count: 1, _sort: _id) { id } } }',
      {
        PatientList: [
          { id: 'p1', ConditionList: ids('c0') },
          { id: 'p2', ConditionList: ids('c4') },
          { id: 'p3', ConditionList: [] },
        ],
      },
    ],
    [
      undefined,
      '{ PatientList(active: true) { ConditionList(_reference: patient, fhirpath: "recordedDate > @2022") { id } } }',
      {
        PatientList: [{ ConditionList: ids('c3') }, { ConditionList: ids('c4') }],
      },
    ],
    // Several that refer to the same one.
    [
      undefined,
      '{ ConditionList(_id: [c0, c1, c4]) { subject { resource { ConditionList(_reference: patient, clinical_status: active, _sort: _id) { id } } } } }',
      {
        ConditionList: [
          { subject: { resource: { ConditionList: ids('c1', 'c3') } } },
          { subject: { resource: { ConditionList: ids('c1', 'c3') } } },
          { subject: { resource: { ConditionList: [] } } },
        ],
      },
    ],
  ])('%s %s', async (on, query, data) => {
    expect(await server.data(query, { on })).toEqual(data)
  })

  it.each<[status: number, query: string, message: RegExp]>([
    [400, '{ ConditionList { id } }', /^ConditionList needs the argument _reference/],
    [
      400,
      '{ ConditionList(_reference: code) { id } }',
      /^_reference: Condition has no reference parameter code; it has .*patient/,
    ],
    [400, '{ ConditionConnection(_reference: patient, cursor: "x") { count } }', /has no argument cursor/],
    [400, '{ LocationList(_reference: organization) { id } }', /cannot refer to a Patient/],
    [422, '{ ObservationList(_reference: patient) { id } }', /^More than 8 Observation resources match/],
  ])('%i %s', async (status, query, message) => {
    const [error] = await server.errors(status, query, { on: 'Patient/p1' })
    expect(error!.message).toMatch(message)
  })
})

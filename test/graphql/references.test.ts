import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GraphqlServer, openServer } from './server.js'

// https://hl7.org/fhir/R4/graphql.html#references

const on = 'Observation/pulse'
let server: GraphqlServer
/** Those that read resources: others, such as what folds the totals, run beside them. */
let statements = 0
const query = pg.Client.prototype.query

beforeAll(async () => {
  server = await openServer()
  await server.put(
    { resourceType: 'Organization', id: 'clinic', name: 'Clinic' },
    { resourceType: 'Patient', id: 'ann', active: true, managingOrganization: { reference: 'Organization/clinic' } },
    {
      resourceType: 'Observation',
      id: 'pulse',
      status: 'final',
      code: { text: 'pulse' },
      contained: [
        { resourceType: 'Practitioner', id: 'inside', active: true },
        {
          resourceType: 'Specimen',
          id: 'blood',
          subject: { reference: 'Patient/ann' },
          collection: { collector: { reference: '#inside' } },
        },
      ],
      subject: { reference: 'Patient/ann' },
      specimen: { reference: '#blood' },
      encounter: { reference: 'Encounter/gone' },
      device: { reference: 'http://other.example/fhir/Device/1' },
      performer: [{ reference: '#inside' }, { reference: `${server.base}/Organization/clinic` }],
      focus: [{ reference: '#' }],
      basedOn: [{ identifier: { value: '7' }, type: 'ServiceRequest' }],
      partOf: [{ display: 'the other one' }],
      derivedFrom: [{ reference: '#nothing' }, { reference: 'Observation/gone/_history/9' }],
    },
    {
      resourceType: 'Provenance',
      id: 'versions',
      recorded: '2026-01-01T00:00:00Z',
      agent: [{ who: { display: 'x' } }],
      target: [
        { reference: 'Patient/old/_history/1' },
        { reference: 'Patient/old/_history/2' },
        { reference: 'Patient/old' },
      ],
    },
  )
  await server.put({ resourceType: 'Patient', id: 'old', birthDate: '2001' })
  await server.put({ resourceType: 'Patient', id: 'old', birthDate: '2002' })
})
afterAll(async () => {
  pg.Client.prototype.query = query
  await server.stop()
})

describe('a reference leads to its resource', () => {
  it.each<[selected: string, data: unknown]>([
    [
      'subject { reference resource { active } }',
      { subject: { reference: 'Patient/ann', resource: { active: true } } },
    ],
    [
      'subject { resource { __typename id resourceType } }',
      {
        subject: { resource: { __typename: 'Patient', id: 'ann', resourceType: 'Patient' } },
      },
    ],
    [
      'subject { resource { ... on Patient { active } ... on Group { quantity } } }',
      {
        subject: { resource: { active: true } },
      },
    ],
    ['subject { resource(type: Patient) { active } }', { subject: { resource: { active: true } } }],
    ['subject { resource(type: Group) { quantity } }', { subject: { resource: null } }],
    ['subject { resource(type: [Group, Patient]) { active } }', { subject: { resource: { active: true } } }],
    [
      'subject { resource(type: Patient) { active } resource(type: Group) { quantity } }',
      {
        subject: { resource: { active: true } },
      },
    ],
    ['subject { resource { active } resource { id } }', { subject: { resource: { active: true, id: 'ann' } } }],
    [
      'subject { who: resource { id } resource { active } }',
      {
        subject: { who: { id: 'ann' }, resource: { active: true } },
      },
    ],
    [
      'subject { resource { managingOrganization { resource { name } } } }',
      {
        subject: { resource: { managingOrganization: { resource: { name: 'Clinic' } } } },
      },
    ],
    [
      'performer { resource { __typename ... on Practitioner { active } ... on Organization { name } } }',
      {
        performer: [
          { resource: { __typename: 'Practitioner', active: true } },
          { resource: { __typename: 'Organization', name: 'Clinic' } },
        ],
      },
    ],
    // Contained resources refer to each other in what contains them.
    [
      'specimen { resource { id subject { resource { active } } collection { collector { resource { active } } } } }',
      {
        specimen: {
          resource: {
            id: 'blood',
            subject: { resource: { active: true } },
            collection: { collector: { resource: { active: true } } },
          },
        },
      },
    ],
    [
      'contained { ... on Specimen { collection { collector { resource { id } } } } }',
      {
        contained: [{}, { collection: { collector: { resource: { id: 'inside' } } } }],
      },
    ],
    ['focus { resource { id status } }', { focus: [{ resource: { id: 'pulse', status: 'final' } }] }],
    ['encounter { resource(optional: true) { id } }', { encounter: { resource: null } }],
    ['encounter { resource(type: Patient) { id } }', { encounter: { resource: null } }],
    ['device { resource(optional: true) { id } }', { device: { resource: null } }],
    ['basedOn { type resource(optional: true) { id } }', { basedOn: [{ type: 'ServiceRequest', resource: null }] }],
    ['basedOn { resource(type: CarePlan) { id } }', { basedOn: [{ resource: null }] }],
    ['derivedFrom { resource(optional: true) { id } }', { derivedFrom: [{ resource: null }, { resource: null }] }],
    ['hasMember { resource { id } }', { hasMember: [] }],
  ])('%s', async (selected, data) => {
    expect(await server.data(`{ ${selected} }`, { on })).toEqual(data)
  })

  it('of the version that it names', async () => {
    expect(await server.data('{ target { resource { birthDate } } }', { on: 'Provenance/versions' })).toEqual({
      target: [
        { resource: { birthDate: '2001' } },
        { resource: { birthDate: '2002' } },
        { resource: { birthDate: '2002' } },
      ],
    })
  })
})

describe('is refused', () => {
  it.each<[selected: string, message: RegExp]>([
    ['encounter { resource { id } }', /Encounter\/gone is not known/],
    ['encounter { resource(optional: false) { id } }', /Encounter\/gone is not known/],
    ['encounter { resource { id } resource(optional: true) { status } }', /Encounter\/gone is not known/],
    ['device { resource { id } }', /it names no resource of this server/],
    ['partOf { resource { id } }', /it names no resource of this server/],
    ['basedOn { resource { id } }', /it names no resource of this server/],
    ['derivedFrom(_count: 1) { resource { id } }', /no such resource is contained/],
    ['derivedFrom(_offset: 1) { resource { id } }', /Observation\/gone is not known/],
    ['performer { resource { qualification { id } } }', /^Organization has no field qualification/],
  ])('%s', async (selected, message) => {
    const status = /has no field/.test(message.source) ? 400 : 422
    const [error] = await server.errors(status, `{ ${selected} }`, { on })
    expect(error!.message).toMatch(message)
    expect(error!.path?.[0] ?? 'performer').toBe(/^\w+/.exec(selected)![0])
  })

  it.each<[selected: string, message: RegExp]>([
    ['subject { resource { nonsense } }', /^No resource type has a field nonsense/],
    [
      'subject { resource { birthDate quantity } }',
      /^No resource type has all of birthDate, quantity: ask for them in fragments$/,
    ],
    ['subject { resource(type: Patient) { birthday } }', /^Patient has no field birthday$/],
    ['subject { resource(type: Nonsense) { id } }', /Nonsense is not a resource type/],
    ['subject { resource(optional: maybe) { id } }', /optional is true or false/],
    ['subject { resource(count: 1) { id } }', /^resource has no argument count/],
    ['subject { resource }', /has to be selected below it/],
    [
      'subject { resource(type: Group) { active } resource(type: Patient) { birthday } }',
      /^No resource type has a field birthday$/,
    ],
  ])('%s', async (selected, message) => {
    const [error] = await server.errors(400, `{ ${selected} }`, { on })
    expect(error!.message).toMatch(message)
  })
})

describe('50 Appointments and their Patients', () => {
  beforeAll(async () => {
    const patients = Array.from({ length: 50 }, (_, i) => ({
      resourceType: 'Patient',
      id: `p${i}`,
      managingOrganization: { reference: 'Organization/clinic' },
    }))
    const appointments = patients.map(({ id }) => ({
      resourceType: 'Appointment',
      id: `of-${id}`,
      status: 'booked',
      participant: [{ status: 'accepted', actor: { reference: `Patient/${id}` } }],
    }))
    const conditions = patients.flatMap(({ id }) =>
      [1, 2].map((n) => ({ resourceType: 'Condition', id: `c${n}-${id}`, subject: { reference: `Patient/${id}` } })),
    )
    await server.put(...patients, ...appointments, ...conditions)
    pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
      const [config] = args as [{ text?: string }]
      if (/\b(?:resource r|version v)\b/.test(config.text ?? '')) statements++
      return (query as (...args: unknown[]) => unknown).apply(this, args)
    } as typeof query
  })

  /** After the planner has its estimates. */
  async function counted(text: string): Promise<{ count: number; data: Record<string, Record<string, unknown>[]> }> {
    await server.data(text)
    statements = 0
    const data = (await server.data(text)) as Record<string, Record<string, unknown>[]>
    return { count: statements, data }
  }

  it('take 3 statements at most', async () => {
    const { count, data } = await counted('{ AppointmentList { id participant { actor { resource { id } } } } }')
    expect(data.AppointmentList).toHaveLength(50)
    expect(data.AppointmentList![7]).toEqual({ id: 'of-p7', participant: [{ actor: { resource: { id: 'p7' } } }] })
    expect(count).toBeLessThanOrEqual(3)
  })

  it('and a level more one more', async () => {
    const one = await counted('{ AppointmentList { participant { actor { resource { id } } } } }')
    const two = await counted(
      '{ AppointmentList { participant { actor { resource { managingOrganization { resource { name } } } } } } }',
    )
    expect(two.count - one.count).toBe(1)
  })

  it('what refers to each of them is one search', async () => {
    const { count, data } = await counted(
      '{ PatientList(organization: clinic) { id ConditionList(_reference: subject, _sort: "-_id") { id } } }',
    )
    expect(data.PatientList!.find(({ id }) => id === 'p9')).toEqual({
      id: 'p9',
      ConditionList: [{ id: 'c2-p9' }, { id: 'c1-p9' }],
    })
    expect(data.PatientList!.find(({ id }) => id === 'ann')).toEqual({ id: 'ann', ConditionList: [] })
    expect(count).toBeLessThanOrEqual(6)
  })
})

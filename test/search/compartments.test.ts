import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer as openRest, type RestServer } from '../rest/server.js'
import { openServer, type SearchServer } from './server.js'

// GET [base]/Patient/1/Observation: https://hl7.org/fhir/R4/search.html#2.1.1.2

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
  const observation = (id: string, subject: string, more: object) => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { coding: [{ code: 'c' }] },
    subject: { reference: subject },
    ...more,
  })
  await server.put(
    { resourceType: 'Patient', id: 'a', link: [{ type: 'seealso', other: { reference: 'Patient/b' } }] },
    { resourceType: 'Patient', id: 'b' },
    {
      resourceType: 'Encounter',
      id: 'e',
      status: 'finished',
      class: { code: 'AMB' },
      subject: { reference: 'Patient/a' },
      participant: [{ individual: { reference: 'Practitioner/dr' } }],
    },
    { resourceType: 'PractitionerRole', id: 'role', practitioner: { reference: 'Practitioner/dr' } },
    observation('of-a', 'Patient/a', { status: 'amended', effectiveDateTime: '2024-01-01' }),
    observation('by-a', 'Group/g', {
      performer: [{ reference: 'Patient/a' }, { reference: 'Practitioner/dr' }],
      effectiveDateTime: '2024-01-02',
    }),
    observation('of-b', 'Patient/b', {
      encounter: { reference: 'Encounter/e' },
      device: { reference: 'Device/pump' },
      effectiveDateTime: '2024-01-03',
    }),
    {
      resourceType: 'Appointment',
      id: 'both',
      status: 'proposed',
      participant: [
        { status: 'accepted', actor: { reference: 'Patient/a' } },
        { status: 'accepted', actor: { reference: 'Patient/b' } },
        { status: 'accepted', actor: { reference: 'RelatedPerson/mother' } },
      ],
    },
  )
})
afterAll(() => server.stop())

describe('a compartment', () => {
  it.each([
    ['Patient/a/Observation', ['by-a', 'of-a']],
    ['Patient/b/Observation', ['of-b']],
    ['Patient/a/Observation?status=amended', ['of-a']],
    ['Patient/a/Observation?_filter=status eq final', ['by-a']],
    ['Patient/a/Appointment', ['both']],
    ['Patient/b/Appointment', ['both']],
    ['Patient/a/Patient', ['a']],
    ['Patient/b/Patient', ['a', 'b']],
    ['Patient/a/Encounter', ['e']],
    ['Encounter/e/Observation', ['of-b']],
    ['Encounter/e/Encounter', ['e']],
    ['Practitioner/dr/Observation', ['by-a']],
    ['Practitioner/dr/Encounter', ['e']],
    ['Practitioner/dr/PractitionerRole', ['role']],
    ['RelatedPerson/mother/Appointment', ['both']],
    ['Device/pump/Observation', ['of-b']],
    ['Patient/nobody/Observation', []],
  ])('%s', async (query, ids) => {
    expect(await server.found(query)).toEqual(ids)
  })

  it('is sorted and paged as any search', async () => {
    const pages: string[][] = []
    for await (const { ids } of server.pages('Patient/a/Observation?_sort=-date&_count=1')) pages.push(ids)
    expect(pages).toEqual([['by-a'], ['of-a']])
  })

  it('comes with what refers to it', async () => {
    const { entry } = await server.get('Patient/a/Encounter?_revinclude=Observation:encounter')
    expect(entry!.map(({ resource }) => resource!.id)).toEqual(['e', 'of-b'])
  })

  it.each([
    [404, 'Patient/a/Library'],
    [404, 'Patient/a/Nonsense'],
    [404, 'Organization/a/Observation'],
    [404, 'Encounter/e/Organization'],
    [404, 'Device/pump/Patent'],
    [404, 'RelatedPerson/mother/Library'],
    [400, 'Patient/a_b/Observation'],
    [400, `Patient/${encodeURIComponent('a or status eq final')}/Observation`],
    [400, 'Patient/a/Observation?nonsense=1'],
  ])('%i: %s', async (status, query) => {
    expect(await server.refused(query, status)).not.toBe('')
  })
})

describe('of a compartment', () => {
  let rest: RestServer
  beforeAll(async () => {
    rest = await openRest()
  })
  afterAll(() => rest.stop())

  it('entries of batches and transactions are searches too', async () => {
    const entry = [
      { request: { method: 'GET', url: 'Patient/t/Basic' } },
      {
        resource: { resourceType: 'Basic', id: 't', code: { text: 'x' }, subject: { reference: 'Patient/t' } },
        request: { method: 'PUT', url: 'Basic/t' },
      },
    ]
    const { json } = await rest.transact(entry)
    expect(json.entry[0].resource.entry).toMatchObject([{ resource: { id: 't' } }])
    const { json: batch } = await rest.batch(entry.slice(0, 1))
    expect(batch.entry[0].resource.entry).toMatchObject([{ resource: { id: 't' } }])
  })

  it('the statement tells which there are', async () => {
    expect((await rest.expect(200, 'GET metadata')).json.rest[0].compartment).toEqual([
      'http://hl7.org/fhir/CompartmentDefinition/patient',
      'http://hl7.org/fhir/CompartmentDefinition/encounter',
      'http://hl7.org/fhir/CompartmentDefinition/relatedPerson',
      'http://hl7.org/fhir/CompartmentDefinition/practitioner',
      'http://hl7.org/fhir/CompartmentDefinition/device',
    ])
  })
})

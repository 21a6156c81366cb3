import type { List } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type RestServer } from '../server.js'

// https://hl7.org/fhir/R4/list-operation-find.html and lifecycle.html#current

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  const patient = { reference: 'Patient/p' }
  const pill = (code: string) => ({ medicationCodeableConcept: { coding: [{ system: 'http://rx', code }] } })
  const clinical = (type: string, code: string) => ({
    clinicalStatus: { coding: [{ system: `http://terminology.hl7.org/CodeSystem/${type}`, code }] },
  })
  const ordered = (id: string, code: string, status = 'active'): Given => ({
    resourceType: 'MedicationRequest',
    id,
    status,
    intent: 'order',
    subject: patient,
    ...pill(code),
  })
  const problems = { system: 'http://terminology.hl7.org/CodeSystem/list-example-use-codes', code: 'problems' }
  const resources: Given[] = [
    { resourceType: 'Patient', id: 'p' },
    { resourceType: 'Patient', id: 'listed' },
    { resourceType: 'Condition', id: 'now', subject: patient, ...clinical('condition-clinical', 'active') },
    { resourceType: 'Condition', id: 'past', subject: patient, ...clinical('condition-clinical', 'resolved') },
    ordered('by-code', 'a'),
    ordered('by-reference', 'b'),
    ordered('stopped', 'c', 'stopped'),
    ordered('only-ordered', 'd'),
    {
      resourceType: 'MedicationStatement',
      id: 'takes-a',
      status: 'active',
      subject: patient,
      basedOn: [{ reference: 'MedicationRequest/by-reference' }],
      ...pill('a'),
    },
    {
      resourceType: 'AllergyIntolerance',
      id: 'nuts',
      patient,
      category: ['food'],
      ...clinical('allergyintolerance-clinical', 'active'),
    },
    {
      resourceType: 'AllergyIntolerance',
      id: 'drug',
      patient,
      category: ['medication'],
      ...clinical('allergyintolerance-clinical', 'active'),
    },
    {
      resourceType: 'List',
      id: 'own',
      status: 'current',
      mode: 'working',
      code: { coding: [problems] },
      subject: { reference: 'Patient/listed' },
      note: [{ text: 'kept by hand' }],
    },
  ]
  const entry = resources.map((resource) => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }))
  expect((await server.transact(entry)).status).toBe(200)
})
afterAll(() => server.stop())

const find = async (query: string): Promise<List> => (await server.expect(200, `GET List/$find?${query}`)).json

describe('List/$find', () => {
  it.each([
    ['$current-problems', ['Condition/now']],
    ['current-problems', ['Condition/now']],
    // each medication once, though it was ordered and reported
    ['current-medications', ['MedicationStatement/takes-a', 'MedicationRequest/only-ordered']],
    ['current-allergies', ['AllergyIntolerance/nuts', 'AllergyIntolerance/drug']],
    ['current-drug-allergies', ['AllergyIntolerance/drug']],
  ])('%s', async (name, expected) => {
    const list = await find(`patient=p&name=${name}`)
    expect(list).toMatchObject({
      resourceType: 'List',
      status: 'current',
      mode: 'snapshot',
      subject: { reference: 'Patient/p' },
    })
    expect(list.entry!.map(({ item }) => item!.reference).sort()).toEqual([...expected].sort())
  })

  it('is the list that is stored, where there is one', async () => {
    expect(await find('patient=listed&name=current-problems')).toMatchObject({ id: 'own', note: [{}] })
    expect((await find('patient=listed&name=current-allergies')).entry).toBeUndefined()
  })

  it.each([
    [400, 'patient=p&name=current-friends', /\$current-problems, \$current-medications/],
    [404, 'patient=none&name=current-problems', /no resource/],
    [400, 'patient=Patient/p&name=current-problems', /patient must be/],
  ])('%i: %s', async (status, query, reason) => {
    expect(await server.refused(status, `GET List/$find?${query}`)).toMatch(reason)
  })
})

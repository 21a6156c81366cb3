import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type SearchServer, value } from './server.js'

// https://hl7.org/fhir/R4/search.html#list and https://hl7.org/fhir/R4/lifecycle.html#current

const USES = 'http://terminology.hl7.org/CodeSystem/list-example-use-codes'
const CLINICAL = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical'
const VERIFICATION = 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification'

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
  const allergy = (id: string, patient: string, status: string, more: Record<string, unknown> = {}): Given => ({
    resourceType: 'AllergyIntolerance',
    id,
    patient: { reference: `Patient/${patient}` },
    clinicalStatus: { coding: [{ system: CLINICAL, code: status }] },
    verificationStatus: { coding: [{ system: VERIFICATION, code: 'confirmed' }] },
    ...more,
  })
  const list = (id: string, more: Record<string, unknown>, ...entry: unknown[]): Given => ({
    resourceType: 'List',
    id,
    status: 'current',
    mode: 'working',
    ...more,
    ...(entry.length > 0 && { entry }),
  })
  const item = (reference: string) => ({ item: { reference } })
  const allergies = { code: { coding: [{ system: USES, code: 'allergies' }] } }
  await server.put(
    { resourceType: 'Patient', id: 'a' },
    { resourceType: 'Patient', id: 'b' },
    { resourceType: 'Patient', id: 'c' },
    allergy('cat', 'a', 'active', { category: ['environment'] }),
    allergy('nuts', 'a', 'active', { category: ['food'] }),
    allergy('penicillin', 'a', 'inactive', { category: ['medication'] }),
    allergy('dust', 'b', 'active'),
    allergy('aspirin', 'b', 'active', { category: ['medication'] }),
    allergy('iodine', 'b', 'resolved'),
    allergy('mistake', 'b', 'active', {
      verificationStatus: { coding: [{ system: VERIFICATION, code: 'entered-in-error' }] },
    }),
    list(
      'current',
      { ...allergies, subject: { reference: 'Patient/a' } },
      item('AllergyIntolerance/cat'),
      item('AllergyIntolerance/penicillin'),
      { ...item('AllergyIntolerance/nuts'), deleted: true },
    ),
    list(
      'old',
      { ...allergies, status: 'retired', subject: { reference: 'Patient/a' } },
      item('AllergyIntolerance/nuts'),
    ),
    list('mixed', {}, item('Patient/b'), item('AllergyIntolerance/dust/_history/1'), item('AllergyIntolerance/gone'), {
      item: { display: 'nothing but a name' },
    }),
    list('empty', {}),
  )
})
afterAll(() => server.stop())

describe('_list', () => {
  it.each([
    ['AllergyIntolerance?_list=current', ['cat', 'penicillin']],
    ['AllergyIntolerance?_list=List/current', ['cat', 'penicillin']],
    ['AllergyIntolerance?_list=current,old', ['cat', 'nuts', 'penicillin']],
    ['AllergyIntolerance?_list=current&_list=old', []],
    ['AllergyIntolerance?_list=current&category=medication', ['penicillin']],
    ['AllergyIntolerance?_list=mixed', ['dust']],
    ['Patient?_list=mixed', ['b']],
    ['Patient?_list=empty', []],
    ['?_type=Patient,AllergyIntolerance&_list=mixed', ['b', 'dust']],
    ['Patient?_has:AllergyIntolerance:patient:_list=mixed', ['b']],
    ['AllergyIntolerance?patient._list=mixed', ['aspirin', 'dust', 'iodine', 'mistake']],
  ])('%s', async (query, expected) => {
    expect(await server.found(query)).toEqual(expected)
    expect((await server.get(`${query}&_summary=count`)).total).toBe(expected.length)
  })

  it.each([
    ['AllergyIntolerance?_list=nowhere', /no List with this id/],
    ['AllergyIntolerance?_list=$current-weather', /one of \$current-problems, \$current-medications/],
    ['AllergyIntolerance?_list=$current-allergies', /needs patient=/],
    ['AllergyIntolerance?_list=$current-allergies&patient=a,b', /needs patient=/],
  ])('%s is refused', async (query, reason) => {
    expect(await server.refused(query)).toMatch(reason)
  })
})

describe('the current list', () => {
  it.each([
    ['AllergyIntolerance?patient=a&_list=$current-allergies', ['cat', 'penicillin']], // by the patient's List
    ['AllergyIntolerance?patient=a&_list=$current-drug-allergies', ['penicillin']],
    ['AllergyIntolerance?patient=b&_list=$current-allergies', ['aspirin', 'dust']], // there is no List: by status
    ['AllergyIntolerance?patient=b&_list=$current-drug-allergies', ['aspirin']],
    ['AllergyIntolerance?patient=c&_list=$current-allergies', []],
    ['Condition?patient=a&_list=$current-problems', []],
  ])('%s', async (query, expected) => {
    expect(await server.found(query)).toEqual(expected)
  })

  it('needs no escaping of its name', async () => {
    const query = `AllergyIntolerance?_list=${value('$current-allergies')}&patient=a`
    expect(await server.found(query)).toEqual(['cat', 'penicillin'])
  })
})

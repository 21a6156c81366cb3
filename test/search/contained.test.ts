import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type SearchServer, value } from './server.js'

// https://hl7.org/fhir/R4/search.html#contained

let server: SearchServer
const request = (id: string, medication: Record<string, unknown>, ...more: Record<string, unknown>[]): Given => ({
  resourceType: 'MedicationRequest',
  id,
  status: 'active',
  intent: 'order',
  subject: { reference: 'Patient/p' },
  medicationReference: { reference: '#m' },
  contained: [{ resourceType: 'Medication', id: 'm', ...medication }, ...more],
})
const coded = (code: string, text = code) => ({ code: { coding: [{ system: 'http://drugs', code }], text } })

beforeAll(async () => {
  server = await openServer()
  await server.put(
    request('aspirin', coded('aspirin', 'Acetylsalicylic acid tablets')),
    request('two', coded('ibuprofen'), { resourceType: 'Medication', id: 'n', ...coded('aspirin') }),
    request('doctor', coded('codeine'), {
      resourceType: 'Practitioner',
      id: 'd',
      name: [{ family: 'Müller', given: ['Eva'] }],
      birthDate: '1970-05-01',
    }),
    { resourceType: 'Medication', id: 'free', ...coded('aspirin') },
    { resourceType: 'Practitioner', id: 'own', name: [{ family: 'Mueller' }], birthDate: '1980-01-01' },
    {
      resourceType: 'Condition',
      id: 'long',
      subject: { reference: 'Patient/p' },
      contained: [
        {
          resourceType: 'Observation',
          id: 'o',
          status: 'final',
          code: { text: 'pressure' },
          effectivePeriod: { start: '2000-01-01', end: '2020-01-01' },
          valueQuantity: { value: 5, system: 'http://unitsofmeasure.org', code: 'g/L' },
          subject: { reference: 'Patient/p' },
        },
      ],
    },
  )
})
afterAll(() => server.stop())

describe('_contained', () => {
  it.each([
    ['Medication?code=aspirin', ['free']],
    ['Medication?code=aspirin&_contained=false', ['free']],
    ['Medication?code=aspirin&_contained=true', ['aspirin', 'two']],
    ['Medication?code=aspirin&_contained=both', ['aspirin', 'free', 'two']],
    ['Medication?code=aspirin&_contained=true&_containedType=contained', ['aspirin#m', 'two#n']],
    ['Medication?code=aspirin&_contained=both&_containedType=contained', ['aspirin#m', 'free', 'two#n']],
    ['Medication?_contained=true', ['aspirin', 'doctor', 'two']],
    ['Medication?code:not=aspirin&_contained=true&_containedType=contained', ['doctor#m', 'two#m']],
    ['Medication?code:text=tablet&_contained=true', ['aspirin']],
    ['Practitioner?family=mul&_contained=true', ['doctor']],
    ['Practitioner?name:contains=ue&_contained=both', ['own']],
    ['Practitioner?phonetic=miller&_contained=both', ['doctor', 'own']],
    ['Observation?date=gt2010&_contained=true', ['long']],
    ['Observation?date=gt2010&_contained=true&_sort=-date', ['long']],
    ['Observation?subject=Patient/p&_contained=true', ['long']],
    [`Observation?value-quantity=${value('500|http://unitsofmeasure.org|mg/dL')}&_contained=true`, ['long']],
    ['Patient?_contained=true', []],
    ['?_type=Medication,Practitioner&_contained=true&_lastUpdated=gt2020', ['aspirin', 'doctor', 'two']],
  ])('%s', async (query, expected) => {
    const { entry = [], total } = await server.get(`${query}&_total=accurate`)
    const ids = entry.map(({ fullUrl }) => fullUrl!.slice(fullUrl!.lastIndexOf('/') + 1))
    expect(ids.sort()).toEqual(expected)
    // Each contained resource is a match; what contains several is on a page once.
    expect(total).toBe(query === 'Medication?_contained=true' ? 4 : query.startsWith('?') ? 5 : expected.length)
  })

  it('returns the resource itself under the url of what contains it', async () => {
    const bundle = await server.get('Practitioner?_contained=true&_containedType=contained')
    expect(bundle.entry).toMatchObject([
      {
        fullUrl: `${server.base}/MedicationRequest/doctor#d`,
        resource: { resourceType: 'Practitioner', id: 'd', birthDate: '1970-05-01' },
        search: { mode: 'match' },
      },
    ])
  })

  it('is paged', async () => {
    const ids: string[] = []
    const query = 'Medication?_contained=both&_containedType=contained&_sort=_id&_count=2'
    for await (const { bundle } of server.pages(query)) ids.push(...bundle.entry!.map(({ fullUrl }) => fullUrl!))
    expect(ids.map((url) => url.slice(server.base.length + 1))).toEqual([
      'MedicationRequest/aspirin#m',
      'MedicationRequest/doctor#m',
      'MedicationRequest/two#m',
      'MedicationRequest/two#n',
      'Medication/free',
    ])
  })

  it('follows updates and deletes', async () => {
    const found = () => server.found('Medication?code=warfarin,heparin&_contained=true')
    await server.put(request('changing', coded('warfarin')))
    expect(await found()).toEqual(['changing'])
    await server.put(request('changing', coded('heparin')))
    expect(await server.found('Medication?code=warfarin&_contained=true')).toEqual([])
    expect(await found()).toEqual(['changing'])
    await server.put({ ...request('changing', {}), contained: undefined })
    expect(await found()).toEqual([])
    await server.put(request('changing', coded('heparin')))
    expect(await found()).toEqual(['changing'])
    await server.remove('MedicationRequest/changing')
    expect(await found()).toEqual([])
  })

  it.each([
    ['_contained=maybe', /_contained is one of false, true, both/],
    ['_contained=true&_containedType=x', /_containedType is one of container, contained/],
    ['_contained=true&manufacturer.name=x', /manufacturer.name cannot be combined with _contained/],
    ['_contained=true&_id=m', /_id cannot be combined with _contained/],
    ['_contained=true&_include=Medication:manufacturer', /_include and _revinclude cannot be combined/],
    ['_contained=both&_sort=code', /across types it is _lastUpdated or _id/],
  ])('%s is refused', async (query, reason) => {
    expect(await server.refused(`Medication?${query}`)).toMatch(reason)
  })
})

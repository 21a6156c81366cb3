import type { Bundle } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, included, linkOf, openServer, type SearchServer, value } from '../../search/server.js'

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
  const of = (patient: string) => ({ subject: { reference: `Patient/${patient}` } })
  const observation = (id: string, more: object) => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { text: 'x' },
    ...more,
  })
  await server.put(
    { resourceType: 'Patient', id: 'ann', managingOrganization: { reference: 'Organization/o' } },
    { resourceType: 'Patient', id: 'bob', link: [{ other: { reference: 'Patient/ann' }, type: 'seealso' }] },
    { resourceType: 'Patient', id: 'alone' },
    { resourceType: 'Organization', id: 'o', name: 'O' },
    observation('of-ann', of('ann')),
    observation('of-ann-2', of('ann')),
    observation('by-ann', { ...of('bob'), performer: [{ reference: 'Patient/ann' }] }),
    observation('of-bob', of('bob')),
    observation('deleted', of('ann')),
    { resourceType: 'Encounter', id: 'e', status: 'finished', class: { code: 'AMB' }, ...of('ann') },
    {
      resourceType: 'Appointment',
      id: 'both',
      status: 'proposed',
      participant: ['ann', 'bob'].map((id) => ({ actor: { reference: `Patient/${id}` }, status: 'accepted' })),
    },
    { resourceType: 'Account', id: 'family', status: 'active', subject: [of('ann').subject, of('bob').subject] },
    { resourceType: 'Group', id: 'g', type: 'person', actual: true, member: [{ entity: of('ann').subject }] },
  )
  await server.remove('Observation/deleted')
})
afterAll(() => server.stop())

const references = ({ entry = [] }: Bundle) =>
  entry
    .filter(({ search }) => search?.mode === 'match')
    .map(({ resource }) => `${resource!.resourceType}/${resource!.id}`)
const everything = [
  'Patient/ann',
  'Account/family',
  'Appointment/both',
  'Encounter/e',
  'Group/g',
  'Observation/of-ann',
  'Observation/of-ann-2',
  'Observation/by-ann',
  'Patient/bob',
]

describe('Patient/[id]/$everything', () => {
  it('is the patient and all that is in its compartment', async () => {
    const bundle = await server.get('Patient/ann/$everything')
    expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'searchset' })
    expect(references(bundle)).toEqual(everything)
    expect(bundle.entry![0]).toMatchObject({ fullUrl: `${server.base}/Patient/ann`, search: { mode: 'match' } })
    expect(linkOf(bundle, 'self')).toBe(`${server.base}/Patient/ann/$everything`)
    expect(linkOf(bundle, 'next')).toBeUndefined()
    expect(references(await server.get('Patient/alone/$everything'))).toEqual(['Patient/alone'])
  })

  it.each([1, 2, 4, 8, 9])('comes in pages of %i', async (count) => {
    const pages: string[][] = []
    for await (const { bundle } of server.pages(`Patient/ann/$everything?_count=${count}`))
      pages.push(references(bundle))
    expect(pages.flat()).toEqual(everything)
    expect(pages.slice(0, -1).every((page) => page.length === count)).toBe(true)
    expect(pages).toHaveLength(Math.ceil(everything.length / count))
  })

  it('of some types', async () => {
    const query = 'Patient/ann/$everything?_type=Observation,Encounter&_count=2'
    const found: string[] = []
    for await (const { bundle } of server.pages(query)) found.push(...references(bundle))
    expect(found).toEqual(['Encounter/e', 'Observation/of-ann', 'Observation/of-ann-2', 'Observation/by-ann'])
    expect(references(await server.get('Patient/ann/$everything?_type=Patient'))).toEqual([
      'Patient/ann',
      'Patient/bob',
    ])
  })

  it('of what was written since', async () => {
    const { meta } = (await server.get('Patient/ann/$everything')).entry![0]!.resource!
    const later = new Date(Date.parse(meta!.lastUpdated!) + 1000).toISOString()
    expect(references(await server.get(`Patient/ann/$everything?_since=${meta!.lastUpdated}`))).toEqual(everything)
    expect(references(await server.get(`Patient/ann/$everything?_since=${value(later)}`))).toEqual([])
  })

  it('of nobody is not found', async () => {
    await server.refused('Patient/nobody/$everything', 404)
    await server.put({ resourceType: 'Patient', id: 'gone' })
    await server.remove('Patient/gone')
    await server.refused('Patient/gone/$everything', 410)
    await server.refused('Observation/of-ann/$everything', 404)
    await server.refused('Patient/ann/$nothing', 404)
  })

  it.each([
    ['_count=0', /_count must be a whole JSON number from 1/],
    ['_type=Colour', /Colour is not a resource type/],
    ['_since=yesterday', /_since must be an instant/],
    ['stop=2020', /has no parameter stop; it has start, end, _count, _since, _type/],
    ['start=2021&end=2020', /end must not be before start/],
    ['start=soon', /start must be a/],
    ['_cursor=x', /not one of this server/],
  ])('refuses %s', async (query, reason) => {
    expect(await server.refused(`Patient/ann/$everything?${query}`)).toMatch(reason)
  })

  it('a link leads on for its own patient only', async () => {
    const next = linkOf(await server.get('Patient/ann/$everything?_count=1'), 'next')!
    expect(await server.refused(next.replace('/ann/', '/bob/'))).toMatch(/belongs to another/)
  })
})

describe('by clinical date', () => {
  beforeAll(async () => {
    const subject = { reference: 'Patient/dated' }
    const seen = (id: string, period: object) => ({
      resourceType: 'Encounter',
      id,
      status: 'finished',
      class: { code: 'AMB' },
      subject,
      period,
    })
    await server.put(
      { resourceType: 'Patient', id: 'dated', birthDate: '1950-01-01' },
      { resourceType: 'RelatedPerson', id: 'child', patient: subject, birthDate: '1980-01-01' },
      seen('long', { start: '2020-01-10', end: '2020-03-10' }),
      seen('open', { start: '2020-02-20' }),
      seen('short', { start: '2020-02-01', end: '2020-02-02' }),
      { resourceType: 'AllergyIntolerance', id: 'undated', patient: subject },
    )
  })
  const always = ['dated', 'undated', 'child']

  it.each([
    ['start=2020-02-03', ['long', 'open']],
    ['start=2020-03-11', ['open']],
    ['end=2020-01-31', ['long']],
    ['end=2020-02', ['long', 'open', 'short']],
    ['end=2020-01-09', []],
    ['start=2020-02-02&end=2020-02-19', ['long', 'short']],
    ['start=2019', ['long', 'open', 'short']],
  ])('%s', async (query, expected) => {
    expect(await server.found(`Patient/dated/$everything?${query}`)).toEqual([...always, ...expected].sort())
    expect(await server.found(`Patient/dated/$everything?_count=1&${query}`)).toEqual([...always, ...expected].sort())
  })
})

describe('what a page refers to', () => {
  beforeAll(async () => {
    const subject = { reference: 'Patient/cared' }
    await server.put(
      { resourceType: 'Organization', id: 'trust', name: 'T' },
      { resourceType: 'Organization', id: 'ward', name: 'W', partOf: { reference: 'Organization/trust' } },
      { resourceType: 'Practitioner', id: 'doc' },
      { resourceType: 'Medication', id: 'pill' },
      { resourceType: 'Device', id: 'scale' },
      { resourceType: 'Device', id: 'implant', patient: { reference: 'Patient/ann' } },
      { resourceType: 'Patient', id: 'cared', generalPractitioner: [{ reference: 'Practitioner/doc' }] },
      {
        resourceType: 'Encounter',
        id: 'stay',
        status: 'finished',
        class: { code: 'IMP' },
        subject,
        serviceProvider: { reference: 'Organization/ward' },
        diagnosis: [{ condition: { reference: 'Condition/flu' } }],
      },
      { resourceType: 'Condition', id: 'flu', subject },
      {
        resourceType: 'MedicationRequest',
        id: 'order',
        status: 'active',
        intent: 'order',
        subject,
        encounter: { reference: 'Encounter/stay' },
        medicationReference: { reference: 'Medication/pill' },
        note: [{ text: 'n', authorReference: { reference: 'Practitioner/doc' } }],
      },
      {
        resourceType: 'Observation',
        id: 'weighed',
        status: 'final',
        code: { text: 'x' },
        subject,
        device: { reference: 'Device/scale' },
        focus: [{ reference: 'Patient/bob' }, { reference: 'Device/implant' }],
      },
    )
  })

  it('comes with it, however far away, unless it is of somebody', async () => {
    const bundle = await server.get('Patient/cared/$everything')
    expect(references(bundle)).toEqual([
      'Patient/cared',
      'Condition/flu',
      'Encounter/stay',
      'MedicationRequest/order',
      'Observation/weighed',
    ])
    expect(included(bundle)).toEqual([
      'Device/scale',
      'Medication/pill',
      'Organization/trust',
      'Organization/ward',
      'Practitioner/doc',
    ])
  })

  it('comes with each page that refers to it, and is asked for by _type and _since as all else', async () => {
    const all = new Set<string>()
    for await (const { bundle } of server.pages('Patient/cared/$everything?_count=1'))
      for (const one of included(bundle)) all.add(one)
    expect(all.size).toBe(5)
    const typed = await server.get('Patient/cared/$everything?_type=Patient,Practitioner')
    expect([...references(typed), ...included(typed)]).toEqual(['Patient/cared', 'Practitioner/doc'])
    const later = new Date(Date.now() + 60_000).toISOString()
    expect((await server.get(`Patient/cared/$everything?_since=${value(later)}`)).entry).toBeUndefined()
  })

  it('of an encounter is the patient and what is of the same one', async () => {
    const bundle = await server.get('Encounter/stay/$everything')
    expect(references(bundle)).toEqual(['Encounter/stay', 'MedicationRequest/order'])
    expect(included(bundle)).toEqual([
      'Condition/flu',
      'Medication/pill',
      'Organization/trust',
      'Organization/ward',
      'Patient/cared',
      'Practitioner/doc',
    ])
    await server.refused('Encounter/none/$everything', 404)
  })

  it('is refused, not cut, when it is too much for a page', async () => {
    const small = await openServer({ INGLE_MAX_INCLUDES: '1' })
    try {
      const doctors = ['d1', 'd2'].map((id): Given => ({ resourceType: 'Practitioner', id }))
      const generalPractitioner = doctors.map(({ id }) => ({ reference: `Practitioner/${id}` }))
      await small.put(...doctors, { resourceType: 'Patient', id: 'p', generalPractitioner })
      expect(await small.refused('Patient/p/$everything', 422)).toContain('INGLE_MAX_INCLUDES')
    } finally {
      await small.stop()
    }
  })
})

describe('Patient/$everything', () => {
  it('is that of one patient after the other, each page of one', async () => {
    const own = await openServer()
    try {
      const of = (id: string) => ({ subject: { reference: `Patient/${id}` } })
      await own.put(
        ...['a', 'b', 'c'].map((id): Given => ({ resourceType: 'Patient', id })),
        ...['1', '2', '3'].map(
          (id): Given => ({ resourceType: 'Basic', id: `a${id}`, code: { text: 'x' }, ...of('a') }),
        ),
        { resourceType: 'Basic', id: 'c1', code: { text: 'x' }, ...of('c') },
      )
      const pages: string[][] = []
      let links = 0
      for await (const { ids } of own.pages('Patient/$everything?_count=2')) {
        pages.push(ids)
        if (++links === 2) await own.remove('Patient/b')
      }
      expect(pages).toEqual([['a', 'a1'], ['a2', 'a3'], [], ['c', 'c1']])
      expect(await own.found('Patient/$everything?_type=Basic')).toEqual(['a1', 'a2', 'a3', 'c1'])
    } finally {
      await own.stop()
    }
  })

  it('of nobody is empty', async () => {
    const own = await openServer()
    try {
      expect((await own.get('Patient/$everything')).entry).toBeUndefined()
    } finally {
      await own.stop()
    }
  })
})

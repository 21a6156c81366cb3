import type { Bundle } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linkOf, openServer, type SearchServer, value } from './server.js'

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
      status: 'booked',
      participant: ['ann', 'bob'].map((id) => ({ actor: { reference: `Patient/${id}` }, status: 'accepted' })),
    },
    { resourceType: 'Account', id: 'family', status: 'active', subject: [of('ann').subject, of('bob').subject] },
    { resourceType: 'Group', id: 'g', type: 'person', actual: true, member: [{ entity: of('ann').subject }] },
  )
  await server.remove('Observation/deleted')
})
afterAll(() => server.stop())

const references = ({ entry = [] }: Bundle) => entry.map(({ resource }) => `${resource!.resourceType}/${resource!.id}`)
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
    ['start=2020', /has no parameter start; it has _count, _since, _type/],
    ['_cursor=x', /not one of this server/],
  ])('refuses %s', async (query, reason) => {
    expect(await server.refused(`Patient/ann/$everything?${query}`)).toMatch(reason)
  })

  it('a link leads on for its own patient only', async () => {
    const next = linkOf(await server.get('Patient/ann/$everything?_count=1'), 'next')!
    expect(await server.refused(next.replace('/ann/', '/bob/'))).toMatch(/belongs to another/)
  })
})

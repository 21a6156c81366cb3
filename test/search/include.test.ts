import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { included, matches, openServer, type SearchServer, serverOfTest, warnings } from './server.js'

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
})
afterAll(() => server.stop())

beforeAll(() =>
  server.put(
    { resourceType: 'Organization', id: 'top', name: 'Top' },
    { resourceType: 'Organization', id: 'mid', name: 'Mid', partOf: { reference: 'Organization/top' } },
    { resourceType: 'Organization', id: 'low', name: 'Low', partOf: { reference: 'Organization/mid' } },
    { resourceType: 'Practitioner', id: 'doc' },
    { resourceType: 'Patient', id: 'ann', managingOrganization: { reference: 'Organization/low' } },
    {
      resourceType: 'Patient',
      id: 'bob',
      link: [{ other: { reference: 'Patient/ann' }, type: 'seealso' }],
      generalPractitioner: [{ reference: 'Practitioner/doc' }, { reference: 'Organization/top' }],
    },
    {
      resourceType: 'Encounter',
      id: 'visit',
      status: 'finished',
      class: { code: 'AMB' },
      subject: { reference: 'Patient/ann' },
      participant: [{ individual: { reference: 'Practitioner/doc' } }],
    },
    {
      resourceType: 'Observation',
      id: 'o1',
      status: 'final',
      code: { coding: [{ code: 'x' }] },
      subject: { reference: 'Patient/ann/_history/1' },
      encounter: { reference: 'Encounter/visit' },
      performer: [
        { reference: 'Practitioner/doc' },
        { reference: 'Organization/top' },
        { reference: 'Practitioner/nobody' },
      ],
    },
    {
      resourceType: 'Observation',
      id: 'o2',
      status: 'final',
      code: { coding: [{ code: 'x' }] },
      subject: { reference: 'Patient/bob' },
      hasMember: [{ reference: 'Observation/o1' }],
    },
    {
      resourceType: 'Provenance',
      id: 'prov',
      target: [{ reference: 'Observation/o1' }],
      recorded: '2020-01-01T00:00:00Z',
      agent: [{ who: { reference: 'Practitioner/doc' } }],
    },
  ),
)

describe('_include', () => {
  it.each([
    ['Observation?_id=o1&_include=Observation:subject', ['Patient/ann']],
    ['Observation?_id=o1&_include=Observation:patient', ['Patient/ann']],
    ['Observation?code=x&_include=Observation:subject', ['Patient/ann', 'Patient/bob']],
    ['Observation?_id=o1&_include=Observation:subject:Group', []],
    ['Observation?_id=o1&_include=Observation:performer', ['Organization/top', 'Practitioner/doc']],
    ['Observation?_id=o1&_include=Observation:performer:Organization', ['Organization/top']],
    [
      'Observation?_id=o1&_include=Observation:performer&_include=Observation:encounter',
      ['Encounter/visit', 'Organization/top', 'Practitioner/doc'],
    ],
    [
      'Observation?_id=o1&_include=Observation:*',
      ['Encounter/visit', 'Organization/top', 'Patient/ann', 'Practitioner/doc'],
    ],
    ['Observation?_id=o1&_include=*', ['Encounter/visit', 'Organization/top', 'Patient/ann', 'Practitioner/doc']],
    ['Observation?_id=o1&_include=Encounter:subject', []],
    // what is a match is not included once more
    ['Observation?code=x&_include=Observation:has-member', []],
    ['Observation?_id=o2&_include=Observation:has-member', ['Observation/o1']],
    ['Observation?_id=o2&_include=Observation:has-member&_include=Observation:performer', ['Observation/o1']],
    [
      'Observation?_id=o2&_include=Observation:has-member&_include:iterate=Observation:performer',
      ['Observation/o1', 'Organization/top', 'Practitioner/doc'],
    ],
    [
      'Patient?_id=ann&_include=Patient:organization&_include:iterate=Organization:partof',
      ['Organization/low', 'Organization/mid', 'Organization/top'],
    ],
    ['Patient?_id=ann&_include=Patient:organization&_include=Organization:partof', ['Organization/low']],
    ['Organization?_id=low&_include:iterate=Organization:partof', ['Organization/mid', 'Organization/top']],
    ['Organization?_id=low&_include:recurse=Organization:partof', ['Organization/mid', 'Organization/top']],
    [
      'Observation?_id=o1&_include=Observation:subject&_include:iterate=Patient:organization',
      ['Organization/low', 'Patient/ann'],
    ],
    [
      'Observation?_id=o1&_include=Observation:subject&_include:iterate=*',
      [
        'Encounter/visit',
        'Organization/low',
        'Organization/mid',
        'Organization/top',
        'Patient/ann',
        'Practitioner/doc',
      ],
    ],
    ['Observation?_id=nothing&_include=*', []],
  ])('%s', async (query, expected) => {
    expect(included(await server.get(query))).toEqual(expected)
  })
})

describe('_revinclude', () => {
  it.each([
    ['Patient?_id=ann&_revinclude=Observation:subject', ['Observation/o1']],
    ['Patient?_id=ann&_revinclude=Observation:patient', ['Observation/o1']],
    ['Patient?_id=ann,bob&_revinclude=Observation:subject', ['Observation/o1', 'Observation/o2']],
    ['Patient?_id=ann,bob&_revinclude=Observation:subject:Patient', ['Observation/o1', 'Observation/o2']],
    ['Patient?_id=ann&_revinclude=Observation:subject:Group', []],
    ['Patient?_id=ann&_revinclude=Observation:*', ['Observation/o1']],
    ['Patient?_id=ann&_revinclude=*', ['Encounter/visit', 'Observation/o1', 'Patient/bob']],
    ['Patient?_id=ann&_revinclude=Encounter:patient&_revinclude=Patient:link', ['Encounter/visit', 'Patient/bob']],
    ['Practitioner?_id=doc&_revinclude=Provenance:agent', ['Provenance/prov']],
    ['Observation?_id=o1&_revinclude=Provenance:target', ['Provenance/prov']],
    ['Patient?_id=ann&_revinclude=Observation:subject&_revinclude=Provenance:target', ['Observation/o1']],
    [
      'Patient?_id=ann&_revinclude=Observation:subject&_revinclude:iterate=Provenance:target',
      ['Observation/o1', 'Provenance/prov'],
    ],
    [
      'Patient?_id=ann&_revinclude=Encounter:patient&_include:iterate=Encounter:practitioner',
      ['Encounter/visit', 'Practitioner/doc'],
    ],
    ['Organization?_id=top&_revinclude:iterate=Organization:partof', ['Organization/low', 'Organization/mid']],
  ])('%s', async (query, expected) => {
    expect(included(await server.get(query))).toEqual(expected)
  })
})

describe('across types', () => {
  it.each([
    [
      '?_type=Observation,Encounter&_id=o1,visit&_include=Observation:subject&_include=Encounter:practitioner',
      ['Patient/ann', 'Practitioner/doc'],
    ],
    [
      '?_type=Patient,Practitioner&_id=bob,doc&_revinclude=Provenance:agent&_revinclude=Observation:subject',
      ['Observation/o2', 'Provenance/prov'],
    ],
  ])('%s', async (query, expected) => {
    expect(included(await server.get(query))).toEqual(expected)
  })
})

describe('what is included', () => {
  it('counts neither for _count nor for the total, and comes with the page of its match', async () => {
    const bundle = await server.get(
      'Observation?code=x&_sort=_id&_count=1&_total=accurate&_include=Observation:subject',
    )
    expect(bundle.total).toBe(2)
    expect(matches(bundle)).toEqual(['o1'])
    expect(included(bundle)).toEqual(['Patient/ann'])
    const pages: string[][] = []
    for await (const { bundle: page } of server.pages(
      'Observation?code=x&_sort=_id&_count=1&_include=Observation:subject',
    ))
      pages.push(included(page))
    expect(pages).toEqual([['Patient/ann'], ['Patient/bob']])
  })

  it('is followed ten times, and says so', async () => {
    const chain = Array.from({ length: 12 }, (_, i) => ({
      resourceType: 'Organization',
      id: `part${i}`,
      name: 'x',
      ...(i > 0 && { partOf: { reference: `Organization/part${i - 1}` } }),
    }))
    await server.put(...chain)
    const far = await server.get('Organization?_id=part11&_include:iterate=Organization:partof')
    expect(included(far)).toHaveLength(10)
    expect(JSON.stringify(far.entry!.at(-1))).toMatch(/"incomplete".*followed 10 times/)
    const near = await server.get('Organization?_id=part9&_include:iterate=Organization:partof')
    expect(included(near)).toHaveLength(9)
    expect(JSON.stringify(near)).not.toContain('incomplete')
  })

  it('has its own fullUrl', async () => {
    const { entry } = await server.get('Observation?_id=o1&_include=Observation:subject')
    expect(entry!.map(({ fullUrl }) => fullUrl)).toEqual([
      `${server.base}/Observation/o1`,
      `${server.base}/Patient/ann`,
    ])
  })

  it('is never more than INGLE_MAX_INCLUDES, which the Bundle then says', async () => {
    const small = await serverOfTest({ INGLE_MAX_INCLUDES: '2' })
    await small.put(
      { resourceType: 'Patient', id: 'p' },
      ...['a', 'b', 'c'].map((id) => ({
        resourceType: 'Observation',
        id,
        status: 'final',
        code: { text: 'x' },
        subject: { reference: 'Patient/p' },
      })),
    )
    const bundle = await small.get('Patient?_revinclude=Observation:subject')
    expect(matches(bundle)).toEqual(['p'])
    expect(included(bundle)).toHaveLength(2)
    expect(warnings(bundle)).toEqual([expect.stringMatching(/Only 2 included resources/)])
    const related = bundle.link!.filter(({ relation }) => relation === 'related').map(({ url }) => url!)
    expect(related).toEqual([`${small.base}/Observation?subject=Patient/p`])
    expect(await small.found(related[0]!)).toEqual(['a', 'b', 'c'])
    await small.remove('Observation/c')
    const enough = await small.get('Patient?_revinclude=Observation:subject')
    expect(included(enough)).toEqual(['Observation/a', 'Observation/b'])
    expect(warnings(enough)).toEqual([])
  })

  it('is not short of what matches stand in the way of', async () => {
    const small = await serverOfTest({ INGLE_MAX_INCLUDES: '1' })
    const part = (id: string, partOf?: string) => ({
      resourceType: 'Organization',
      id,
      name: id,
      ...(partOf && { partOf: { reference: `Organization/${partOf}` } }),
    })
    await small.put(part('top'), ...['a', 'b', 'c', 'd'].map((id) => part(id, 'top')))
    const bundle = await small.get('Organization?_id=top,a,b,c&_revinclude=Organization:partof')
    expect(included(bundle)).toEqual(['Organization/d'])
    expect(warnings(bundle)).toEqual([])
  })

  it.each([
    ['_include=Observation', /right is Type:parameter/],
    ['_include=Colour:subject', /Colour is not a resource type/],
    ['_include=Observation:colour', /Observation has no search parameter colour/],
    ['_include=Observation:code', /Observation.code is no reference; these are: .*subject/],
    ['_include=Observation:subject:Colour', /Colour is not a resource type/],
    ['_include=Observation:subject:Patient:x', /right is Type:parameter/],
    ['_include:often=Observation:subject', /takes the modifier :iterate/],
    ['_revinclude=Provenance:recorded', /is no reference/],
  ])('refuses %s', async (query, reason) => {
    expect(await server.refused(`Observation?${query}`)).toMatch(reason)
  })
})

import type { Bundle } from '@medplum/fhirtypes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linkOf, matches, openServer, type SearchServer, serverOfTest, value, warnings } from './server.js'

let server: SearchServer
beforeAll(async () => {
  server = await openServer({ INGLE_DEFAULT_COUNT: '3', INGLE_MAX_COUNT: '4' })
  await server.put(
    ...['a', 'b', 'c', 'd', 'e', 'f'].map((id, i) => ({
      resourceType: 'Patient',
      id,
      active: i < 5,
      gender: i % 2 ? 'male' : 'female',
      name: [{ family: `Fam ${id}` }],
    })),
    { resourceType: 'Practitioner', id: 'a', active: true, gender: 'male' },
    { resourceType: 'Practitioner', id: 'z', active: true, gender: 'female' },
  )
})
afterAll(() => server.stop())

const post = async (path: string, form: string, headers: Record<string, string> = {}): Promise<Bundle> => {
  const response = await fetch(`${server.base}/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: form,
  })
  expect(response.status, await response.clone().text()).toBe(200)
  return response.json() as Promise<Bundle>
}
const lenient = { Prefer: 'handling=lenient' }

describe('a searchset', () => {
  it('has its matches with fullUrl and mode, a true self link, and no total unless asked for', async () => {
    const bundle = await server.get('Patient?gender=female&_sort=_id')
    expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'searchset' })
    expect(bundle.total).toBeUndefined()
    expect(bundle.entry![0]).toMatchObject({
      fullUrl: `${server.base}/Patient/a`,
      resource: { resourceType: 'Patient', id: 'a' },
      search: { mode: 'match' },
    })
    expect(linkOf(bundle, 'self')).toBe(`${server.base}/Patient?gender=female&_sort=_id`)
    expect(linkOf(bundle, 'next')).toBeUndefined()
    expect(linkOf(bundle, 'previous')).toBeUndefined()
  })

  it('without a match has no entry', async () => {
    const bundle = await server.get('Patient?gender=unknown')
    expect(bundle).not.toHaveProperty('entry')
  })

  it('takes everything when nothing is asked', async () => {
    expect(await server.found('Patient')).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    expect(await server.found('Patient?')).toHaveLength(6)
  })
})

describe('POST _search', () => {
  it.each([
    ['Patient/_search', 'gender=female&_sort=-_id', 'Patient?gender=female&_sort=-_id'],
    ['Patient/_search?gender=female', '_sort=-_id', 'Patient?gender=female&_sort=-_id'],
    ['Patient/_search', '', 'Patient'],
    ['Patient/_search', 'name=fam+a', 'Patient?name=fam+a'],
    [
      '_search',
      '_type=Patient,Practitioner&gender=male&_sort=_id',
      '?_type=Patient,Practitioner&gender=male&_sort=_id',
    ],
    ['_search?_type=Practitioner', 'gender=male', '?_type=Practitioner&gender=male'],
  ])('%s with %s is the GET of %s', async (path, form, query) => {
    const [posted, got] = [await post(path, form), await server.get(query)]
    expect(matches(posted)).toEqual(matches(got))
    expect(matches(posted).length).toBeGreaterThan(0)
    expect(linkOf(posted, 'self')).toBe(linkOf(got, 'self'))
  })

  it('has pages, whose links are GETs', async () => {
    const first = await post('Patient/_search', '_sort=_id&_count=2')
    expect(matches(first)).toEqual(['a', 'b'])
    expect(await server.ids(linkOf(first, 'next')!)).toEqual(['c', 'd'])
  })
})

describe('the whole server', () => {
  it.each([
    ['_type=Patient,Practitioner&_id=a', ['a', 'a']],
    ['_type=Patient&_id=a', ['a']],
    ['_type=Patient,Patient&_id=a', ['a']],
    ['_id=a', ['a', 'a']],
    ['_id=z', ['z']],
    ['_type=Patient,Practitioner&active=true&gender=male', ['a', 'b', 'd']],
    ['_type=Practitioner,Organization&_lastUpdated=gt2020', ['a', 'z']],
  ])('?%s', async (query, expected) => {
    expect(await server.found(`?${query}`)).toEqual(expected)
    expect((await server.get(`?${query}&_summary=count`)).total).toBe(expected.length)
  })

  it.each(['', '&_sort=_id', '&_sort=-_id', '&_sort=_lastUpdated', '&_sort=-_lastUpdated'])(
    'has pages in one order over all types, forwards and backwards%s',
    async (sort) => {
      const pages: string[][] = []
      let last: Bundle | undefined
      for await (const { bundle } of server.pages(`?_type=Patient,Practitioner${sort}&_count=3`)) {
        pages.push(bundle.entry!.map(({ fullUrl }) => fullUrl!))
        last = bundle
      }
      expect(pages.map((page) => page.length)).toEqual([3, 3, 2])
      expect(new Set(pages.flat()).size).toBe(8)
      if (sort.endsWith('_id')) {
        const ids = pages.flat().map((url) => url.split('/').at(-1)!)
        expect(ids).toEqual(sort.includes('-') ? [...ids].sort().reverse() : [...ids].sort())
      }
      const back: string[][] = []
      for (let url = linkOf(last!, 'previous'); url; ) {
        const bundle = await server.get(url)
        back.unshift(bundle.entry!.map(({ fullUrl }) => fullUrl!))
        url = linkOf(bundle, 'previous')
      }
      expect(back).toEqual(pages.slice(0, 2))
    },
  )

  it('_offset skips over all types', async () => {
    const all = (await server.get('?_type=Patient,Practitioner&_sort=_id&_count=4')).entry!.map((one) => one.fullUrl)
    const page = await server.get('?_type=Patient,Practitioner&_sort=_id&_count=3&_offset=3')
    expect(page.entry!.map((one) => one.fullUrl)[0]).toBe(all[3])
    expect(page.entry).toHaveLength(3)
    expect((await server.get('?_type=Patient,Practitioner&_sort=_id&_count=3&_offset=6')).entry).toHaveLength(2)
  })

  it.each([
    ['?_type=Colour', /Colour is not a resource type/],
    ['?_type=', /is not a resource type/],
    ['?_type=Patient,Organization&gender=male', /Organization has no search parameter gender/],
    ['?gender=male', /has no search parameter gender/],
    ['?_type=Patient,Practitioner&_sort=name', /across types it is _lastUpdated or _id/],
    ['Patient?_type=Patient', /_type belongs to a search of the whole server/],
  ])('refuses %s', async (query, reason) => {
    expect(await server.refused(query)).toMatch(reason)
  })
})

describe('pages', () => {
  it.each([
    ['Patient', 3],
    ['Patient?_count=2', 2],
    ['Patient?_count=100', 4],
    ['Patient?_count=4', 4],
  ])('%s has %i matches', async (query, expected) => {
    expect(await server.ids(query)).toHaveLength(expected)
  })

  it('a self link says the count that was used', async () => {
    expect(linkOf(await server.get('Patient?_count=100'), 'self')).toBe(`${server.base}/Patient?_count=4`)
  })

  it.each(['Patient?_count=0', 'Patient?_summary=count', 'Patient?_count=0&_total=none'])(
    '%s is the total alone',
    async (query) => {
      const bundle = await server.get(query)
      expect(bundle.total).toBe(6)
      expect(bundle).not.toHaveProperty('entry')
      expect(linkOf(bundle, 'next')).toBeUndefined()
    },
  )

  it.each([
    ['none', undefined],
    ['estimate', 5],
    ['accurate', 5],
  ])('_total=%s', async (total, expected) => {
    const first = await server.get(`Patient?active=true&_total=${total}`)
    expect(first.total).toBe(expected)
    expect((await server.get(linkOf(first, 'next')!)).total).toBe(expected)
  })

  it('_offset skips, and goes on by links', async () => {
    const page = await server.get('Patient?_sort=_id&_count=2&_offset=2')
    expect(matches(page)).toEqual(['c', 'd'])
    expect(await server.ids(linkOf(page, 'next')!)).toEqual(['e', 'f'])
    expect(await server.ids(linkOf(page, 'previous')!)).toEqual(['a', 'b'])
    expect(await server.ids('Patient?_sort=_id&_offset=6')).toEqual([])
    expect(await server.ids('Patient?_sort=_id&_offset=999999999')).toEqual([])
  })

  it('each has a self link of its own that leads to it', async () => {
    const first = await server.get('Patient?_sort=_id&_count=2')
    const second = await server.get(linkOf(first, 'next')!)
    expect(linkOf(second, 'self')).toBe(linkOf(first, 'next'))
    expect(await server.ids(linkOf(second, 'self')!)).toEqual(matches(second))
  })

  it('a link works only where it came from, and cannot be made up', async () => {
    const next = linkOf(await server.get('Patient?_count=2'), 'next')!
    const token = new URL(next).searchParams.get('_cursor')!
    expect(await server.refused(`Practitioner?_cursor=${token}`)).toMatch(/belongs to another search/)
    for (const wrong of [
      '',
      'x',
      token.slice(0, -1),
      `A${token.slice(1)}`,
      token.replace(/.$/, (c) => (c === 'A' ? 'E' : 'A')),
    ])
      expect(await server.refused(`Patient?_cursor=${value(wrong)}`)).toMatch(/not one of this server/)
  })

  it.each([
    ['_count=x', /_count is a whole number/],
    ['_count=-1', /_count is a whole number/],
    ['_offset=1.5', /_offset is a whole number/],
    ['_total=all', /_total is one of none, estimate, accurate/],
    ['_summary=all', /_summary is one of/],
    ['_sort=', /a name is empty/],
    ['_sort=name,', /a name is empty/],
    ['_sort=colour', /Patient has no search parameter colour/],
    ['_sort=_content', /cannot be sorted by/],
    ['_sort=-', /a name is empty/],
    ['_sort:desc=name', /_sort takes no modifier/],
    ['_contained=all', /_contained is one of/],
  ])('refuses %s', async (query, reason) => {
    expect(await server.refused(`Patient?${query}`)).toMatch(reason)
  })
})

describe('what is not understood', () => {
  it('is refused, and the answer names what there is', async () => {
    const reason = await server.refused('Patient?colour=red&gender=male')
    expect(reason).toMatch(/^Patient has no search parameter colour; it has .*address-city.*birthdate.*phonetic/)
    expect(reason).toContain('_lastUpdated')
    expect(await server.refused('Patient?gender:exact=x')).toMatch(
      /this parameter takes :not :text :text-advanced :in :not-in :above :below :missing/,
    )
    expect(await server.refused('Patient?_query=x')).toMatch(/no named queries/)
    expect(await server.refused('Patient?_colour=x')).toMatch(/no search parameter _colour/)
    expect(await server.refused('Colour?x=1', 404)).toMatch(/Colour is not a resource type/)
  })

  it('is left out under lenient handling, with a warning and a self link without it', async () => {
    const query = 'Patient?colour=red&gender=male&gender:exact=x&_include=Patient:colour&_sort=_id&_has:Patient:x=1'
    const bundle = await server.get(query, lenient)
    expect(matches(bundle)).toEqual(['b', 'd', 'f'])
    expect(warnings(bundle)).toEqual([
      expect.stringMatching(/Left out: Patient has no search parameter colour/),
      expect.stringMatching(/Left out: gender:exact is not supported/),
      expect.stringMatching(/Left out: Patient has no search parameter colour/),
      expect.stringMatching(/Left out: _has:Patient:x/),
    ])
    expect(linkOf(bundle, 'self')).toBe(`${server.base}/Patient?gender=male&_sort=_id`)
  })

  it('is left out of an order, too', async () => {
    const bundle = await server.get('Patient?_sort=colour&_count=2', lenient)
    expect(warnings(bundle)).toEqual([expect.stringMatching(/Patient has no search parameter colour/)])
    expect(linkOf(bundle, 'self')).toBe(`${server.base}/Patient?_count=2`)
    const several = await server.get('?_type=Patient,Practitioner&_sort=name', lenient)
    expect(warnings(several)).toEqual([expect.stringMatching(/across types/)])
  })

  it('stays left out on the next pages, which ask for no handling', async () => {
    const first = await server.get('Patient?colour=red&_sort=_id&_count=2', lenient)
    expect(await server.ids(linkOf(first, 'next')!)).toEqual(['c', 'd'])
  })

  it('is told of a count, too', async () => {
    const bundle = await server.get('Patient?colour=red&_summary=count', lenient)
    expect(bundle.total).toBe(6)
    expect(warnings(bundle)).toHaveLength(1)
  })

  it('a wrong value is refused even so', async () => {
    const response = await fetch(`${server.base}/Patient?birthdate=soon`, { headers: lenient })
    expect(response.status).toBe(400)
  })

  it('is left out by default where the server is set so', async () => {
    const easy = await serverOfTest({ INGLE_SEARCH_HANDLING: 'lenient' })
    expect(warnings(await easy.get('Patient?colour=red'))).toHaveLength(1)
    const response = await fetch(`${easy.base}/Patient?colour=red`, { headers: { Prefer: 'handling=strict' } })
    expect(response.status).toBe(400)
  })
})

it.each([
  'Patient?_id=%00',
  'Patient?identifier=%00',
  'Patient?family:exact=%00',
  'Patient?__proto__=1',
  'Patient?constructor=1',
  'Patient?_sort=__proto__',
  'Patient?_include=__proto__:x',
  'Patient?_has:constructor:patient:code=1',
  'Patient?name:constructor=1',
  '?_type=constructor',
  'Patient?=x',
  'Patient?:exact=x',
  'Patient?.name=x',
  'Patient?link.=x',
  'Patient?link:Patient.=x',
  'Patient?_has:=x',
  'Patient?_has:Observation:patient:=x',
  'Patient?name:=x',
  'Patient?_elements=',
  'Patient?birthdate=2020,',
  'Observation?code=|',
  'Observation?code=%5C',
  'Observation?code=%5C|',
  'Observation?value-quantity=5||',
  'Observation?combo-code-value-quantity=$',
  'Provenance?target.target.target._id=x',
  'Patient?_include:iterate=*&_revinclude:iterate=*',
  `Patient?${'link:Patient.'.repeat(8)}name=x`,
])('%s is answered or refused, and does no harm', async (query) => {
  const response = await fetch(`${server.base}/${query}`)
  expect([200, 400], await response.text()).toContain(response.status)
})

it.each(['link:Patient.', '_has:Patient:link:'])('%s can be repeated eight times', async (link) => {
  await server.get(`Patient?${link.repeat(8)}name=x`)
  expect(await server.refused(`Patient?${link.repeat(9)}name=x`)).toMatch(/At most 8 references/)
})

it('takes more alternatives than a URL has room for', async () => {
  const codes = Array.from({ length: 5000 }, (_, i) => `http://system|code-${i}`).join()
  const form = `gender=male&_tag:not=${value(codes)}&_id=${Array.from({ length: 3000 }, (_, i) => `x${i}`)},b,d`
  expect(matches(await post('Patient/_search', form))).toEqual(['b', 'd'])
  expect(matches(await post('Patient/_search', `_tag=${value(codes)}`))).toEqual([])
})

describe('parts of resources', () => {
  it('_elements and _summary', async () => {
    const [{ resource }] = (await server.get('Patient?_id=a&_elements=gender')).entry as [{ resource: object }]
    expect(resource).toMatchObject({ resourceType: 'Patient', id: 'a', gender: 'female' })
    expect(resource).not.toHaveProperty('name')
    const summary = await server.get('Patient?_id=a&_summary=true')
    expect(summary.entry![0]!.resource).toMatchObject({ active: true, name: [{ family: 'Fam a' }] })
  })
})

describe('what changes', () => {
  it('an updated resource is found by its new values only, a deleted one by nothing', async () => {
    const patient = (more: object) => ({ resourceType: 'Patient', id: 'changing', ...more })
    const queries = (n: string) => [
      `identifier=http://id|${n}`,
      `family=name${n}`,
      `birthdate=200${n}`,
      `death-date=201${n}`,
      `organization=Organization/${n}`,
      `_tag=tag${n}`,
      `name:text=name${n}`,
    ]
    const content = (n: string) => ({
      meta: { tag: [{ code: `tag${n}` }] },
      identifier: [{ system: 'http://id', value: n }],
      name: [{ family: `Name${n}` }],
      birthDate: `200${n}`,
      deceasedDateTime: `201${n}`,
      managingOrganization: { reference: `Organization/${n}` },
    })
    await server.put(patient(content('1')))
    for (const query of queries('1')) expect(await server.found(`Patient?${query}`), query).toEqual(['changing'])
    await server.put(patient(content('2')))
    for (const query of queries('1')) expect(await server.found(`Patient?${query}`), query).toEqual([])
    for (const query of queries('2')) expect(await server.found(`Patient?${query}`), query).toEqual(['changing'])
    await server.put(patient({}))
    for (const query of queries('2')) expect(await server.found(`Patient?${query}`), query).toEqual([])
    expect(
      await server.found('Patient?_id=changing&family:missing=true&birthdate:missing=true&death-date:missing=true'),
    ).toEqual(['changing'])
    await server.put(patient(content('3')))
    await server.remove('Patient/changing')
    for (const query of [
      ...queries('3'),
      '_id=changing',
      'birthdate:missing=true&_id=changing',
      'family:missing=false',
    ])
      expect(await server.found(`Patient?${query}`), query).not.toContain('changing')
    expect(await server.found('?_id=changing')).toEqual([])
    expect(await server.found('Patient')).not.toContain('changing')
  })
})

it('serves what was written last, however often it is asked', async () => {
  const versions: (string | undefined)[] = []
  for (let n = 1; n <= 12; n++) {
    await server.put({ resourceType: 'Location', id: 'busy', name: `Name ${n}` })
    if (n === 6) await server.remove('Location/busy')
    for (const query of [
      'Location?_id=busy',
      'Location?name=name',
      '?_type=Location,Flag&_id=busy',
      'Location?_elements=name',
    ]) {
      const { entry } = await server.get(query)
      if (n === 6) expect(entry, query).toBeUndefined()
      else expect(entry![0]!.resource, query).toMatchObject({ id: 'busy', name: `Name ${n}` })
      if (query === 'Location?_id=busy') versions.push(entry?.[0]?.resource?.meta?.versionId)
    }
  }
  expect(versions).toEqual(['1', '2', '3', '4', '5', undefined, '8', '9', '10', '11', '12', '13'])
})

describe('a search that is an entry', () => {
  const bundle = async (type: string, entry: unknown[]): Promise<Bundle> => {
    const response = await fetch(server.base, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: JSON.stringify({ resourceType: 'Bundle', type, entry }),
    })
    expect(response.status, await response.clone().text()).toBe(200)
    return response.json() as Promise<Bundle>
  }
  const get = (url: string) => ({ request: { method: 'GET', url } })

  it('of a batch answers for itself', async () => {
    const { entry } = await bundle('batch', [
      get('Patient?gender=male&_sort=_id'),
      get('Patient?colour=red'),
      get('Practitioner?_summary=count'),
    ])
    expect(matches(entry![0]!.resource as Bundle)).toEqual(['b', 'd', 'f'])
    expect(entry![1]!.response!.status).toMatch(/^400/)
    expect((entry![2]!.resource as Bundle).total).toBe(2)
  })

  it('of a transaction sees what the transaction has written', async () => {
    const { entry } = await bundle('transaction', [
      get('Organization?name=fresh&_summary=count'),
      get('Organization?name=fresh'),
      {
        resource: { resourceType: 'Organization', id: 'fresh', name: 'Fresh', active: true },
        request: { method: 'PUT', url: 'Organization/fresh' },
      },
    ])
    expect((entry![0]!.resource as Bundle).total).toBe(1)
    expect(matches(entry![1]!.resource as Bundle)).toEqual(['fresh'])
    await server.remove('Organization/fresh')
  })

  it('of a transaction counts what the transaction has written', async () => {
    const { entry } = await bundle('transaction', [
      get('Organization?active=true&_summary=count'),
      get('Organization?_summary=count'),
      {
        resource: { resourceType: 'Organization', id: 'counted', name: 'Counted', active: true },
        request: { method: 'PUT', url: 'Organization/counted' },
      },
    ])
    await server.remove('Organization/counted')
    expect((entry![0]!.resource as Bundle).total).toBe(1)
    expect((entry![1]!.resource as Bundle).total).toBe(1)
  })
})

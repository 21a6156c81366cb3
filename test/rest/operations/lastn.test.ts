import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storesWhatHasTheForm } from '../../support/settings.js'
import { type Given, idsOf, openServer, type RestServer } from '../server.js'

// https://hl7.org/fhir/R4/observation-operation-lastn.html

const LOINC = 'http://loinc.org'
const OWN = 'http://own'

let server: RestServer
beforeAll(async () => {
  server = await openServer(storesWhatHasTheForm)
  const observed = (id: string, coding: string[], effective: string | undefined, more: object = {}): Given => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { coding: coding.map((text) => ({ system: text.split('|')[0], code: text.split('|')[1] })) },
    category: [{ coding: [{ code: 'vital-signs' }] }],
    subject: { reference: 'Patient/p' },
    ...(effective && { effectiveDateTime: effective }),
    ...more,
  })
  const weight = [`${LOINC}|29463-7`]
  const resources = [
    { resourceType: 'Patient', id: 'p' },
    { resourceType: 'Patient', id: 'q' },
    observed('w1', weight, '2020-01-01'),
    observed('w3', weight, '2020-01-03'),
    observed('w2', weight, '2020-01-02'),
    observed('w-none', weight, undefined),
    observed('other', weight, '2021-01-01', { subject: { reference: 'Patient/q' } }),
    // bridges: loinc → own → local
    observed('h1', [`${LOINC}|8302-2`], '2020-02-01'),
    observed('h2', [`${LOINC}|8302-2`, `${OWN}|height`], '2020-02-02'),
    observed('h3', [`${OWN}|height`, 'http://local|H'], '2020-02-03'),
    observed('h4', ['http://local|H'], '2020-02-04'),
    observed('lab', [`${OWN}|lab`], '2020-03-01', { category: [{ coding: [{ code: 'laboratory' }] }] }),
    observed('text1', [], '2020-04-01', { code: { text: 'Mood' } }),
    observed('text2', [], '2020-04-02', { code: { text: 'mood' } }),
    observed('period', [`${OWN}|rate`], undefined, { effectivePeriod: { start: '2020-05-01', end: '2020-05-09' } }),
    observed('instant', [`${OWN}|rate`], undefined, { effectiveInstant: '2020-05-02T00:00:00Z' }),
  ]
  const entry = resources.map((resource) => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }))
  expect((await server.transact(entry)).status).toBe(200)
})
afterAll(() => server.stop())

const found = async (query: string) => idsOf(await server.expect(200, `GET Observation/$lastn?${query}`))

describe('Observation/$lastn', () => {
  it.each([
    ['patient=p&code=http://loinc.org|29463-7', ['w3']],
    ['patient=Patient/p&code=29463-7&max=2', ['w3', 'w2']],
    ['subject=Patient/p&code=29463-7&max=9', ['w3', 'w2', 'w1', 'w-none']],
    ['subject:Patient=p&code=29463-7&date=lt2020-01-03', ['w2']],
    ['patient=q&category=vital-signs', ['other']],
    ['patient=p&category=laboratory', ['lab']],
    ['patient=p&code:text=mood', ['text2']],
    ['patient=p&code=rate&max=2', ['instant', 'period']],
    ['patient=p&category=vital-signs&code:in=', undefined],
    ['patient=nobody&category=vital-signs', []],
  ])('%s', async (query, expected) => {
    if (expected) expect(await found(query)).toEqual(expected)
    else await server.refused(400, `GET Observation/$lastn?${query}`)
  })

  it('is one of each group, codes that are codings of the same Observation being one', async () => {
    expect((await found('patient=p&category=vital-signs')).sort()).toEqual(['h4', 'instant', 'text2', 'w3'])
    expect((await found('patient=p&category=vital-signs&max=3')).filter((id) => id.startsWith('h'))).toEqual([
      'h4',
      'h3',
      'h2',
    ])
    // Groups are those of what matches: here nothing says that these codes are one.
    expect((await found('patient=p&category=vital-signs&date=2020-02-01,2020-02-04')).sort()).toEqual(['h1', 'h4'])
  })

  it('is a searchset with its total and self', async () => {
    const body = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'max', valuePositiveInt: 2 },
        { name: 'patient', valueReference: { reference: 'Patient/p' } },
        { name: 'code', valueString: '29463-7' },
      ],
    }
    const { json } = await server.expect(200, 'POST Observation/$lastn', { body })
    expect(json).toMatchObject({ resourceType: 'Bundle', type: 'searchset', total: 2 })
    expect(json.link[0].url).toContain('/Observation/$lastn?max=2&patient=Patient%2Fp&code=29463-7')
    expect(json.entry[0]).toMatchObject({ search: { mode: 'match' }, resource: { id: 'w3' } })
  })

  it.each([
    ['code=x', /needs one subject/],
    ['patient=p,q&code=x', /needs one subject/],
    ['patient=p&subject=q&code=x', /needs one subject/],
    ['patient.name=a&code=x', /needs one subject/],
    ['patient=p', /needs category, code/],
    ['patient=p&code=x&max=0', /max must be/],
    ['patient=p&code=x&_sort=date', /_sort/],
    ['patient=p&code=x&colour=red', /colour/],
  ])('refuses %s', async (query, reason) => {
    expect(await server.refused(400, `GET Observation/$lastn?${query}`)).toMatch(reason)
  })
})

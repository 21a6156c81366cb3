import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Given, openServer, type SearchServer, value } from './server.js'

// https://hl7.org/fhir/R4/search_filter.html

const UCUM = 'http://unitsofmeasure.org'
const COLOURS = 'http://example.org/colours'

let server: SearchServer
beforeAll(async () => {
  server = await openServer()
  const patient = (id: string, family: string, given: string, more: Record<string, unknown>): Given => ({
    resourceType: 'Patient',
    id,
    name: [{ family, given: [given] }],
    ...more,
  })
  const observation = (id: string, subject: string, code: string, more: Record<string, unknown>): Given => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { coding: [{ system: COLOURS, code, display: `The ${code} one` }] },
    subject: { reference: subject },
    ...more,
  })
  await server.put(
    {
      resourceType: 'CodeSystem',
      id: 'colours',
      url: COLOURS,
      status: 'active',
      content: 'complete',
      concept: [{ code: 'red', concept: [{ code: 'pink' }, { code: 'crimson' }] }, { code: 'blue' }],
    },
    {
      resourceType: 'ValueSet',
      id: 'warm',
      url: 'http://example.org/ValueSet/warm',
      status: 'active',
      compose: {
        include: [{ system: COLOURS, filter: [{ property: 'concept', op: 'is-a', value: 'red' }] }],
      },
    },
    patient('peter', 'Chalmers', 'Peter James', { gender: 'male', birthDate: '1974-12-25' }),
    patient('petra', 'Müller', 'Petra', { gender: 'female', birthDate: '1990-01-01' }),
    patient('jim', "O'Neil, Jr.", 'Jim', { birthDate: '2010-05' }),
    { resourceType: 'Patient', id: 'nobody' },
    observation('red', 'Patient/peter', 'red', {
      effectiveDateTime: '2020-03-01',
      valueQuantity: { value: 5, system: UCUM, code: 'g/L' },
    }),
    observation('pink', 'Patient/petra', 'pink', {
      effectivePeriod: { start: '2020-01-01', end: '2020-06-30' },
      valueQuantity: { value: 7, system: UCUM, code: 'g/L' },
    }),
    observation('blue', 'Patient/jim', 'blue', { valueQuantity: { value: 500, system: UCUM, code: 'mg/dL' } }),
    observation('group', 'Group/g', 'blue', {}),
    { resourceType: 'Group', id: 'g', type: 'person', actual: true, code: { coding: [{ code: 'cohort' }] } },
  )
})
afterAll(() => server.stop())

describe('Patient', () => {
  it.each([
    ['family eq chalmers', ['peter']],
    ['family eq chal', []],
    ['family sw chal', ['peter']],
    ['family ew "mers"', ['peter']],
    ['family co "Lme"', ['peter']],
    ['family eq muller', ['petra']],
    [`family eq "O'Neil, Jr."`, ['jim']],
    ['name co "pet"', ['peter', 'petra']],
    ['given eq "peter james" and birthdate ge 1974-12-25', ['peter']],
    ['family ne chalmers', ['jim', 'petra']],
    ['name pr true', ['jim', 'peter', 'petra']],
    ['name pr false', ['nobody']],
    ['gender pr false', ['jim', 'nobody']],
    ['gender eq male', ['peter']],
    ['gender ne male', ['petra']],
    ['birthdate gt 1990-01-01', ['jim']],
    ['birthdate lt 1990', ['peter']],
    ['birthdate le 1990-01-01', ['peter', 'petra']],
    ['birthdate sa 1990', ['jim']],
    ['birthdate eb 1990', ['peter']],
    ['birthdate ne 1990', ['jim', 'peter']],
    ['birthdate eq 2010', ['jim']],
    ['birthdate po 2010-05-07', ['jim']],
    ['_id eq peter', ['peter']],
    ['_id ne peter', ['jim', 'nobody', 'petra']],
    ['_lastUpdated gt 2020-01-01 and _id eq jim', ['jim']],
    ['gender eq male or gender eq female', ['peter', 'petra']],
    ['gender eq male or gender eq female and name co petra', ['peter', 'petra']],
    ['(gender eq male or gender eq female) and name co petra', ['petra']],
    ['not(gender eq male)', ['jim', 'nobody', 'petra']],
    ['not (gender eq male or birthdate gt 2000) and name pr true', ['petra']],
    ['not(not(gender eq male))', ['peter']],
    ['_has:Observation:patient:code eq red', ['peter']],
    ['_has:Observation:patient:code ss http://example.org/colours|red', ['peter', 'petra']],
    ['_has:Observation:patient:value-quantity lt 600|http://unitsofmeasure.org|mg/dL', ['jim', 'peter']],
  ])('%s', async (filter, expected) => {
    expect(await server.found(`Patient?_filter=${value(filter)}`)).toEqual(expected)
    expect(await server.found(`Patient?_filter=${value(filter)}&_sort=-_id&_count=1`)).toEqual(expected)
    expect((await server.get(`Patient?_filter=${value(filter)}&_summary=count`)).total).toBe(expected.length)
  })
})

describe('Observation', () => {
  it.each([
    ['code eq http://example.org/colours|red', ['red']],
    ['code eq red', ['red']],
    ['code co "pink one"', ['pink']],
    ['code in http://example.org/ValueSet/warm', ['pink', 'red']],
    ['code in ValueSet/warm', ['pink', 'red']],
    ['code ss http://example.org/colours|red', ['pink', 'red']],
    ['code sb http://example.org/colours|pink', ['pink', 'red']],
    ['value-quantity eq 5|http://unitsofmeasure.org|g/L', ['blue', 'red']],
    ['value-quantity gt 5.4', ['blue', 'pink']],
    ['value-quantity pr false', ['group']],
    ['date po 2020-02', ['pink']],
    ['date po 2020-03', ['pink', 'red']],
    ['date ap 2020-03-01', ['pink', 'red']],
    ['subject re Patient/peter', ['red']],
    ['subject eq Group/g', ['group']],
    ['subject ne Patient/peter', ['blue', 'group', 'pink']],
    ['subject.name co "pet"', ['pink', 'red']],
    ['subject:Patient.birthdate gt 1980', ['blue', 'pink']],
    ['subject.code eq cohort', ['group']],
    ['subject[gender eq female].name co "pet"', ['pink']],
    ['subject[gender eq female or birthdate gt 2000].name pr true', ['blue', 'pink']],
    ['code-value-quantity eq red$5|http://unitsofmeasure.org|g/L', ['red']],
    ['not(subject.name co "pet") and code eq blue', ['blue', 'group']],
  ])('%s', async (filter, expected) => {
    expect(await server.found(`Observation?_filter=${value(filter)}`)).toEqual(expected)
  })

  it('beside other parameters', async () => {
    expect(await server.found(`Observation?_filter=${value('code eq blue')}&patient=jim`)).toEqual(['blue'])
    expect(await server.found(`Patient?_filter=${value('gender eq male')}&_filter=${value('name co "x"')}`)).toEqual([])
  })

  it('across types', async () => {
    expect(await server.found(`?_type=Patient,Group&_filter=${value('_id eq g or _id eq jim')}`)).toEqual(['g', 'jim'])
  })
})

describe('is refused', () => {
  it.each([
    ['gender', /at character 7 an operator is expected, one of eq, ne, co/],
    ['gender is male', /an operator is expected/],
    ['gender eq', /a value is expected/],
    ['gender eq male and', /and, or or the end is expected/],
    ['gender eq male gender eq female', /and, or or the end is expected/],
    ['(gender eq male', /a parenthesis is not closed/],
    ['gender eq male)', /and, or or the end is expected/],
    ['name co "pet', /a value is expected/],
    ['name co "\\p"', /not as JSON has it/],
    ['colour eq red', /Patient has no search parameter colour/],
    ['gender gt male', /gender gt means nothing; gender has eq, ne, co, pr/],
    ['birthdate co 19', /birthdate co means nothing/],
    ['birthdate eq yesterday', /not a date/],
    ['name pr maybe', /pr is true or false/],
    ['gender.name eq x', /gender is no reference/],
    ['organization[name eq x] eq y', /\]\.name is expected/],
    [`${'('.repeat(40)}gender eq male${')'.repeat(40)}`, /more than 30 parentheses/],
    ['organization.partof.partof.partof.partof.partof.partof.partof.partof.name eq x', /at most 8 references/],
  ])('%s', async (filter, reason) => {
    expect(await server.refused(`Patient?_filter=${value(filter)}`)).toMatch(reason)
  })
})

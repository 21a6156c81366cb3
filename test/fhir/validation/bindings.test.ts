// https://hl7.org/fhir/R4/terminologies.html#strength
import type { CodeSystem, ValueSet } from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../support/structures.js'
import { aProfile, errorsOf, issuesOf } from '../../support/validating.js'

const colours: CodeSystem = {
  resourceType: 'CodeSystem',
  url: 'http://example.org/colours',
  status: 'active',
  content: 'complete',
  concept: [
    { code: 'red', display: 'Red' },
    { code: 'blue', display: 'Blue' },
  ],
}
const warm: ValueSet = {
  resourceType: 'ValueSet',
  url: 'http://example.org/warm',
  status: 'active',
  compose: { include: [{ system: colours.url!, concept: [{ code: 'red' }] }] },
}
const coding = (code: string, more: Json = {}) => ({ system: colours.url, code, ...more })
const observation = (value: Json): Json => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...value,
})
const severities = (issues: Awaited<ReturnType<typeof issuesOf>>) =>
  issues.map(({ severity, expression, details }) => `${severity} ${expression?.[0]} ${details?.coding?.[0]?.code}`)

describe.each([
  ['required', 'error', 'Terminology_TX_NoValid_1'],
  ['extensible', 'warning', 'Terminology_TX_NoValid_2'],
  ['preferred', 'information', 'Terminology_TX_NoValid_3'],
] as const)('of a %s binding', (strength, severity, message) => {
  const profile = aProfile('p', 'Observation', { 'Observation.code': { binding: { strength, valueSet: warm.url! } } })
  const about = async (code: Json) => {
    const asked = {
      profiles: [profile.url],
      definitions: [profile, colours, warm],
      settings: { preferred: 'information' } as const,
    }
    return severities(await issuesOf(observation({ code }), asked)).filter((issue) => issue.includes('Terminology'))
  }
  it.each<[string, Json]>([
    ['a code in it', { coding: [coding('red')] }],
    ['a code in it beside others', { coding: [coding('blue'), coding('red')] }],
  ])('%s is right', async (_what, code) => expect(await about(code)).toEqual([]))

  it('a code that is not in it is said', async () => {
    expect(await about({ coding: [coding('blue')] })).toEqual([`${severity} Observation.code ${message}`])
  })

  it('text alone is said unless codes are only preferred', async () => {
    const said = strength === 'preferred' ? [] : [`${severity} Observation.code Terminology_TX_Code_ValueSet`]
    expect(await about({ text: 'red' })).toEqual(said)
  })
})

describe('a Coding', () => {
  const about = async (one: Json, settings = {}) =>
    severities(
      await issuesOf(observation({ valueCodeableConcept: { coding: [one] } }), {
        definitions: [colours, warm],
        settings,
      }),
    ).filter((issue) => !issue.includes('dom-6'))
  const at = 'Observation.value.ofType(CodeableConcept).coding[0]'
  it.each<[string, Json, string[]]>([
    ['of a known system', coding('red', { display: 'Red' }), []],
    [
      'with another display',
      coding('red', { display: 'Crimson' }),
      [`warning ${at}.display Display_Name_for__should_be_one_of__instead_of`],
    ],
    ['with a code that its system does not have', coding('green'), [`error ${at}.code Unknown_Code_in_Version`]],
    [
      'of an unknown system',
      { system: 'http://example.org/x', code: 'a' },
      [`warning ${at}.system Terminology_TX_System_Unknown`],
    ],
    [
      'of no absolute system',
      { system: 'colours', code: 'red' },
      [`error ${at}.system Terminology_TX_System_Relative`],
    ],
    ['of a value set', { system: warm.url, code: 'red' }, [`error ${at}.system Terminology_TX_System_ValueSet2`]],
  ])('%s', async (_what, one, issues) => expect(await about(one)).toEqual(issues))

  it('with another display is refused where that is asked for', async () => {
    expect(await about(coding('red', { display: 'Crimson' }), { displays: 'error' })).toEqual([
      `error ${at}.display Display_Name_for__should_be_one_of__instead_of`,
    ])
  })

  it('of an unknown system is said once', async () => {
    const one = { system: 'http://example.org/x', code: 'a' }
    const issues = await issuesOf(observation({ code: { coding: [one, { ...one, code: 'b' }] } }))
    expect(issues.filter(({ details }) => details?.coding?.[0]?.code === 'Terminology_TX_System_Unknown')).toHaveLength(
      1,
    )
  })
})

it('A value set that nobody knows is said, and refuses nothing', async () => {
  const binding = { strength: 'required', valueSet: 'http://example.org/none' } as const
  const profile = aProfile('p', 'Observation', { 'Observation.code': { binding } })
  const asked = { profiles: [profile.url], definitions: [profile, colours] }
  const code = { coding: [coding('red')] }
  expect(severities(await issuesOf(observation({ code }), asked))).toContain(
    'warning Observation.code Terminology_TX_ValueSet_NotFound',
  )
  expect(await errorsOf(observation({ code }), asked)).toEqual([])
})

it('No extension stands in for a code that is required', async () => {
  const absent = {
    extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
  }
  expect(await errorsOf({ resourceType: 'Observation', _status: absent, code: { text: 'x' } })).toEqual([
    'Observation.status Terminology_TX_Code_ValueSet',
  ])
  expect(await errorsOf({ resourceType: 'Patient', gender: 'male', _gender: absent, _birthDate: absent })).toEqual([])
})

describe('R4 binds', () => {
  it.each<[string, Json, string[]]>([
    [
      'codes of systems that it has',
      { resourceType: 'Patient', gender: 'x' },
      ['Patient.gender Terminology_TX_NoValid_1'],
    ],
    [
      'concepts',
      {
        resourceType: 'AllergyIntolerance',
        patient: { reference: 'Patient/1' },
        code: { text: 'x' },
        clinicalStatus: {
          coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'odd' }],
        },
      },
      [
        'AllergyIntolerance.clinicalStatus.coding[0].code Unknown_Code_in_Version',
        'AllergyIntolerance.clinicalStatus Terminology_TX_NoValid_1',
      ],
    ],
    [
      'concepts, without a system',
      {
        resourceType: 'AllergyIntolerance',
        patient: { reference: 'Patient/1' },
        code: { text: 'x' },
        clinicalStatus: { coding: [{ code: 'active' }] },
      },
      ['AllergyIntolerance.clinicalStatus Terminology_TX_NoValid_1'],
    ],
  ])('%s', async (_what, resource, errors) => {
    const found = await errorsOf(resource)
    expect(found).toEqual(expect.arrayContaining(errors))
  })
})

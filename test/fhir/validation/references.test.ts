// https://hl7.org/fhir/R4/references.html
import { describe, expect, it } from 'vitest'
import type { Json } from '../../support/structures.js'
import { aProfile, errorsBy, errorsOf, issuesOf, url } from '../../support/validating.js'

const observation = (subject: Json, more: Json = {}): Json => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject,
  ...more,
})
const organization = { resourceType: 'Organization', id: 'o', name: 'A' }
const unnamed = { resourceType: 'Patient', id: 'p' }
const named = { resourceType: 'Patient', id: 'p', name: [{ text: 'A' }] }

describe('a reference to', () => {
  it.each<[string, Json, string[]]>([
    ['a type that is allowed', observation({ reference: 'Patient/1' }), []],
    [
      'a type that is not',
      observation({ reference: 'Organization/1' }),
      ['Observation.subject Reference_REF_BadTargetType'],
    ],
    [
      'a type that is not, elsewhere',
      observation({ reference: 'http://a.example/fhir/Organization/1' }),
      ['Observation.subject Reference_REF_BadTargetType'],
    ],
    [
      'a type that is said and is not allowed',
      observation({ type: 'Organization', display: 'A' }),
      ['Observation.subject Reference_REF_BadTargetType'],
    ],
    ['what is contained', observation({ reference: '#p' }, { contained: [named] }), []],
    [
      'what is contained, of another type',
      observation({ reference: '#o' }, { contained: [organization] }),
      ['Observation.subject Reference_REF_BadTargetType'],
    ],
    [
      'what is not contained',
      observation({ reference: '#q' }, { contained: [named], performer: [{ reference: '#p' }] }),
      ['Observation.subject Reference_REF_NotFound'],
    ],
    [
      'what is contained, with another type said',
      observation({ reference: '#p', type: 'Group' }, { contained: [named] }),
      ['Observation.subject Reference_REF_WrongTarget'],
    ],
  ])('%s', async (_what, resource, errors) => {
    expect((await errorsOf(resource)).filter((error) => error.includes('Reference_'))).toEqual(errors)
  })
})

describe('a reference in a Bundle', () => {
  const bundle = (reference: string, fullUrl: string, resource: Json, own = 'http://a.example/fhir/Observation/1') => ({
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      { fullUrl: own, resource: { ...observation({ reference }), id: '1' } },
      { fullUrl, resource },
    ],
  })
  const uuid = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520'
  it.each<[string, Json, string[]]>([
    [
      'finds an entry by its fullUrl',
      bundle(uuid, uuid, organization),
      ['Bundle.entry[0].resource.subject Reference_REF_BadTargetType'],
    ],
    ['finds an entry beside its own', bundle('Patient/p', 'http://a.example/fhir/Patient/p', named), []],
    [
      'says another type than the entry has',
      bundle('Patient/o', 'http://a.example/fhir/Patient/o', organization),
      [
        'Bundle.entry[0].resource.subject Reference_REF_BadTargetType',
        'Bundle.entry[0].resource.subject Reference_REF_WrongTarget',
      ],
    ],
  ])('%s', async (_what, resource, errors) => {
    const found = (await errorsOf(resource)).filter((error) => error.includes('Reference_'))
    expect(found.sort()).toEqual(errors)
  })
})

describe('a profile that narrows a reference', () => {
  const ofNamed = aProfile('named', 'Patient', { 'Patient.name': { min: 1 } })
  const profile = aProfile('p', 'Observation', {
    'Observation.subject': { type: [{ code: 'Reference', targetProfile: [url('named')] }] },
  })
  it.each<[string, Json, string[]]>([
    ['is met', observation({ reference: '#p' }, { contained: [named] }), []],
    [
      'is not met',
      observation({ reference: '#p' }, { contained: [unnamed] }),
      ['Observation.subject Reference_REF_CantMatchChoice'],
    ],
    ['is not looked into elsewhere', observation({ reference: 'Patient/1' }), []],
  ])('%s', async (_what, resource, errors) => {
    expect(await errorsBy(profile, resource, [ofNamed])).toEqual(errors)
  })

  it('warns of a type that the text says, and nobody has looked', async () => {
    const issues = await issuesOf(observation({ reference: 'Group/1' }), {
      profiles: [profile.url],
      definitions: [profile, ofNamed],
    })
    expect(issues).toContainEqual(expect.objectContaining({ severity: 'warning', expression: ['Observation.subject'] }))
  })

  it.each<[string, string[], string[]]>([
    ['contained', ['contained'], []],
    ['bundled', ['bundled'], ['Observation.subject Reference_REF_Aggregation']],
  ])('may demand that it be %s', async (_mode, aggregation, errors) => {
    const demanding = aProfile('q', 'Observation', {
      'Observation.subject': { type: [{ code: 'Reference', aggregation: aggregation as ['contained'] }] },
    })
    expect(await errorsBy(demanding, observation({ reference: '#p' }, { contained: [named] }))).toEqual(errors)
  })

  it('is not led in circles', async () => {
    const circle = aProfile('circle', 'Patient', {
      'Patient.link.other': { type: [{ code: 'Reference', targetProfile: [url('circle')] }] },
    })
    const link = (to: string) => [{ type: 'seealso', other: { reference: to } }]
    const entry = ['a', 'b'].map((id, i) => ({
      fullUrl: `http://a.example/fhir/Patient/${id}`,
      resource: { resourceType: 'Patient', id, meta: { profile: [circle.url] }, link: link(`Patient/${'ba'[i]}`) },
    }))
    expect(await errorsOf({ resourceType: 'Bundle', type: 'collection', entry }, { definitions: [circle] })).toEqual([])
  })
})

describe('whether what is referred to is there', () => {
  const exist = async (references: readonly string[]) => references.map((one) => one === 'Patient/1')
  const asked = (severity: 'error' | 'warning' | 'off') => ({
    references: { exist },
    settings: { missingReference: () => severity },
  })
  it.each([
    ['Patient/1', 'error', undefined],
    ['Patient/2', 'error', 'error'],
    ['Patient/2', 'warning', 'warning'],
    ['Patient/2', 'off', undefined],
    ['http://a.example/fhir/Patient/2', 'error', undefined],
    ['Patient/2/_history/3', 'error', 'error'],
  ] as const)('%s, %s', async (reference, setting, severity) => {
    const issues = await issuesOf(observation({ reference }), asked(setting))
    const missing = issues.filter(({ details }) => details?.coding?.[0]?.code === 'Reference_REF_CantResolve')
    expect(missing.map((one) => one.severity)).toEqual(severity ? [severity] : [])
  })
})

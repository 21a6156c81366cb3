// What a profile says of its elements: https://hl7.org/fhir/R4/elementdefinition.html
import { describe, expect, it } from 'vitest'
import type { Json } from '../../support/structures.js'
import { aProfile, errorsBy, errorsOf, issuesOf, url } from '../../support/validating.js'

const patient = (change: Json = {}): Json => ({ resourceType: 'Patient', ...change })
const observation = (change: Json = {}): Json => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...change,
})

type Elements = Parameters<typeof aProfile>[2]

describe('a profile on Patient with', () => {
  it.each<[string, Elements, Json, string[]]>([
    ['a minimum', { 'Patient.name': { min: 1 } }, {}, ['Patient Validation_VAL_Profile_Minimum']],
    ['a minimum that is met', { 'Patient.name': { min: 1 } }, { name: [{ text: 'A' }] }, []],
    [
      'a minimum of two',
      { 'Patient.name': { min: 2 } },
      { name: [{ text: 'A' }] },
      ['Patient Validation_VAL_Profile_Minimum'],
    ],
    [
      'a maximum',
      { 'Patient.name': { max: '1' } },
      { name: [{ text: 'A' }, { text: 'B' }] },
      ['Patient Validation_VAL_Profile_Maximum'],
    ],
    ['a maximum that is met', { 'Patient.name': { max: '1' } }, { name: [{ text: 'A' }] }, []],
    [
      'what is prohibited',
      { 'Patient.active': { max: '0' } },
      { active: true },
      ['Patient Validation_VAL_Profile_Maximum'],
    ],
    [
      'what is prohibited below',
      { 'Patient.name.text': { max: '0' } },
      { name: [{ family: 'A' }, { text: 'B' }] },
      ['Patient.name[1] Validation_VAL_Profile_Maximum'],
    ],
    ['a minimum below what is absent', { 'Patient.name.text': { min: 1 } }, {}, []],
    [
      'a minimum of a primitive that has only an extension',
      { 'Patient.birthDate': { min: 1 } },
      {
        _birthDate: {
          extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
        },
      },
      [],
    ],
    [
      'a prohibited extension of a primitive',
      { 'Patient.birthDate.extension': { max: '0' } },
      {
        birthDate: '2000',
        _birthDate: {
          extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
        },
      },
      ['Patient.birthDate Validation_VAL_Profile_Maximum'],
    ],
    [
      'a fixed code',
      { 'Patient.gender': { fixedCode: 'male' } },
      { gender: 'female' },
      ['Patient.gender Fixed_Type_Checks_DT'],
    ],
    ['a fixed code that is there', { 'Patient.gender': { fixedCode: 'male' } }, { gender: 'male' }, []],
    [
      'a fixed boolean',
      { 'Patient.active': { fixedBoolean: true } },
      { active: false },
      ['Patient.active Fixed_Type_Checks_DT'],
    ],
    [
      'a fixed Identifier, more than which is too much',
      { 'Patient.identifier': { fixedIdentifier: { system: 'urn:a:b', value: '1' } } },
      { identifier: [{ system: 'urn:a:b', value: '1', use: 'usual' }] },
      ['Patient.identifier[0].use Extension_EXT_Fixed_Banned'],
    ],
    [
      'a fixed Identifier, less than which is too little',
      { 'Patient.identifier': { fixedIdentifier: { system: 'urn:a:b', value: '1' } } },
      { identifier: [{ system: 'urn:a:b' }] },
      ['Patient.identifier[0].value Fixed_Type_Checks_DT'],
    ],
    [
      'a pattern',
      { 'Patient.identifier': { patternIdentifier: { system: 'urn:a:b' } } },
      { identifier: [{ system: 'urn:a:c', value: '1' }] },
      ['Patient.identifier[0].system Pattern_Check'],
    ],
    [
      'a pattern, more than which is right',
      { 'Patient.identifier': { patternIdentifier: { system: 'urn:a:b' } } },
      { identifier: [{ system: 'urn:a:b', value: '1' }] },
      [],
    ],
    [
      'a pattern with a list, of which each item is somewhere',
      { 'Patient.maritalStatus': { patternCodeableConcept: { coding: [{ system: 'urn:a:b', code: '1' }] } } },
      {
        maritalStatus: {
          coding: [
            { system: 'urn:a:c', code: '2' },
            { system: 'urn:a:b', code: '1' },
          ],
        },
      },
      [],
    ],
    [
      'a pattern with a list, an item of which is nowhere',
      { 'Patient.maritalStatus': { patternCodeableConcept: { coding: [{ system: 'urn:a:b', code: '1' }] } } },
      { maritalStatus: { coding: [{ system: 'urn:a:b', code: '2' }] } },
      ['Patient.maritalStatus Pattern_Check'],
    ],
    [
      'one type of a choice',
      { 'Patient.deceased[x]': { type: [{ code: 'boolean' }] } },
      { deceasedDateTime: '2020' },
      ['Patient.deceased.ofType(dateTime) Bundle_BUNDLE_Entry_Type3'],
    ],
    [
      'a least date',
      { 'Patient.birthDate': { minValueDate: '1900-01-01' } },
      { birthDate: '1899-12-31' },
      ['Patient.birthDate MIN_VALUE'],
    ],
    [
      'a least date, and one that may be before and after',
      { 'Patient.birthDate': { minValueDate: '1900-06-01' } },
      { birthDate: '1900' },
      [],
    ],
    [
      'a greatest integer',
      { 'Patient.multipleBirth[x]': { maxValueInteger: 9 } },
      { multipleBirthInteger: 10 },
      ['Patient.multipleBirth.ofType(integer) MAX_VALUE'],
    ],
    [
      'a least age',
      { 'Patient.birthDate': { minValueQuantity: { value: 100, code: 'a', system: 'http://unitsofmeasure.org' } } },
      { birthDate: '1850-01-01' },
      ['Patient.birthDate MIN_VALUE'],
    ],
    [
      'a longest string',
      { 'Patient.name.family': { maxLength: 3 } },
      { name: [{ family: 'Abcd' }] },
      ['Patient.name[0].family Type_Specific_Checks_DT_Primitive_Length'],
    ],
    [
      'a constraint',
      {
        'Patient.name': {
          constraint: [{ key: 'x-1', severity: 'error', human: 'has a family', expression: 'family.exists()' }],
        },
      },
      { name: [{ text: 'A' }] },
      ['Patient.name[0] http://example.org/StructureDefinition/p#x-1'],
    ],
    [
      'a profile of R4 for what is contained',
      { 'Patient.contained': { type: [{ code: 'Organization' }] } },
      {
        contained: [{ resourceType: 'Basic', id: 'a', code: { text: 'x' } }],
        link: [{ type: 'seealso', other: { reference: '#a' } }],
      },
      ['Patient.contained[0] Bundle_BUNDLE_Entry_Type3'],
    ],
  ])('%s', async (_what, elements, change, errors) => {
    const found = await errorsBy(aProfile('p', 'Patient', elements), patient(change))
    expect(found.filter((error) => !/_REF_|dom-/.test(error))).toEqual(errors)
  })
})

describe('a profile on Observation', () => {
  it('says of content that is defined elsewhere what it says there', async () => {
    const profile = aProfile('p', 'Observation', { 'Observation.referenceRange.text': { min: 1 } })
    const component = [{ code: { text: 'y' }, referenceRange: [{ low: { value: 1 } }] }]
    expect(await errorsBy(profile, observation({ component, referenceRange: [{ low: { value: 1 } }] }))).toEqual([
      'Observation.referenceRange[0] Validation_VAL_Profile_Minimum',
      'Observation.component[0].referenceRange[0] Validation_VAL_Profile_Minimum',
    ])
  })

  it('counts every type of a choice', async () => {
    const profile = aProfile('p', 'Observation', { 'Observation.value[x]': { min: 1 } })
    expect(await errorsBy(profile, observation())).toEqual(['Observation Validation_VAL_Profile_Minimum'])
    expect(await errorsBy(profile, observation({ valueInteger: 1 }))).toEqual([])
  })

  it('may take its types from profiles, of which one must be met', async () => {
    const [long, short] = [
      aProfile('long', 'Quantity', { 'Quantity.unit': { min: 1 } }, { kind: 'complex-type' }),
      aProfile('short', 'Quantity', { 'Quantity.code': { min: 1 } }, { kind: 'complex-type' }),
    ]
    const of = (...profile: string[]) =>
      aProfile('p', 'Observation', { 'Observation.value[x]': { type: [{ code: 'Quantity', profile }] } })
    const quantity = observation({ valueQuantity: { value: 1, unit: 'g' } })
    expect(await errorsBy(of(url('long')), quantity, [long])).toEqual([])
    expect(await errorsBy(of(url('short')), quantity, [short])).toEqual([
      'Observation.value.ofType(Quantity) Validation_VAL_Profile_Minimum',
    ])
    expect(await errorsBy(of(url('short'), url('long')), quantity, [short, long])).toEqual([])
    expect(
      await errorsBy(of(url('short'), url('long')), observation({ valueQuantity: { value: 1 } }), [short, long]),
    ).toEqual(['Observation.value.ofType(Quantity) Validation_VAL_Profile_NoMatch'])
  })

  it('binds what R4 left open', async () => {
    const profile = aProfile('p', 'Observation', {
      'Observation.code': {
        binding: { strength: 'required', valueSet: 'http://hl7.org/fhir/ValueSet/administrative-gender' },
      },
    })
    const code = (code: string) => ({ coding: [{ system: 'http://hl7.org/fhir/administrative-gender', code }] })
    expect(await errorsBy(profile, observation({ code: code('male') }))).toEqual([])
    expect(await errorsBy(profile, observation({ code: { text: 'male' } }))).toEqual([
      'Observation.code Terminology_TX_Code_ValueSet',
    ])
    expect(await errorsBy(profile, observation({ code: code('m') }))).toEqual(
      ['Observation.code.coding[0] Unknown_Code_in_Version', 'Observation.code Terminology_TX_NoValid_1'].map((error) =>
        error.replace('[0] ', '[0].code '),
      ),
    )
  })
})

describe('meta.profile', () => {
  const profile = aProfile('p', 'Patient', { 'Patient.name': { min: 1 } }, { version: '2.0' })

  it.each([[url('p')], [`${url('p')}|2.0`]])('%s is held to', async (canonical) => {
    const resource = patient({ meta: { profile: [canonical] } })
    expect(await errorsOf(resource, { definitions: [profile] })).toEqual(['Patient Validation_VAL_Profile_Minimum'])
  })

  it.each([[`${url('p')}|1.0`], [url('other')]])('%s, which is not known, is said', async (canonical) => {
    const resource = patient({ meta: { profile: [canonical] } })
    const issues = await issuesOf(resource, { definitions: [profile] })
    expect(issues).toContainEqual(
      expect.objectContaining({ severity: 'warning', code: 'not-found', expression: ['Patient.meta.profile[0]'] }),
    )
    expect(issues.some(({ severity }) => severity === 'error')).toBe(false)
  })

  it('of another type is wrong', async () => {
    const resource = { resourceType: 'Basic', code: { text: 'x' }, meta: { profile: [url('p')] } }
    expect(await errorsOf(resource, { definitions: [profile] })).toEqual(['Basic Validation_VAL_Profile_WrongType'])
  })

  it('counts in every entry of a Bundle', async () => {
    const entry = [{ resource: patient() }, { resource: patient({ meta: { profile: [url('p')] } }) }]
    expect(await errorsOf({ resourceType: 'Bundle', type: 'collection', entry }, { definitions: [profile] })).toContain(
      'Bundle.entry[1].resource Validation_VAL_Profile_Minimum',
    )
  })
})

it('A profile may impose another one', async () => {
  const imposed = aProfile('imposed', 'Patient', { 'Patient.name': { min: 1 } })
  const extension = [
    {
      url: 'http://hl7.org/fhir/StructureDefinition/structuredefinition-imposeProfile',
      valueCanonical: url('imposed'),
    },
  ]
  const imposing = aProfile('imposing', 'Patient', { 'Patient.active': { min: 1 } }, { extension })
  expect(await errorsBy(imposing, patient(), [imposed])).toEqual([
    'Patient Validation_VAL_Profile_Minimum',
    'Patient Validation_VAL_Profile_Minimum',
  ])
})

describe('a greatest quantity', () => {
  const maxValueQuantity = { value: 1, code: 'kg', system: 'http://unitsofmeasure.org' }
  const profile = aProfile('p', 'Observation', { 'Observation.value[x]': { maxValueQuantity } })
  it.each([
    [{ value: 999, code: 'g', system: 'http://unitsofmeasure.org' }, undefined],
    [{ value: 1001, code: 'g', system: 'http://unitsofmeasure.org' }, 'error'],
    [{ value: 1001, code: 'm', system: 'http://unitsofmeasure.org' }, 'warning'],
    [{ value: 2, unit: 'kg' }, 'warning'],
  ])('against %j', async (valueQuantity, severity) => {
    const issues = await issuesOf(observation({ valueQuantity }), { profiles: [profile.url], definitions: [profile] })
    const about = issues.filter(({ details }) => details?.coding?.[0]?.code === 'MAX_VALUE')
    expect(about.map((one) => one.severity)).toEqual(severity ? [severity] : [])
  })
})

it.each(['error', 'warning'] as const)(
  'A vital sign is held to its profile undeclared, with an %s',
  async (vitalSigns) => {
    const code = { coding: [{ system: 'http://loinc.org', code: '8867-4' }] }
    const resource = observation({ code, valueQuantity: { value: 60, unit: '/min' } })
    const issues = await issuesOf(resource, { settings: { vitalSigns } })
    const found = issues.filter(({ severity }) => severity === vitalSigns).map(({ expression }) => expression?.[0])
    expect(found).toEqual(expect.arrayContaining(['Observation', 'Observation.value.ofType(Quantity)']))
    expect(issues.some(({ severity }) => severity === 'error')).toBe(vitalSigns === 'error')
  },
)

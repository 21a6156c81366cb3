// https://hl7.org/fhir/R4/json.html, datatypes.html and extensibility.html
import type { Resource } from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/fhir/json.js'
import { validateStructure } from '../../src/fhir/validation/structure.js'
import { broken, good, type Json, usd } from '../support/structures.js'

const expressions = (resource: unknown) => validateStructure(resource).map(({ expression }) => expression?.[0])

describe.each(good.map((resource) => [resource.resourceType as string, resource] as const))('%s', (_type, resource) => {
  it('that is right has no issue', () => {
    expect(validateStructure(resource)).toEqual([])
  })

  it.each(broken(resource).map((one) => [one.how, one] as const))('%s', (_how, one) => {
    expect(expressions(one.resource)).toContain(one.expression)
  })
})

const from = (type: string, change: Json): Json => ({
  ...good.find(({ resourceType }) => resourceType === type)!,
  ...change,
})

describe('an issue', () => {
  it.each<[Json, string, string, string | RegExp]>([
    // resource, code, expression, diagnostics
    [from('Patient', { gender: 'x' }), 'code-invalid', 'Patient.gender', /must be one of male, female, other, unknown/],
    [from('Patient', { nmae: 'x' }), 'structure', 'Patient', 'nmae is not an element of Patient; is name meant?'],
    [
      from('Patient', { birthdate: '2000' }),
      'structure',
      'Patient',
      'birthdate is not an element of Patient; is birthDate meant?',
    ],
    [
      from('Patient', { deceasedString: 'x' }),
      'structure',
      'Patient',
      'deceasedString is not an element of Patient, which has deceasedBoolean, deceasedDateTime',
    ],
    [
      from('Patient', { deceasedDateTime: '2020' }),
      'structure',
      'Patient',
      'deceased must have one type; found deceasedBoolean and deceasedDateTime',
    ],
    [from('Patient', { 'a b': 1 }), 'structure', 'Patient', /property whose name/],
    [from('Patient', { birthDate: '1974-13-01' }), 'value', 'Patient.birthDate', /must be a date that exists/],
    [from('Patient', { birthDate: '2023-02-29' }), 'value', 'Patient.birthDate', /found a string of 10 characters/],
    [from('Patient', { birthDate: '1900-02-29' }), 'value', 'Patient.birthDate', /must be a date that exists/],
    [from('Patient', { birthDate: '2023-04-31' }), 'value', 'Patient.birthDate', /must be a date that exists/],
    [from('Patient', { birthDate: '25.12.1974' }), 'value', 'Patient.birthDate', /YYYY-MM-DD/],
    [from('Patient', { id: 'under_score' }), 'value', 'Patient.id', /1 to 64/],
    [from('Patient', { id: 'x'.repeat(65) }), 'value', 'Patient.id', /1 to 64/],
    [from('Patient', { active: 'true' }), 'value', 'Patient.active', /must be true or false/],
    [
      from('Patient', { multipleBirthInteger: 1.5 }),
      'value',
      'Patient.multipleBirth.ofType(integer)',
      /whole JSON number/,
    ],
    [from('Patient', { multipleBirthInteger: 2 ** 31 }), 'value', 'Patient.multipleBirth.ofType(integer)', /32 bits/],
    [from('Patient', { language: 'en  US' }), 'value', 'Patient.language', /must be a code/],
    [
      from('Patient', { name: [{ family: 'a\u0000b' }] }),
      'value',
      'Patient.name[0].family',
      /without control characters/,
    ],
    [from('Patient', { name: [{ family: 'a\ud800b' }] }), 'value', 'Patient.name[0].family', /must be a string/],
    [
      from('Patient', { name: [{ family: 'x'.repeat(1024 * 1024 + 1) }] }),
      'value',
      'Patient.name[0].family',
      /1048576/,
    ],
    [
      from('Patient', { name: [{ given: ['Ann', null] }] }),
      'structure',
      'Patient.name[0].given[1]',
      /_given has an object/,
    ],
    [
      from('Patient', { name: [{ given: ['Ann'], _given: [null, { id: 'a' }] }] }),
      'structure',
      'Patient.name[0].given',
      /1 in given but 2 in _given/,
    ],
    [from('Patient', { name: [{ _given: [null] }] }), 'structure', 'Patient.name[0].given[0]', /no given/],
    [from('Patient', { name: [{ id: 'only' }] }), 'structure', 'Patient.name[0]', /must not be empty/],
    [from('Patient', { _active: { url: 'x' } }), 'structure', 'Patient.active', /url is not an element of Element/],
    [from('Patient', { telecom: [{ rank: 0 }] }), 'value', 'Patient.telecom[0].rank', /from 1 to/],
    [from('Patient', { meta: { profile: ['a b'] } }), 'value', 'Patient.meta.profile[0]', /without spaces/],
    [
      from('Patient', { meta: { lastUpdated: '2024-05-06' } }),
      'value',
      'Patient.meta.lastUpdated',
      /must be an instant/,
    ],
    [from('Patient', { text: { status: 'generated', div: 'plain' } }), 'value', 'Patient.text.div', /<div>/],
    [
      from('Patient', { text: { status: 'generated', div: '<div><script>1</script></div>' } }),
      'value',
      'Patient.text.div',
      /without scripts/,
    ],
    [
      from('Patient', { text: { status: 'generated', div: '<div><b onclick="1">x</b></div>' } }),
      'value',
      'Patient.text.div',
      /without scripts/,
    ],
    [
      from('Patient', { extension: [{ valueString: 'x' }] }),
      'required',
      'Patient.extension[0]',
      'url is required, and missing',
    ],
    [from('Patient', { extension: [{ url: 'http://a' }] }), 'required', 'Patient.extension[0]', /value\[x\] or nested/],
    [
      from('Patient', {
        extension: [{ url: 'http://a', valueString: 'x', extension: [{ url: 'b', valueCode: 'c' }] }],
      }),
      'structure',
      'Patient.extension[0]',
      /not both/,
    ],
    [
      from('Patient', { extension: [{ url: 'http://a', valueString: 'x', valueCode: 'c' }] }),
      'structure',
      'Patient.extension[0]',
      /valueCode and valueString/,
    ],
    [
      from('Patient', { extension: [{ url: 'http://a', valueFamily: 'x' }] }),
      'structure',
      'Patient.extension[0]',
      /valueBase64Binary/,
    ],
    [
      from('Patient', { managingOrganization: { reference: { id: 1 } } }),
      'structure',
      'Patient.managingOrganization.reference',
      /found an object/,
    ],
    [
      from('Patient', { managingOrganization: 'Organization/1' }),
      'structure',
      'Patient.managingOrganization',
      /must be an object; found a string/,
    ],
    [from('Patient', { contained: [{ id: 'x' }] }), 'required', 'Patient.contained[0]', 'must have a resourceType'],
    [
      from('Patient', { contained: [{ resourceType: 'Patent' }] }),
      'structure',
      'Patient.contained[0]',
      /is Patient meant/,
    ],
    [
      from('Patient', { contained: [{ resourceType: 'Patient', contained: [{ resourceType: 'Basic' }] }] }),
      'structure',
      'Patient.contained[0].contained[0]',
      /contained itself/,
    ],
    [
      from('Patient', { contained: [{ resourceType: 'Observation', status: 'final' }] }),
      'required',
      'Patient.contained[0]',
      'code is required, and missing',
    ],
    [from('Observation', { status: 'done' }), 'code-invalid', 'Observation.status', /registered, preliminary/],
    [from('Observation', { valueString: 'x' }), 'structure', 'Observation', /valueQuantity and valueString/],
    [from('Observation', { valueMoney: usd }), 'structure', 'Observation', /which has valueQuantity/],
    [from('Observation', { value: 1 }), 'structure', 'Observation', /which has valueQuantity/],
    [
      from('Observation', { valueQuantity: { value: '1.10' } }),
      'value',
      'Observation.value.ofType(Quantity).value',
      /without quotes/,
    ],
    [
      from('Observation', { effectiveDateTime: '2013-04-02T09:30:10' }),
      'value',
      'Observation.effective.ofType(dateTime)',
      /with Z or an offset/,
    ],
    [
      from('Observation', { effectiveDateTime: '2013-04-02T24:00:00Z' }),
      'value',
      'Observation.effective.ofType(dateTime)',
      /must be a date that exists/,
    ],
    [
      from('Observation', { component: [{ valueInteger: 1 }] }),
      'required',
      'Observation.component[0]',
      'code is required, and missing',
    ],
    [
      from('AllergyIntolerance', { category: ['food', 'dust'] }),
      'code-invalid',
      'AllergyIntolerance.category[1]',
      /food, medication/,
    ],
    [
      from('AllergyIntolerance', { reaction: [{ severity: 'mild' }] }),
      'required',
      'AllergyIntolerance.reaction[0]',
      'manifestation is required, and missing',
    ],
    [
      from('DiagnosticReport', { presentedForm: [{ data: 'SGVsbG8' }] }),
      'value',
      'DiagnosticReport.presentedForm[0].data',
      /base64/,
    ],
    [
      from('DiagnosticReport', { presentedForm: [{ size: -1 }] }),
      'value',
      'DiagnosticReport.presentedForm[0].size',
      /from 0 to/,
    ],
    [
      from('MedicationRequest', { dosageInstruction: [{ timing: { repeat: { timeOfDay: ['8:00'] } } }] }),
      'value',
      'MedicationRequest.dosageInstruction[0].timing.repeat.timeOfDay[0]',
      /hh:mm:ss/,
    ],
    [
      from('Questionnaire', { item: [{ linkId: '1', type: 'group', item: [{ linkId: '2' }] }] }),
      'required',
      'Questionnaire.item[0].item[0]',
      'type is required, and missing',
    ],
    [
      from('Bundle', { entry: [{ resource: { resourceType: 'Patient', gender: 'x' } }] }),
      'code-invalid',
      'Bundle.entry[0].resource.gender',
      /male/,
    ],
    [
      { resourceType: 'Parameters', parameter: [{ name: 'u', valueUuid: 'urn:uuid:X' }] },
      'value',
      'Parameters.parameter[0].value.ofType(uuid)',
      /lower case/,
    ],
    [
      { resourceType: 'Parameters', parameter: [{ name: 'o', valueOid: '1.2' }] },
      'value',
      'Parameters.parameter[0].value.ofType(oid)',
      /urn:oid:/,
    ],
    [{}, 'required', 'Resource', 'must have a resourceType'],
    [
      { resourceType: 'Pateint' },
      'structure',
      'Resource',
      'has a resourceType that R4 does not have; is Patient meant?',
    ],
  ])('of %#: %s', (resource, code, expression, diagnostics) => {
    const issues = validateStructure(resource)
    expect(issues).toContainEqual({
      severity: 'error',
      code,
      details: { coding: [{ system: expect.any(String), code: expect.any(String) }], text: expect.any(String) },
      expression: [expression],
      diagnostics: typeof diagnostics === 'string' ? diagnostics : expect.stringMatching(diagnostics),
    })
  })

  it('says nothing that the resource says', () => {
    const secret = 'Chalmers-1974'
    const resource = {
      resourceType: 'Patient',
      gender: secret,
      birthDate: secret,
      active: secret,
      name: secret,
      id: `${secret}_`,
      [`${secret} x`]: 1,
    }
    expect(validateStructure(resource).length).toBeGreaterThanOrEqual(6)
    expect(JSON.stringify(validateStructure(resource))).not.toContain(secret)
  })

  it('of a part starts with where the part is', () => {
    expect(
      validateStructure({ resourceType: 'Patient', active: 1 }, 'Bundle.entry[3].resource')[0]?.expression,
    ).toEqual(['Bundle.entry[3].resource.active'])
  })

  it.each([[null], [undefined], ['Patient'], [1], [[]]])('of %j is that it is no resource', (value) => {
    expect(validateStructure(value)).toMatchObject([{ code: 'structure', expression: ['Resource'] }])
  })
})

describe('validateStructure', () => {
  it('lists 100 issues and says how many more there are, in the order of the document', () => {
    const resource = { resourceType: 'Patient', name: Array.from({ length: 150 }, () => ({ family: 1 })) }
    const issues = validateStructure(resource)
    expect(issues).toHaveLength(101)
    expect(issues[99]?.expression).toEqual(['Patient.name[99].family'])
    expect(issues[100]).toMatchObject({ severity: 'information', code: 'informational' })
    expect(issues[100]?.diagnostics).toContain('50 more')
    expect(validateStructure(resource)).toEqual(issues)
  })

  it('is not led astray by depth', () => {
    const text = `{"resourceType":"Questionnaire","status":"draft","item":${'[{"linkId":"1","type":"group","item":'.repeat(120)}[{"linkId":"1","type":"group"}]${'}]'.repeat(120)}}`
    expect(validateStructure(parseJson(text))).toMatchObject([{ diagnostics: expect.stringContaining('100 levels') }])
  })

  it('takes decimals that JavaScript could not hold, and no integers in their dress', () => {
    const observation = (value: string) =>
      parseJson(
        `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":${value}}}`,
      )
    for (const value of ['1.10', '0.00', '1e2', '12345678901234567890', '-0']) {
      expect(validateStructure(observation(value)), value).toEqual([])
    }
    expect(expressions(observation('1e999'))).toEqual(['Observation.value.ofType(Quantity).value'])
    expect(expressions(parseJson('{"resourceType":"Patient","multipleBirthInteger":1.0}'))).toEqual([
      'Patient.multipleBirth.ofType(integer)',
    ])
    expect(expressions(parseJson('{"resourceType":"Patient","name":[{"family":1.10}]}'))).toEqual([
      'Patient.name[0].family',
    ])
  })

  it('takes extensions in the place of a required value', () => {
    const absent = {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
    }
    expect(validateStructure({ resourceType: 'Observation', _status: absent, code: { text: 'x' } })).toEqual([])
  })

  it('takes an id beside a primitive, though not alone', () => {
    expect(validateStructure({ resourceType: 'Patient', active: true, _active: { id: 'a' } })).toEqual([])
    expect(expressions({ resourceType: 'Patient', active: true, _active: {} })).toEqual(['Patient.active'])
    expect(expressions({ resourceType: 'Patient', maritalStatus: { id: 'a' } })).toEqual(['Patient.maritalStatus'])
  })

  it.each([['<'], ['<a '], [' on a'], ['</div> ']])('reads a narrative of many %j in linear time', (piece) => {
    const div = `<div>${piece.repeat(1_000_000 / piece.length)}!`
    const started = performance.now()
    expect(expressions({ resourceType: 'Patient', text: { status: 'generated', div } })).toContain('Patient.text.div')
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('forgets the issues of the resource before', () => {
    validateStructure({ resourceType: 'Patient', contained: [{ resourceType: 'Patient', contained: [{}] }] })
    expect(validateStructure(good[0] as unknown as Resource)).toEqual([])
  })
})

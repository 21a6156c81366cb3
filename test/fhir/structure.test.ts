// https://hl7.org/fhir/R4/json.html, datatypes.html and extensibility.html
import type { Resource } from '@medplum/fhirtypes'
import { describe, expect, it } from 'vitest'
import { cloneJson, parseJson } from '../../src/fhir/json.js'
import { validateStructure } from '../../src/fhir/validation/structure.js'

type Json = Record<string, unknown>

const loinc = (code: string) => ({ coding: [{ system: 'http://loinc.org', code }], text: 'As coded' })
const snomed = (code: string) => ({ coding: [{ system: 'http://snomed.info/sct', code, userSelected: true }] })
const quantity = { value: 6.3, unit: 'mmol/L', system: 'http://unitsofmeasure.org', code: 'mmol/L' }
const period = { start: '2024-02-29T09:00:00Z', end: '2024-03-01' }
const patient = { reference: 'Patient/1', display: 'A patient' }
const usd = { value: 12.5, currency: 'USD' }

const good: Json[] = [
  {
    resourceType: 'Patient',
    id: 'p-1',
    meta: { versionId: '1', lastUpdated: '2024-05-06T07:08:09.123Z', profile: ['http://example.org/p'] },
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>A patient</p></div>' },
    contained: [{ resourceType: 'Organization', id: 'org', name: 'Contained' }],
    extension: [
      { url: 'http://example.org/nested', extension: [{ url: 'inner', valueString: 'x' }] },
      { url: 'http://example.org/flat', valueDecimal: 0.25 },
    ],
    identifier: [{ use: 'official', system: 'urn:oid:1.2.36', value: '42' }],
    active: true,
    name: [
      {
        family: 'Chalmers',
        given: ['Peter', null],
        _given: [null, { id: 'g2', extension: [{ url: 'http://example.org/e', valueCode: 'unknown' }] }],
      },
    ],
    telecom: [{ system: 'phone', value: '555', rank: 1 }],
    gender: 'male',
    birthDate: '1974-12-25',
    _birthDate: { extension: [{ url: 'http://example.org/time', valueDateTime: '1974-12-25T14:35:45-05:00' }] },
    deceasedBoolean: false,
    address: [{ line: ['534 Erewhon St'], city: 'PleasantVille', period: { start: '1974' } }],
    contact: [{ relationship: [snomed('1')], gender: 'female' }],
    communication: [{ language: { text: 'English' }, preferred: true }],
    link: [{ other: { reference: 'Patient/2' }, type: 'seealso' }],
  },
  {
    resourceType: 'Practitioner',
    name: [{ family: 'Careful' }],
    gender: 'female',
    qualification: [{ code: snomed('2'), period }],
  },
  {
    resourceType: 'Organization',
    active: true,
    name: 'HL7',
    contact: [{ name: { text: 'Desk' }, telecom: [{ system: 'email', value: 'a@example.org' }] }],
  },
  {
    resourceType: 'Encounter',
    status: 'finished',
    class: { code: 'AMB' },
    subject: patient,
    participant: [{ individual: { reference: 'Practitioner/1' }, period }],
    period,
    length: { value: 1, unit: 'h' },
    hospitalization: { dischargeDisposition: snomed('3') },
  },
  {
    resourceType: 'Observation',
    status: 'final',
    category: [loinc('1')],
    code: loinc('15074-8'),
    subject: patient,
    effectiveDateTime: '2013-04-02T09:30:10+01:00',
    issued: '2013-04-03T15:30:10+01:00',
    valueQuantity: quantity,
    referenceRange: [{ low: { value: 3.1 }, high: { value: 6.2 }, appliesTo: [snomed('4')] }],
    component: [{ code: loinc('2'), valueInteger: 5, referenceRange: [{ text: 'normal' }] }],
  },
  {
    resourceType: 'Condition',
    clinicalStatus: { coding: [{ code: 'active' }] },
    code: snomed('5'),
    subject: patient,
    onsetAge: { value: 52, code: 'a' },
    stage: [{ summary: snomed('6') }],
    note: [{ text: '*Note*', time: '2020-01' }],
  },
  {
    resourceType: 'Procedure',
    status: 'completed',
    code: snomed('7'),
    subject: patient,
    performedPeriod: period,
    performer: [{ actor: { reference: 'Practitioner/1' } }],
  },
  {
    resourceType: 'MedicationRequest',
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: snomed('8'),
    subject: patient,
    authoredOn: '2015-01-15',
    dosageInstruction: [
      {
        sequence: 1,
        asNeededBoolean: true,
        timing: { repeat: { frequency: 3, period: 1.5, periodUnit: 'd', timeOfDay: ['08:00:00'], dayOfWeek: ['mon'] } },
        doseAndRate: [{ doseQuantity: quantity }],
      },
    ],
    dispenseRequest: { numberOfRepeatsAllowed: 0, validityPeriod: period },
  },
  {
    resourceType: 'AllergyIntolerance',
    patient,
    type: 'allergy',
    category: ['food', 'medication'],
    criticality: 'high',
    code: snomed('9'),
    reaction: [{ manifestation: [snomed('10')], severity: 'mild' }],
  },
  {
    resourceType: 'Immunization',
    status: 'completed',
    vaccineCode: snomed('11'),
    patient,
    occurrenceDateTime: '2013-01-10',
    primarySource: true,
    protocolApplied: [{ doseNumberPositiveInt: 1 }],
  },
  {
    resourceType: 'DiagnosticReport',
    status: 'final',
    code: loinc('3'),
    subject: patient,
    effectivePeriod: period,
    result: [{ reference: 'Observation/1' }],
    presentedForm: [{ contentType: 'text/plain', data: 'SGVsbG8=', url: 'http://example.org/r', size: 5 }],
  },
  {
    resourceType: 'CarePlan',
    status: 'active',
    intent: 'plan',
    subject: patient,
    activity: [{ detail: { status: 'in-progress', code: snomed('12'), scheduledTiming: { event: ['2024-01-01'] } } }],
  },
  {
    resourceType: 'Goal',
    lifecycleStatus: 'active',
    description: { text: 'Walk' },
    subject: patient,
    target: [{ measure: loinc('4'), detailRange: { low: { value: 1 } }, dueDate: '2024-12' }],
  },
  {
    resourceType: 'CareTeam',
    status: 'active',
    subject: patient,
    participant: [{ role: [snomed('13')], member: patient }],
  },
  {
    resourceType: 'Claim',
    status: 'active',
    type: { text: 'professional' },
    use: 'claim',
    patient,
    created: '2014-08-16',
    provider: { reference: 'Organization/1' },
    priority: { text: 'normal' },
    insurance: [{ sequence: 1, focal: true, coverage: { reference: 'Coverage/1' } }],
    item: [
      {
        sequence: 1,
        careTeamSequence: [1, 2],
        productOrService: { text: 'exam' },
        servicedDate: '2014-08-16',
        unitPrice: usd,
        factor: 0.5,
        net: usd,
        detail: [
          {
            sequence: 1,
            productOrService: { text: 'x' },
            subDetail: [{ sequence: 1, productOrService: { text: 'y' } }],
          },
        ],
      },
    ],
    total: usd,
  },
  {
    resourceType: 'Device',
    identifier: [{ value: '1' }],
    udiCarrier: [{ deviceIdentifier: '123', carrierAIDC: 'QUJD' }],
    status: 'active',
    manufactureDate: '2015-08-08T16:00:00Z',
    deviceName: [{ name: 'Pump', type: 'model-name' }],
  },
  {
    resourceType: 'Questionnaire',
    status: 'draft',
    item: [{ linkId: '1', type: 'group', item: [{ linkId: '1.1', type: 'integer', initial: [{ valueInteger: 1 }] }] }],
  },
  {
    resourceType: 'Parameters',
    parameter: [
      { name: 'r', resource: { resourceType: 'Basic', code: { text: 'b' } } },
      { name: 'p', part: [{ name: 'q', valueUuid: 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520' }] },
    ],
  },
  {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520',
        resource: { resourceType: 'Patient', gender: 'male' },
        request: { method: 'POST', url: 'Patient' },
      },
    ],
  },
]

/** The property names above that stand for a choice of types. */
const choices: Record<string, string> = Object.fromEntries(
  'deceasedBoolean effectiveDateTime effectivePeriod valueQuantity valueInteger valueString valueDecimal valueCode valueDateTime valueUuid onsetAge performedPeriod medicationCodeableConcept asNeededBoolean doseQuantity occurrenceDateTime doseNumberPositiveInt scheduledTiming detailRange dueDate servicedDate'
    .split(' ')
    .map((key) => [key, key.match(/^([a-z]+?(?:Needed|Number)?)[A-Z]\w*$/)![1]!]),
)

const requiredOf: Record<string, string[]> = {
  Encounter: ['status', 'class'],
  Observation: ['status', 'code'],
  Condition: ['subject'],
  Procedure: ['status', 'subject'],
  MedicationRequest: ['status', 'intent', 'medicationCodeableConcept', 'subject'],
  AllergyIntolerance: ['patient'],
  Immunization: ['status', 'vaccineCode', 'patient', 'occurrenceDateTime'],
  DiagnosticReport: ['status', 'code'],
  CarePlan: ['status', 'intent', 'subject'],
  Goal: ['lifecycleStatus', 'description', 'subject'],
  Claim: ['status', 'type', 'use', 'patient', 'created', 'provider', 'priority', 'insurance'],
  Questionnaire: ['status'],
  Bundle: ['type'],
}

interface Broken {
  how: string
  resource: Json
  expression: string
}

/** Every property of a resource, broken in every way that its JSON alone suggests. */
function broken(resource: Json): Broken[] {
  const cases: Broken[] = []
  const type = resource.resourceType as string
  const add = (
    how: string,
    keys: (string | number)[],
    expression: string,
    change: (object: Json, key: string) => void,
  ) => {
    const copy = cloneJson(resource)
    const parent = keys.slice(0, -1).reduce<Json>((at, key) => at[key] as Json, copy)
    change(parent, String(keys.at(-1)))
    cases.push({ how: `${expression} ${how}`, resource: copy, expression })
  }
  const walk = (object: Json, keys: (string | number)[], path: string) => {
    add('of no type', [...keys, 'nonsense'], `${path}.nonsense`, (at, key) => Object.assign(at, { [key]: 'x' }))
    for (const [key, value] of Object.entries(object)) {
      const here = [...keys, key]
      const child = `${path}.${choices[key] ?? key.replace(/^_/, '')}`
      if (key === 'resourceType') continue
      add('is null', here, child, (at) => Object.assign(at, { [key]: null }))
      add('is an empty array', here, child, (at) => Object.assign(at, { [key]: [] }))
      if (Array.isArray(value)) {
        add('does not repeat', here, child, (at) => Object.assign(at, { [key]: value[0] ?? {} }))
        value.forEach((item, i) => {
          if (typeof item === 'object' && item !== null) walk(item as Json, [...here, i], `${child}[${i}]`)
          else if (item !== null)
            add('is an object', [...here, i], `${child}[${i}]`, (at, index) => Object.assign(at, { [index]: {} }))
        })
      } else {
        add('repeats', here, child, (at) => Object.assign(at, { [key]: [value] }))
        add('is an empty object', here, child, (at) => Object.assign(at, { [key]: {} }))
        if (typeof value === 'object') walk(value as Json, here, child)
        else if (typeof value === 'string') {
          add('is a number', here, child, (at) => Object.assign(at, { [key]: 1 }))
          add('is empty', here, child, (at) => Object.assign(at, { [key]: '' }))
        } else add('is a string', here, child, (at) => Object.assign(at, { [key]: String(value) }))
      }
    }
  }
  walk(resource, [], type)
  for (const key of requiredOf[type] ?? []) {
    add('is missing', [key], `${type}.${choices[key] ?? key}`, (at) => delete at[key])
  }
  return cases
}

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
    [from('Patient', { nmae: 'x' }), 'structure', 'Patient.nmae', 'is not an element of Patient; is name meant?'],
    [
      from('Patient', { birthdate: '2000' }),
      'structure',
      'Patient.birthdate',
      'is not an element of Patient; is birthDate meant?',
    ],
    [
      from('Patient', { deceasedString: 'x' }),
      'structure',
      'Patient.deceasedString',
      'is not an element of Patient, which has deceasedBoolean, deceasedDateTime',
    ],
    [
      from('Patient', { deceasedDateTime: '2020' }),
      'structure',
      'Patient.deceased',
      'must have one type; found deceasedBoolean and deceasedDateTime',
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
    [from('Patient', { multipleBirthInteger: 1.5 }), 'value', 'Patient.multipleBirth', /whole JSON number/],
    [from('Patient', { multipleBirthInteger: 2 ** 31 }), 'value', 'Patient.multipleBirth', /32 bits/],
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
    [from('Patient', { _active: { url: 'x' } }), 'structure', 'Patient.active.url', /not an element of Element/],
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
    [from('Patient', { extension: [{ valueString: 'x' }] }), 'required', 'Patient.extension[0].url', 'is required'],
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
      'Patient.extension[0].value',
      /valueCode and valueString/,
    ],
    [
      from('Patient', { extension: [{ url: 'http://a', valueFamily: 'x' }] }),
      'structure',
      'Patient.extension[0].valueFamily',
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
      'Patient.contained[0].code',
      'is required',
    ],
    [from('Observation', { status: 'done' }), 'code-invalid', 'Observation.status', /registered, preliminary/],
    [from('Observation', { valueString: 'x' }), 'structure', 'Observation.value', /valueQuantity and valueString/],
    [from('Observation', { valueMoney: usd }), 'structure', 'Observation.valueMoney', /which has valueQuantity/],
    [from('Observation', { value: 1 }), 'structure', 'Observation.value', /which has valueQuantity/],
    [from('Observation', { valueQuantity: { value: '1.10' } }), 'value', 'Observation.value.value', /without quotes/],
    [
      from('Observation', { effectiveDateTime: '2013-04-02T09:30:10' }),
      'value',
      'Observation.effective',
      /with Z or an offset/,
    ],
    [
      from('Observation', { effectiveDateTime: '2013-04-02T24:00:00Z' }),
      'value',
      'Observation.effective',
      /must be a date that exists/,
    ],
    [
      from('Observation', { component: [{ valueInteger: 1 }] }),
      'required',
      'Observation.component[0].code',
      'is required',
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
      'AllergyIntolerance.reaction[0].manifestation',
      'is required',
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
      'Questionnaire.item[0].item[0].type',
      'is required',
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
      'Parameters.parameter[0].value',
      /lower case/,
    ],
    [
      { resourceType: 'Parameters', parameter: [{ name: 'o', valueOid: '1.2' }] },
      'value',
      'Parameters.parameter[0].value',
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
    expect(expressions(observation('1e999'))).toEqual(['Observation.value.value'])
    expect(expressions(parseJson('{"resourceType":"Patient","multipleBirthInteger":1.0}'))).toEqual([
      'Patient.multipleBirth',
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

import { cloneJson } from '../../src/fhir/json.js'

export type Json = Record<string, unknown>

const loinc = (code: string) => ({ coding: [{ system: 'http://loinc.org', code }], text: 'As coded' })
const snomed = (code: string) => ({ coding: [{ system: 'http://snomed.info/sct', code, userSelected: true }] })
const quantity = { value: 6.3, unit: 'mmol/L', system: 'http://unitsofmeasure.org', code: 'mmol/L' }
const period = { start: '2024-02-29T09:00:00Z', end: '2024-03-01' }
const patient = { reference: 'Patient/1', display: 'A patient' }
export const usd = { value: 12.5, currency: 'USD' }

/** Resources whose structure is right, with most kinds of elements between them. */
export const good: Json[] = [
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
    telecom: [{ system: 'phone', value: '555-010-0100', rank: 1 }],
    gender: 'male',
    birthDate: '1974-12-25',
    _birthDate: { extension: [{ url: 'http://example.org/time', valueDateTime: '1974-12-25T14:35:45-05:00' }] },
    deceasedBoolean: false,
    address: [{ line: ['534 Erewhon St'], city: 'PleasantVille', period: { start: '1974' } }],
    contact: [{ relationship: [snomed('1')], name: { text: 'Ann' }, gender: 'female' }],
    communication: [{ language: { text: 'English' }, preferred: true }],
    managingOrganization: { reference: '#org' },
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
    clinicalStatus: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }],
    },
    code: snomed('5'),
    subject: patient,
    onsetAge: { value: 52, system: 'http://unitsofmeasure.org', code: 'a' },
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
    clinicalStatus: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' }],
    },
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
        quantity: { value: 2 },
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

/** The property names above that stand for a choice of types, as FHIRPath writes them. */
const choices: Record<string, string> = Object.fromEntries(
  'deceased:boolean effective:dateTime effective:Period value:Quantity value:integer value:string value:decimal value:code value:dateTime value:uuid onset:Age performed:Period medication:CodeableConcept asNeeded:boolean dose:Quantity occurrence:dateTime doseNumber:positiveInt scheduled:Timing detail:Range due:date serviced:date'
    .split(' ')
    .map((choice) => choice.split(':') as [string, string])
    .map(([name, type]) => [name + type[0]!.toUpperCase() + type.slice(1), `${name}.ofType(${type})`]),
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

export interface Broken {
  how: string
  resource: Json
  expression: string
}

/** Every property of a resource, broken in every way that its JSON alone suggests. */
export function broken(resource: Json): Broken[] {
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
    add('has nonsense', [...keys, 'nonsense'], path, (at, key) => Object.assign(at, { [key]: 'x' }))
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
    add(`misses ${key}`, [key], type, (at) => delete at[key])
  }
  return cases
}

import { createReference } from '@medplum/core'
import type { AllergyIntolerance, CareTeam, Coverage, Extension, Organization, Patient } from '@medplum/fhirtypes'
import { medicalRecordNumber, socialSecurityNumber } from '../load/identifiers.js'
import type { Chart } from './chart.js'
import { coding, hl7, snomed, system, type Term } from './codes.js'
import { family, given } from './names.js'
import { address, ascii, type Clinic, type Clinician, language, type Network, phone } from './network.js'
import type { Random, Weighted } from './random.js'
import { ageAt, dateOf, instant, today, year } from './time.js'

/** A patient with what stays the same from visit to visit. */
export interface Person {
  patient: Patient & { id: string }
  coverage: Coverage & { id: string }
  payer: Organization
  birth: number
  /** Death, or today. */
  end: number
  clinic: Clinic
  clinician: Clinician
}

export function person(chart: Chart, number: number, { clinics, payers }: Network): Person {
  const { random } = chart
  const birth =
    today -
    Math.floor(
      random.weighted([
        [22, random.whole(0, 6574)],
        [55, random.whole(6575, 23_740)],
        [23, random.whole(23_741, 34_700)],
      ]) * 86_400_000,
    )
  const age = ageAt(birth, today)
  const end = random.chance(age > 70 ? 0.12 : 0.01) ? today - Math.floor(random.fraction() * year) : today
  const clinic = random.pick(clinics)
  const clinician = clinic.clinicians[age < 18 ? 2 : random.pick([0, 1, 3])]!
  const patient = chart.add<Patient>(demographics(random, number, birth, Math.max(end, birth), clinic, clinician))
  const payer = payers[age >= 65 ? 2 : random.whole(0, 1)]!
  const coverage = chart.add<Coverage>({
    resourceType: 'Coverage',
    status: 'active',
    type: {
      coding: [
        age >= 65
          ? coding(system.actCode, 'PUBLICPOL', 'public healthcare')
          : coding(system.actCode, 'EHCPOL', 'extended healthcare'),
      ],
    },
    subscriber: createReference(patient),
    subscriberId: `M${random.digits(9)}`,
    beneficiary: createReference(patient),
    relationship: hl7('subscriber-relationship', 'self', 'Self'),
    period: { start: dateOf(Math.max(birth, today - 6 * year)) },
    payor: [createReference(payer)],
  })
  chart.add<CareTeam>({
    resourceType: 'CareTeam',
    status: 'active',
    name: 'Primary care team',
    subject: createReference(patient),
    participant: [
      { role: [snomed('446050000', 'Primary care physician')], member: createReference(clinician.practitioner) },
      { role: [snomed('116154003', 'Patient')], member: createReference(patient) },
    ],
    managingOrganization: [createReference(clinic.organization)],
  })
  return { patient, coverage, payer, birth, end, clinic, clinician }
}

const races: Weighted<Term> = [
  [65, ['2106-3', 'White']],
  [15, ['2054-5', 'Black or African American']],
  [12, ['2028-9', 'Asian']],
  [2, ['1002-5', 'American Indian or Alaska Native']],
  [1, ['2076-8', 'Native Hawaiian or Other Pacific Islander']],
]
const languages: Weighted<Term> = [
  [80, ['en', 'English']],
  [12, ['es', 'Spanish']],
  [4, ['pt', 'Portuguese']],
  [4, ['zh', 'Chinese']],
]
const maritalStatuses: Weighted<Term> = [
  [5, ['M', 'Married']],
  [3, ['S', 'Never Married']],
  [1, ['D', 'Divorced']],
]

function demographics(
  random: Random,
  number: number,
  birth: number,
  end: number,
  clinic: Clinic,
  { practitioner }: Clinician,
): Patient {
  const gender = random.pick(['female', 'male'] as const)
  const [familyName, first, middle] = [random.pick(family), random.pick(given[gender]), random.pick(given[gender])]
  const adult = ageAt(birth, end) >= 18
  return {
    resourceType: 'Patient',
    extension: [
      ombCategory('race', random.weighted(races)),
      ombCategory(
        'ethnicity',
        random.chance(0.16) ? ['2135-2', 'Hispanic or Latino'] : ['2186-5', 'Not Hispanic or Latino'],
      ),
      {
        url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex',
        valueCode: gender === 'female' ? 'F' : 'M',
      },
    ],
    identifier: [
      medicalRecordNumber(system.mrn, `S${String(number).padStart(7, '0')}`),
      // No social security number begins with 9.
      socialSecurityNumber(`9${random.digits(2)}-${random.digits(2)}-${random.digits(4)}`),
    ],
    active: end === today,
    name: [
      {
        use: 'official',
        family: familyName,
        given: [first, middle],
        ...(adult && { prefix: [gender === 'female' ? 'Ms.' : 'Mr.'] }),
      },
    ],
    telecom: [
      { system: 'phone', value: phone(random), use: 'home' },
      ...(adult
        ? [{ system: 'email' as const, value: `${ascii(first)}.${ascii(familyName)}${number}@mail.example` }]
        : []),
    ],
    gender,
    birthDate: dateOf(birth),
    ...(end < today && { deceasedDateTime: instant(end) }),
    address: [{ use: 'home', ...address(random) }],
    maritalStatus: adult
      ? hl7('v3-MaritalStatus', ...random.weighted(maritalStatuses))
      : hl7('v3-MaritalStatus', 'S', 'Never Married'),
    communication: [{ language: language(...random.weighted(languages)), preferred: true }],
    generalPractitioner: [createReference(practitioner)],
    managingOrganization: createReference(clinic.organization),
  }
}

function ombCategory(kind: 'race' | 'ethnicity', [code, display]: Term): Extension {
  return {
    url: `http://hl7.org/fhir/us/core/StructureDefinition/us-core-${kind}`,
    extension: [
      { url: 'ombCategory', valueCoding: coding(system.cdcRace, code, display) },
      { url: 'text', valueString: display },
    ],
  }
}

const allergens = [
  {
    category: 'medication',
    code: snomed('764146007', 'Penicillin'),
    reaction: snomed('271807003', 'Eruption of skin'),
  },
  { category: 'medication', code: snomed('387458008', 'Aspirin'), reaction: snomed('247472004', 'Wheal') },
  { category: 'food', code: snomed('762952008', 'Peanut'), reaction: snomed('39579001', 'Anaphylaxis') },
  { category: 'environment', code: snomed('256277009', 'Grass pollen'), reaction: snomed('267036007', 'Dyspnea') },
  { category: 'environment', code: snomed('111088007', 'Latex'), reaction: snomed('247472004', 'Wheal') },
] as const

/** One allergy for three in ten; for the others the statement that none is known. */
export function allergy(chart: Chart, { patient, birth, end, clinician }: Person) {
  const { random } = chart
  const known = random.chance(0.3) ? random.pick(allergens) : undefined
  const severe = known?.reaction.text === 'Anaphylaxis'
  chart.add<AllergyIntolerance>({
    resourceType: 'AllergyIntolerance',
    clinicalStatus: hl7('allergyintolerance-clinical', 'active', 'Active'),
    verificationStatus: hl7('allergyintolerance-verification', 'confirmed', 'Confirmed'),
    ...(known && { type: 'allergy', category: [known.category], criticality: severe ? 'high' : 'low' }),
    code: known?.code ?? snomed('716186003', 'No known allergy'),
    patient: createReference(patient),
    recordedDate: dateOf(birth + (end - birth) * 0.8),
    recorder: createReference(clinician.practitioner),
    ...(known && {
      reaction: [{ substance: known.code, manifestation: [known.reaction], severity: severe ? 'severe' : 'mild' }],
    }),
  })
}

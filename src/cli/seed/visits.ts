import { createReference } from '@medplum/core'
import type {
  CodeableConcept,
  Coding,
  Condition,
  DocumentReference,
  Encounter,
  Immunization,
  MedicationRequest,
  Procedure,
} from '@medplum/fhirtypes'
import type { Chart } from './chart.js'
import { type Charge, claim } from './claims.js'
import { coding, concept, cvx, hl7, loinc, quantity, snomed, system } from './codes.js'
import { acute, chronic, type Disease, diabetes } from './conditions.js'
import { device } from './devices.js'
import { type Build, build, lab, type Measured, panels, vitals } from './measurements.js'
import type { Person } from './person.js'
import { carePlan } from './plans.js'
import { ageAt, day, instant, minute, officeHour, today, year } from './time.js'

type Kind = 'checkup' | 'symptom' | 'emergency' | 'followUp' | 'virtual'

/** How each kind of visit is coded and charged, and how long it takes. */
const kinds: Record<Kind, { class: Coding; type: CodeableConcept; minutes: number; charge: Charge }> = {
  checkup: {
    class: coding(system.actCode, 'AMB', 'ambulatory'),
    type: snomed('185349003', 'Encounter for check up'),
    minutes: 45,
    charge: ['G0439', 'Annual wellness visit, subsequent', 132],
  },
  symptom: {
    class: coding(system.actCode, 'AMB', 'ambulatory'),
    type: snomed('185345009', 'Encounter for symptom'),
    minutes: 20,
    charge: ['G0463', 'Hospital outpatient clinic visit', 118],
  },
  emergency: {
    class: coding(system.actCode, 'EMER', 'emergency'),
    type: snomed('50849002', 'Emergency room admission'),
    minutes: 150,
    charge: ['G0381', 'Level 2 hospital emergency department visit', 410],
  },
  followUp: {
    class: coding(system.actCode, 'AMB', 'ambulatory'),
    type: snomed('390906007', 'Follow-up encounter'),
    minutes: 30,
    charge: ['G0463', 'Hospital outpatient clinic visit', 118],
  },
  virtual: {
    class: coding(system.actCode, 'VR', 'virtual'),
    type: snomed('448337001', 'Telemedicine consultation with patient'),
    minutes: 15,
    charge: ['G2012', 'Brief communication technology-based service', 26],
  },
}

/** The wellness visit of G0439 is Medicare's; who is younger has this. */
const clinicVisit: Charge = ['T1015', 'Clinic visit/encounter, all-inclusive', 128]

interface Visit {
  at: number
  kind: Kind
  disease?: Disease
}

/** What is known about a person while the years go by. */
interface History {
  person: Person
  build: Build
  /** Diseases that have been diagnosed, with their Condition. */
  diagnosed: Map<Disease, Condition>
}

/** Up to six years of visits, in order of time, with all that was found, done, prescribed and charged. */
export function visits(chart: Chart, person: Person): void {
  const { random } = chart
  const age = ageAt(person.birth, person.end)
  const diseases = new Set(chronic.filter(({ chance }) => random.chance(chance(age))))
  const record: History = { person, build: build(chart, person, diseases), diagnosed: new Map() }
  for (const visit of planned(chart, person, diseases)) attend(chart, record, visit)
  if (record.diagnosed.size > 0) carePlan(chart, person, record.diagnosed)
}

function planned({ random }: Chart, { birth, end }: Person, diseases: Set<Disease>): Visit[] {
  const first = Math.max(birth + 14 * day, end - 6 * year)
  const list: Visit[] = []
  const undiagnosed = [...diseases]
  for (let at = first; at < end - 7 * day; at += year) {
    list.push({ at: at + random.whole(0, 20) * day, kind: 'checkup', disease: undiagnosed.shift() })
    if (diseases.size > 0) list.push({ at: at + 180 * day, kind: random.chance(0.3) ? 'virtual' : 'followUp' })
    for (const disease of acute) {
      if (random.chance(disease.chance(ageAt(birth, at)))) {
        list.push({
          at: at + random.whole(30, 340) * day,
          kind: random.chance(0.15) ? 'emergency' : 'symptom',
          disease,
        })
      }
    }
  }
  return list
    .map((visit) => ({ ...visit, at: officeHour(visit.at, random.whole(0, 31)) }))
    .filter(({ at }) => at < end - day)
    .sort((a, b) => a.at - b.at)
}

function attend(chart: Chart, record: History, visit: Visit): void {
  const { person } = record
  const { at, kind, disease } = visit
  const { minutes, charge } = kinds[kind]
  const reason = disease ?? [...record.diagnosed.keys()].at(-1)
  const encounter = chart.add<Encounter>(encounterOf(person, visit, reason))
  const measured: Measured = { person, encounter, at: at + 5 * minute }
  const charges: Charge[] = [kind === 'checkup' && ageAt(person.birth, at) < 65 ? clinicVisit : charge]

  if (kind !== 'virtual') vitals(chart, measured, record.build)
  if (disease) diagnose(chart, record, disease, encounter, at)
  if (kind === 'checkup') charges.push(...checkup(chart, record, measured))
  note(chart, person, encounter, at + minutes * minute, reason)
  claim(chart, person, encounter, at + minutes * minute, reason, charges)
}

function encounterOf(
  { patient, clinic, clinician }: Person,
  { at, kind }: Visit,
  reason: Disease | undefined,
): Encounter {
  const { type, minutes, class: encounterClass } = kinds[kind]
  const period = { start: instant(at), end: instant(at + minutes * minute) }
  return {
    resourceType: 'Encounter',
    status: 'finished',
    class: encounterClass,
    type: [type],
    subject: createReference(patient),
    participant: [
      {
        type: [concept('http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'PPRF', 'primary performer')],
        period,
        individual: createReference(clinician.practitioner),
      },
    ],
    period,
    ...(reason && { reasonCode: [reason.code] }),
    location: [{ location: createReference(clinic.location) }],
    serviceProvider: createReference(clinic.organization),
  }
}

function diagnose(
  chart: Chart,
  { person, diagnosed }: History,
  disease: Disease,
  encounter: Encounter,
  at: number,
): void {
  const over = disease.days === undefined ? undefined : at + disease.days * day
  const resolved = over !== undefined && over < today
  const condition = chart.add<Condition>({
    resourceType: 'Condition',
    clinicalStatus: resolved
      ? hl7('condition-clinical', 'resolved', 'Resolved')
      : hl7('condition-clinical', 'active', 'Active'),
    verificationStatus: hl7('condition-ver-status', 'confirmed', 'Confirmed'),
    category: [hl7('condition-category', 'encounter-diagnosis', 'Encounter Diagnosis')],
    code: disease.code,
    subject: createReference(person.patient),
    encounter: createReference(encounter),
    onsetDateTime: instant(at - (disease.days === undefined ? 30 : 2) * day),
    ...(resolved && { abatementDateTime: instant(over) }),
    recordedDate: instant(at),
    recorder: createReference(person.clinician.practitioner),
  })
  if (disease.days === undefined) {
    diagnosed.set(disease, condition)
    device(chart, person, disease)
  }
  prescribe(chart, person, disease, condition, encounter, at)
}

function prescribe(
  chart: Chart,
  person: Person,
  { medication, days }: Disease,
  condition: Condition,
  encounter: Encounter,
  at: number,
): void {
  if (!medication) return
  const isOver = days !== undefined && at + days * day < today
  chart.add<MedicationRequest>({
    resourceType: 'MedicationRequest',
    status: isOver ? 'completed' : person.end < today ? 'stopped' : 'active',
    intent: 'order',
    category: [hl7('medicationrequest-category', 'outpatient', 'Outpatient')],
    medicationCodeableConcept: medication.code,
    subject: createReference(person.patient),
    encounter: createReference(encounter),
    authoredOn: instant(at + 10 * minute),
    requester: createReference(person.clinician.practitioner),
    reasonReference: [createReference(condition)],
    dosageInstruction: [
      {
        text: medication.dose,
        timing: { repeat: { frequency: medication.perDay, period: 1, periodUnit: 'd' } },
        doseAndRate: [{ doseQuantity: quantity(1, '{dose}', 'dose') }],
      },
    ],
    dispenseRequest: {
      numberOfRepeatsAllowed: days === undefined ? 3 : 0,
      quantity: quantity(medication.perDay * (days ?? 90), '{dose}', 'dose'),
      expectedSupplyDuration: quantity(days ?? 90, 'd'),
    },
  })
}

const vaccines = {
  influenza: cvx('140', 'Influenza, seasonal, injectable, preservative free'),
  tdap: cvx('115', 'Tdap'),
  pneumococcal: cvx('33', 'pneumococcal polysaccharide PPV23'),
  zoster: cvx('187', 'zoster recombinant'),
  hpv: cvx('62', 'HPV, quadrivalent'),
}

/** Tests, vaccinations and screenings of a yearly visit. */
function checkup(chart: Chart, { person, diagnosed }: History, measured: Measured): Charge[] {
  const { random } = chart
  const age = ageAt(person.birth, measured.at)
  const charges: Charge[] = [['G0008', 'Administration of influenza virus vaccine', 31]]
  immunize(chart, measured, vaccines.influenza)
  if (age === 11) immunize(chart, measured, vaccines.tdap)
  if (age === 12 || age === 13) immunize(chart, measured, vaccines.hpv)
  if (age === 50 || age === 51) immunize(chart, measured, vaccines.zoster)
  if (age === 65) {
    immunize(chart, measured, vaccines.pneumococcal)
    charges.push(['G0009', 'Administration of pneumococcal vaccine', 31])
  }
  if (age >= 18) {
    lab(chart, measured, panels.metabolic)
    lab(chart, measured, random.chance(0.5) ? panels.lipid : panels.bloodCount)
    procedure(chart, measured, snomed('171207006', 'Depression screening'))
    charges.push(['G0444', 'Annual depression screening', 22])
  }
  if (diagnosed.has(diabetes)) lab(chart, measured, panels.diabetes)
  if (age === 50 || age === 60) {
    procedure(chart, measured, snomed('73761001', 'Colonoscopy'))
    charges.push(['G0121', 'Colorectal cancer screening; colonoscopy', 780])
  }
  procedure(chart, measured, snomed('430193006', 'Medication reconciliation'))
  return charges
}

function immunize(chart: Chart, { person, encounter, at }: Measured, vaccineCode: CodeableConcept): void {
  chart.add<Immunization>({
    resourceType: 'Immunization',
    status: 'completed',
    vaccineCode,
    patient: createReference(person.patient),
    encounter: createReference(encounter),
    occurrenceDateTime: instant(at + 10 * minute),
    primarySource: true,
    location: createReference(person.clinic.location),
    lotNumber: `L${chart.random.digits(6)}`,
    expirationDate: instant(at + year).slice(0, 10),
    site: concept('http://terminology.hl7.org/CodeSystem/v3-ActSite', 'LA', 'left arm'),
    route: concept('http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration', 'IM', 'Injection, intramuscular'),
    doseQuantity: quantity(0.5, 'mL'),
    performer: [{ actor: createReference(person.clinician.practitioner) }],
  })
}

function procedure(chart: Chart, { person, encounter, at }: Measured, code: CodeableConcept): void {
  chart.add<Procedure>({
    resourceType: 'Procedure',
    status: 'completed',
    code,
    subject: createReference(person.patient),
    encounter: createReference(encounter),
    performedPeriod: { start: instant(at + 12 * minute), end: instant(at + 25 * minute) },
    performer: [{ actor: createReference(person.clinician.practitioner) }],
    location: createReference(person.clinic.location),
  })
}

function note(
  chart: Chart,
  { patient, clinician, clinic }: Person,
  encounter: Encounter,
  at: number,
  reason: Disease | undefined,
): void {
  const kind = encounter.type?.[0]?.text ?? 'Visit'
  const text = `${kind}. ${reason ? `Reason: ${reason.code.text}. ` : ''}History reviewed, findings discussed, plan agreed.`
  chart.add<DocumentReference>({
    resourceType: 'DocumentReference',
    status: 'current',
    docStatus: 'final',
    type: loinc('11506-3', 'Progress note'),
    category: [
      concept(
        'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category',
        'clinical-note',
        'Clinical Note',
      ),
    ],
    subject: createReference(patient),
    date: instant(at),
    author: [createReference(clinician.practitioner)],
    custodian: createReference(clinic.organization),
    content: [
      {
        attachment: {
          contentType: 'text/plain; charset=utf-8',
          data: Buffer.from(text).toString('base64'),
          title: kind,
          creation: instant(at),
        },
        format: coding(
          'http://ihe.net/fhir/ValueSet/IHE.FormatCode.codesystem',
          'urn:ihe:iti:xds:2017:mimeTypeSufficient',
          'mimeType Sufficient',
        ),
      },
    ],
    context: { encounter: [createReference(encounter)], period: encounter.period },
  })
}

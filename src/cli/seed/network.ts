import { createReference } from '@medplum/core'
import type { Location, Organization, Practitioner, PractitionerRole, Schedule } from '@medplum/fhirtypes'
import { Chart } from './chart.js'
import { coding, concept, hl7, snomed, system, type Term } from './codes.js'
import { cities, family, given, streets } from './names.js'
import { Random } from './random.js'
import { day, instant, minute, officeHour, today } from './time.js'

/** A doctor or nurse at work in one clinic. */
export interface Clinician {
  practitioner: Practitioner
  role: PractitionerRole
  schedule: Schedule
}

export interface Clinic {
  organization: Organization
  location: Location
  clinicians: Clinician[]
}

/** Who cares for the population and who pays for it. */
export interface Network {
  clinics: Clinic[]
  payers: Organization[]
  chart: Chart
}

const clinicNames = ['Harborview Community Health', 'Blue Hills Family Medicine', 'Merrimack Valley Clinic']
const payerNames = ['Commonwealth Mutual Health Plan', 'Bay Colony Insurance', 'Pilgrim Public Benefits']
interface Specialty {
  taxonomy: Term
  snomed: Term
}

const specialties: Specialty[] = [
  { taxonomy: ['207Q00000X', 'Family Medicine Physician'], snomed: ['419772000', 'Family practice'] },
  { taxonomy: ['207R00000X', 'Internal Medicine Physician'], snomed: ['419192003', 'Internal medicine'] },
  { taxonomy: ['208000000X', 'Pediatrics Physician'], snomed: ['394537008', 'Pediatric specialty'] },
  { taxonomy: ['363LF0000X', 'Family Nurse Practitioner'], snomed: ['419772000', 'Family practice'] },
]

/** The organizations, locations, practitioners with their roles and calendars, all of them in one chart. */
export function network(seed: number): Network {
  const chart = new Chart(new Random(`${seed}/network`))
  const payers = payerNames.map((name) => organization(chart, name, 'ins', 'Insurance Company'))
  const clinics = clinicNames.map((name) => {
    const owner = organization(chart, name, 'prov', 'Healthcare Provider')
    const location = chart.add<Location>({
      resourceType: 'Location',
      status: 'active',
      name: `${name}, main building`,
      mode: 'instance',
      type: [concept('http://terminology.hl7.org/CodeSystem/v3-RoleCode', 'OF', 'outpatient facility')],
      telecom: owner.telecom,
      address: owner.address?.[0],
      managingOrganization: createReference(owner),
    })
    const clinicians = specialties.map((specialty) => clinician(chart, owner, location, specialty))
    return { organization: owner, location, clinicians }
  })
  for (const { clinicians } of clinics) for (const { schedule } of clinicians) freeSlots(chart, schedule)
  return { clinics, payers, chart }
}

function organization(chart: Chart, name: string, type: string, display: string): Organization {
  return chart.add<Organization>({
    resourceType: 'Organization',
    identifier: [{ system: system.npi, value: npi(chart.random) }],
    active: true,
    type: [hl7('organization-type', type, display)],
    name,
    telecom: [{ system: 'phone', value: phone(chart.random), use: 'work' }],
    address: [address(chart.random)],
  })
}

function clinician(chart: Chart, owner: Organization, location: Location, specialty: Specialty): Clinician {
  const { random } = chart
  const gender = random.pick(['female', 'male'] as const)
  const [familyName, givenName] = [random.pick(family), random.pick(given[gender])]
  const practitioner = chart.add<Practitioner>({
    resourceType: 'Practitioner',
    identifier: [{ system: system.npi, value: npi(random) }],
    active: true,
    name: [{ use: 'official', family: familyName, given: [givenName], prefix: ['Dr.'] }],
    telecom: [{ system: 'email', value: `${ascii(givenName)}.${ascii(familyName)}@clinic.example`, use: 'work' }],
    gender,
  })
  const role = chart.add<PractitionerRole>({
    resourceType: 'PractitionerRole',
    active: true,
    practitioner: createReference(practitioner),
    organization: createReference(owner),
    code: [concept(system.taxonomy, ...specialty.taxonomy)],
    specialty: [snomed(...specialty.snomed)],
    location: [createReference(location)],
    telecom: owner.telecom,
  })
  const schedule = chart.add<Schedule>({
    resourceType: 'Schedule',
    active: true,
    specialty: [snomed(...specialty.snomed)],
    actor: [createReference(practitioner), createReference(location)],
    planningHorizon: { start: instant(today) },
  })
  return { practitioner, role, schedule }
}

/** The afternoons of two weeks; mornings are for the appointments that patients have. */
function freeSlots(chart: Chart, schedule: Schedule) {
  for (let date = 1; date <= 14; date++) {
    const noon = today + date * day
    if ([0, 6].includes(new Date(noon).getUTCDay())) continue
    for (let quarter = 16; quarter < 32; quarter += 4) {
      const start = officeHour(noon, quarter)
      chart.add({
        resourceType: 'Slot',
        schedule: createReference(schedule),
        status: 'free',
        start: instant(start),
        end: instant(start + 30 * minute),
      })
    }
  }
}

export function address(random: Random) {
  return {
    line: [`${random.whole(1, 400)} ${random.pick(streets)}`],
    ...random.pick(cities),
    state: 'MA',
    country: 'US',
  }
}

/** 555-01xx is kept free for fiction. */
export const phone = (random: Random) => `${random.pick([617, 508, 978, 413])}-555-01${random.digits(2)}`

export const ascii = (name: string) =>
  name
    .normalize('NFD')
    .replace(/[^A-Za-z]/g, '')
    .toLowerCase()

/** Ten digits of which the last makes the Luhn sum right with the prefix 80840 that NPIs have as card numbers. */
function npi(random: Random): string {
  const nine = `1${random.digits(8)}`
  const sum = [...`80840${nine}`].reverse().reduce((total, digit, i) => {
    const doubled = i % 2 === 0 ? Number(digit) * 2 : Number(digit)
    return total + (doubled > 9 ? doubled - 9 : doubled)
  }, 0)
  return `${nine}${(10 - (sum % 10)) % 10}`
}

export const language = (code: string, display: string) => ({
  coding: [coding('urn:ietf:bcp:47', code, display)],
  text: display,
})

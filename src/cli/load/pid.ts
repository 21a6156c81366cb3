import type {
  Address,
  CodeableConcept,
  ContactPoint,
  Extension,
  HumanName,
  Identifier,
  Patient,
} from '@medplum/fhirtypes'
import type { HL7Node } from 'node-hl7-client'
import { dateOf, socialSecurityNumber, writtenSsn } from './identifiers.js'

// PID → Patient after the v2-to-FHIR guide, "Segment PID to Patient";
// https://build.fhir.org/ig/HL7/v2-to-fhir/ConceptMap-segment-pid-to-patient.html

/** The fields of PID that are read below; any other one that has a value is named as not loaded. */
const mapped = new Set([1, 3, 5, 7, 8, 10, 11, 13, 14, 15, 16, 19, 22, 29, 30])

export function pidToPatient(pid: HL7Node, facility: string, mrnSystem: string): Patient {
  const ssn = writtenSsn(first(pid, 19))
  const identifiers = repetitions(pid, 3).map((cx) => identifier(cx, facility, mrnSystem))
  const isDead = first(pid, 30) === 'Y'
  const died = date(first(pid, 29))
  return {
    resourceType: 'Patient',
    extension: filled([
      ombCategory('race', first(pid, 10), part(repetitions(pid, 10)[0], 2)),
      ombCategory('ethnicity', first(pid, 22), part(repetitions(pid, 22)[0], 2)),
    ]),
    identifier: filled([...identifiers, ssn ? socialSecurityNumber(ssn) : undefined]),
    name: filled(repetitions(pid, 5).map(name)),
    telecom: filled([
      ...repetitions(pid, 13).map((xtn) => telecom(xtn, 'home')),
      ...repetitions(pid, 14).map((xtn) => telecom(xtn, 'work')),
    ]),
    gender: genders[first(pid, 8)] ?? 'unknown',
    birthDate: date(first(pid, 7)),
    address: filled(repetitions(pid, 11).map(address)),
    communication: filled([language(repetitions(pid, 15)[0])]),
    maritalStatus: coded('http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', repetitions(pid, 16)[0]),
    ...(died ? { deceasedDateTime: died } : isDead && { deceasedBoolean: true }),
  }
}

/** The identifier by which an update finds its Patient. */
export function recordNumber({ identifier }: Patient): Identifier | undefined {
  const ofType = (code: string) => identifier?.find(({ type }) => type?.coding?.some((coding) => coding.code === code))
  return ofType('MR') ?? ofType('PI')
}

/** `PID-18`, … : fields with a value that have no place in the Patient. */
export function unmappedFields(pid: HL7Node): string[] {
  const numbers = Array.from({ length: 40 }, (_, i) => i + 1)
  return numbers.filter((number) => !mapped.has(number) && pid.exists(number)).map((number) => `PID-${number}`)
}

/** Administrative sex, table 0001 → http://hl7.org/fhir/administrative-gender */
const genders: Record<string, Patient['gender']> = {
  F: 'female',
  M: 'male',
  O: 'other',
  A: 'other',
  N: 'other',
  U: 'unknown',
}

/** Use of a name, table 0200. */
const nameUses: Record<string, HumanName['use']> = {
  L: 'official',
  D: 'usual',
  M: 'maiden',
  N: 'nickname',
  A: 'anonymous',
}

/** Use of an address, table 0190. */
const addressUses: Record<string, Address['use']> = { H: 'home', B: 'work', O: 'work', C: 'temp', BA: 'old' }

/** Equipment, table 0202. */
const equipment: Record<string, ContactPoint['system']> = {
  PH: 'phone',
  CP: 'phone',
  FX: 'fax',
  BP: 'pager',
  Internet: 'email',
}

function identifier(cx: HL7Node, facility: string, mrnSystem: string): Identifier | undefined {
  const value = part(cx, 1)
  if (!value) return undefined
  const type = part(cx, 5)
  if (type === 'SS') return socialSecurityNumber(writtenSsn(value) ?? value)
  return {
    type: type ? { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: type }] } : undefined,
    system: assigner(cx, facility, mrnSystem),
    value,
    assigner: part(cx, 4) ? { display: part(cx, 4) } : undefined,
  }
}

/** The same number from two assigners is two patients, so an assigner known by name only gets its own system. */
function assigner(cx: HL7Node, facility: string, mrnSystem: string): string {
  const [namespace, universalId, universalType] = [part(cx, 4, 1), part(cx, 4, 2), part(cx, 4, 3)]
  if (universalId && universalType === 'ISO') return `urn:oid:${universalId}`
  if (universalId && universalType === 'UUID') return `urn:uuid:${universalId.toLowerCase()}`
  if (universalId && universalType === 'URI') return universalId
  const named = namespace || universalId || facility
  return named ? `${mrnSystem}/${encodeURIComponent(named)}` : mrnSystem
}

function name(xpn: HL7Node): HumanName | undefined {
  const [family, given, middle] = [part(xpn, 1), part(xpn, 2), part(xpn, 3)]
  if (!family && !given) return undefined
  return {
    use: nameUses[part(xpn, 7)],
    family: family || undefined,
    given: filled([given, ...middle.split(' ')]),
    suffix: filled([part(xpn, 4)]),
    prefix: filled([part(xpn, 5)]),
  }
}

function telecom(xtn: HL7Node, use: ContactPoint['use']): ContactPoint | undefined {
  const [number, code, email, area, local, any] = [1, 3, 4, 6, 7, 12].map((component) =>
    part(xtn, component),
  ) as string[]
  const system = equipment[code as string] ?? (email ? 'email' : 'phone')
  const value = system === 'email' ? email : number || any || [area, local].filter(Boolean).join(' ')
  return value ? { system, value, use: code === 'CP' ? 'mobile' : use } : undefined
}

function address(xad: HL7Node): Address | undefined {
  const [line, second, city, state, postalCode, country, use] = [1, 2, 3, 4, 5, 6, 7].map((component) =>
    part(xad, component),
  )
  const found: Address = {
    use: addressUses[use as string],
    line: filled([line, second]),
    city: city || undefined,
    state: state || undefined,
    postalCode: postalCode || undefined,
    country: country || undefined,
  }
  return found.line || found.city || found.postalCode || found.country ? found : undefined
}

function language(cwe: HL7Node | undefined): NonNullable<Patient['communication']>[number] | undefined {
  const [code, text] = [part(cwe, 1), part(cwe, 2)]
  if (!code) return undefined
  // Only two and three letter codes are BCP-47; a local code stays readable as text.
  const isTag = /^[a-z]{2,3}(-[A-Za-z0-9]+)*$/.test(code.toLowerCase())
  return {
    language: isTag ? { coding: [{ system: 'urn:ietf:bcp:47', code: code.toLowerCase() }] } : { text: text || code },
  }
}

/** US Core's race and ethnicity; the text is all that is kept of codes outside CDC's system. */
function ombCategory(kind: 'race' | 'ethnicity', code: string, text: string): Extension | undefined {
  if (!code && !text) return undefined
  const coding = { system: 'urn:oid:2.16.840.1.113883.6.238', code }
  return {
    url: `http://hl7.org/fhir/us/core/StructureDefinition/us-core-${kind}`,
    extension: [
      ...(/^\d{4}-\d$/.test(code) ? [{ url: 'ombCategory', valueCoding: coding }] : []),
      { url: 'text', valueString: text || code },
    ],
  }
}

function coded(system: string, cwe: HL7Node | undefined): CodeableConcept | undefined {
  const [code, text] = [part(cwe, 1), part(cwe, 2)]
  if (!code) return undefined
  return { coding: [{ system, code }], text: text || undefined }
}

/** DTM to a date of its precision: `19800228113000+0100` → `1980-02-28`, `1980` → `1980`. */
function date(dtm: string): string | undefined {
  const [, year, month, day] = /^(\d{4})(\d{2})?(\d{2})?/.exec(dtm) ?? []
  if (!year) return undefined
  if (!month) return year
  const whole = dateOf(year, month, day ?? '01')
  return day ? whole : whole?.slice(0, 7)
}

const repetitions = (segment: HL7Node, field: number): HL7Node[] =>
  segment.exists(field) ? segment.get(field).toArray() : []

/** Component and subcomponent count from 1; absent is empty. */
const part = (repetition: HL7Node | undefined, component: number, sub = 1): string =>
  repetition?.toArray()[component - 1]?.toArray()[sub - 1]?.toString() ?? ''

const first = (segment: HL7Node, field: number) => part(repetitions(segment, field)[0], 1)

function filled<T>(items: (T | undefined)[]): T[] | undefined {
  const found = items.filter((item) => item !== undefined && item !== '') as T[]
  return found.length > 0 ? found : undefined
}

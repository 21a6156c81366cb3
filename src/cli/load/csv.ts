import { basename } from 'node:path'
import type { ContactPoint, Patient } from '@medplum/fhirtypes'
import { type CsvError, type Info, parse } from 'csv-parse'
import { dateOf, medicalRecordNumber, socialSecurityNumber, tokenOf, writtenSsn } from './identifiers.js'
import { open, type Source } from './sources.js'
import { batched, type Entry, type LeftOut, type Refused, type Unit } from './units.js'

type Row = Record<string, string>

/** The header's names, in any order and spelling of case; `mrn` and `family` must be there. */
// biome-ignore format: a list to read across
const columns = [
  'mrn', 'ssn', 'family', 'given', 'middle', 'prefix', 'suffix', 'birthDate', 'gender', 'phone', 'mobile', 'email',
  'line', 'line2', 'city', 'state', 'postalCode', 'country', 'language', 'maritalStatus', 'deceasedDate',
]

/**
 * A list of patients. Each row becomes one Patient, created unless a Patient with its MRN exists, so a list may be
 * loaded again. A row with a value that cannot be stored as it stands is refused as a whole, with the reason.
 *
 * @param mrnSystem  the namespace of the list's medical record numbers, a URI
 */
export function readCsv(
  source: Source,
  onRead: (bytes: number) => void,
  mrnSystem: string,
): AsyncGenerator<Unit | Refused | LeftOut> {
  return batched(rows(source, onRead, mrnSystem), true)
}

async function* rows(
  source: Source,
  onRead: (bytes: number) => void,
  mrnSystem: string,
): AsyncGenerator<Entry | Refused | LeftOut> {
  const file = basename(source.path)
  const skipped: Refused[] = []
  let header: string[] = []
  const parser = parse({
    bom: true,
    trim: true,
    info: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    columns: (names: string[]) => {
      header = names.map(spelling)
      return header
    },
  })
  parser.on('skip', (error: CsvError & Partial<Info>) => {
    skipped.push({ place: `${file} row ${error.lines}`, refused: error.message })
  })
  const input = open(source, onRead)
  input.on('error', (error) => parser.destroy(error))
  input.pipe(parser)

  let isChecked = false
  for await (const { record, info } of parser as AsyncIterable<{ record: Row; info: Info }>) {
    if (!isChecked) {
      const fault = faultOf(header)
      if (fault) {
        parser.destroy()
        // A folder may have tables of other things beside its data.
        yield source.named || header.includes('mrn')
          ? { place: file, refused: fault }
          : { leftOut: `file ${file}, a table of something else: ${fault}` }
        return
      }
      isChecked = true
    }
    yield* skipped.splice(0)
    yield entryOf(record, `${file} row ${info.lines}`, mrnSystem)
  }
  yield* skipped
}

function faultOf(header: string[]): string | undefined {
  const missing = ['mrn', 'family'].filter((name) => !header.includes(name))
  if (missing.length > 0) return `column ${missing.join(' and ')} missing`
  const unknown = header.filter((name) => !columns.includes(name))
  return unknown.length > 0 ? `column ${unknown.join(', ')} not known; columns are ${columns.join(', ')}` : undefined
}

const spellings = new Map(columns.map((name) => [name.toLowerCase(), name]))
const spelling = (name: string) => spellings.get(name.toLowerCase().replace(/[ _-]/g, '')) ?? name

/** `family` must be there; the others may be empty. A checker gives what is stored, or undefined for a fault. */
const checks: Record<string, { want: string; read: (text: string) => string | undefined }> = {
  ssn: { want: 'nine digits', read: writtenSsn },
  birthDate: { want: 'a day such as 1980-02-28 or 02/28/1980', read: readDay },
  deceasedDate: { want: 'a day such as 1980-02-28 or 02/28/1980', read: readDay },
  gender: {
    want: 'male, female, other or unknown, or the first letter',
    read: oneOf('male', 'female', 'other', 'unknown'),
  },
  email: { want: 'an e-mail address', read: matching(/^[^\s@]+@[^\s@]+\.[^\s@]+$/) },
  phone: { want: 'a telephone number', read: matching(/^\+?[\d\s().x-]{7,}$/) },
  mobile: { want: 'a telephone number', read: matching(/^\+?[\d\s().x-]{7,}$/) },
  language: { want: 'a BCP-47 tag such as en-US', read: matching(/^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$/) },
  maritalStatus: { want: 'one of A, D, I, L, M, P, S, T, U, W', read: matching(/^[ADILMPSTUW]$/) },
}

function entryOf(row: Row, place: string, mrnSystem: string): Entry | Refused {
  const faults: string[] = []
  const value: Row = {}
  for (const [name, text] of Object.entries(row)) {
    if (text === '') continue
    const read = checks[name] ? checks[name].read(text) : text
    if (read === undefined) faults.push(`${name} is not ${checks[name]?.want}`)
    else value[name] = read
  }
  for (const name of ['mrn', 'family']) if (!row[name]) faults.push(`${name} is empty`)
  if (faults.length > 0) return { place, refused: faults.join('; ') }

  const patient = patientOf(value, mrnSystem)
  const condition = `identifier=${tokenOf(medicalRecordNumber(mrnSystem, value.mrn as string))}`
  return {
    type: 'Patient',
    creates: false,
    place,
    key: condition,
    text: JSON.stringify({ resource: patient, request: { method: 'POST', url: 'Patient', ifNoneExist: condition } }),
  }
}

function patientOf(row: Row, mrnSystem: string): Patient {
  const telecom: ContactPoint[] = [
    { system: 'phone' as const, value: row.phone, use: 'home' as const },
    { system: 'phone' as const, value: row.mobile, use: 'mobile' as const },
    { system: 'email' as const, value: row.email },
  ].filter((point) => point.value !== undefined)
  const address = {
    line: present(row.line, row.line2),
    city: row.city,
    state: row.state,
    postalCode: row.postalCode,
    country: row.country,
  }
  return {
    resourceType: 'Patient',
    identifier: [
      medicalRecordNumber(mrnSystem, row.mrn as string),
      ...(row.ssn ? [socialSecurityNumber(row.ssn)] : []),
    ],
    name: [
      {
        use: 'official',
        family: row.family,
        given: present(row.given, row.middle),
        prefix: present(row.prefix),
        suffix: present(row.suffix),
      },
    ],
    telecom: telecom.length > 0 ? telecom : undefined,
    gender: (row.gender as Patient['gender']) ?? 'unknown', // US Core asks for one
    birthDate: row.birthDate,
    deceasedDateTime: row.deceasedDate,
    address: Object.values(address).some((part) => part !== undefined) ? [address] : undefined,
    maritalStatus: row.maritalStatus
      ? { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: row.maritalStatus }] }
      : undefined,
    communication: row.language
      ? [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: row.language }] }, preferred: true }]
      : undefined,
  }
}

function present(...texts: (string | undefined)[]): string[] | undefined {
  const found = texts.filter((text) => text !== undefined)
  return found.length > 0 ? found : undefined
}

function readDay(text: string): string | undefined {
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (iso) return dateOf(iso[1]!, iso[2]!, iso[3]!)
  const us = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text)
  return us ? dateOf(us[3]!, us[1]!, us[2]!) : undefined
}

function oneOf(...words: string[]) {
  return (text: string) => words.find((word) => word === text.toLowerCase() || word[0] === text.toLowerCase())
}

function matching(pattern: RegExp) {
  return (text: string) => (pattern.test(text) ? text : undefined)
}

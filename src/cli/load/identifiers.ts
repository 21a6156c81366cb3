import type { Identifier } from '@medplum/fhirtypes'

const kinds = 'http://terminology.hl7.org/CodeSystem/v2-0203'

/** A medical record number; unique within its system. */
export const medicalRecordNumber = (system: string, value: string): Identifier => ({
  use: 'usual',
  type: { coding: [{ system: kinds, code: 'MR', display: 'Medical record number' }] },
  system,
  value,
})

/** A US social security number, `999-12-3456`. */
export const socialSecurityNumber = (value: string): Identifier => ({
  use: 'official',
  type: { coding: [{ system: kinds, code: 'SS', display: 'Social Security number' }] },
  system: 'http://hl7.org/fhir/sid/us-ssn',
  value,
})

/** `system|value` for a search for the identifier, ready for a URL. */
export const tokenOf = ({ system, value }: Identifier) =>
  encodeURIComponent(`${system}|${(value ?? '').replace(/[\\$,|]/g, '\\$&')}`)

/** `123456789` and `123-45-6789` as `123-45-6789`; anything else is not a social security number. */
export function writtenSsn(text: string): string | undefined {
  const [, area, group, serial] = /^(\d{3})-?(\d{2})-?(\d{4})$/.exec(text) ?? []
  return area && `${area}-${group}-${serial}`
}

/** Digits as a FHIR date when there is such a day: (`1980`, `02`, `30`) is none. */
export function dateOf(year: string, month: string, day: string): string | undefined {
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? text : undefined
}

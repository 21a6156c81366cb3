import { LOINC, RXNORM, SNOMED, UCUM } from '@medplum/core'
import type { CodeableConcept, Coding, Quantity } from '@medplum/fhirtypes'

export const system = {
  snomed: SNOMED,
  loinc: LOINC,
  rxnorm: RXNORM,
  cvx: 'http://hl7.org/fhir/sid/cvx',
  icd10: 'http://hl7.org/fhir/sid/icd-10-cm',
  hcpcs: 'https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets',
  ucum: UCUM,
  npi: 'http://hl7.org/fhir/sid/us-npi',
  taxonomy: 'http://nucc.org/provider-taxonomy',
  cdcRace: 'urn:oid:2.16.840.1.113883.6.238',
  actCode: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
  mrn: 'https://ingle.example/identifier/mrn',
} as const

/** A code and its display, in a system that the place of use knows. */
export type Term = readonly [code: string, display: string]

const names = 'http://terminology.hl7.org/CodeSystem/'

/** A code of one of HL7's own systems, `hl7('claim-type', 'professional')`. */
export const hl7 = (name: string, code: string, display?: string): CodeableConcept => ({
  coding: [coding(`${names}${name}`, code, display)],
  ...(display && { text: display }),
})

export const coding = (system: string, code: string, display?: string): Coding => ({ system, code, display })

export const concept = (system: string, code: string, display: string): CodeableConcept => ({
  coding: [coding(system, code, display)],
  text: display,
})

export const snomed = (code: string, display: string) => concept(system.snomed, code, display)
export const loinc = (code: string, display: string) => concept(system.loinc, code, display)
export const rxnorm = (code: string, display: string) => concept(system.rxnorm, code, display)
export const cvx = (code: string, display: string) => concept(system.cvx, code, display)
export const hcpcs = (code: string, display: string) => concept(system.hcpcs, code, display)

/** A measured value; the unit is shown as its UCUM code unless a friendlier one is given. */
export const quantity = (value: number, code: string, unit = code): Quantity => ({
  value,
  unit,
  system: system.ucum,
  code,
})

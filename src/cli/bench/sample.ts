import type { Bundle, Condition, Observation, Patient, Resource } from '@medplum/fhirtypes'
import type { Client } from './client.js'

/** Values that the loaded server has, for queries that find something. */
export interface Sample {
  patientIds: string[]
  families: string[]
  identifiers: string[]
  birthDates: string[]
  observationCodes: string[]
  conditionCodes: string[]
  /** `Type/id` of many kinds. */
  references: string[]
}

/** @throws Error  the server has too little to search in */
export async function sample(client: Client): Promise<Sample> {
  const patients = await some<Patient>(client, 'Patient')
  const observations = await some<Observation>(client, 'Observation')
  const conditions = await some<Condition>(client, 'Condition')
  const encounters = await some<Resource>(client, 'Encounter')
  const found: Sample = {
    patientIds: patients.map(({ id }) => id!),
    families: distinct(patients.map(({ name }) => name?.[0]?.family)),
    identifiers: distinct(patients.map(({ identifier }) => token(identifier?.[0]?.system, identifier?.[0]?.value))),
    birthDates: distinct(patients.map(({ birthDate }) => birthDate)),
    observationCodes: distinct(observations.map(({ code }) => token(code.coding?.[0]?.system, code.coding?.[0]?.code))),
    conditionCodes: distinct(conditions.map(({ code }) => token(code?.coding?.[0]?.system, code?.coding?.[0]?.code))),
    references: [...patients, ...observations, ...conditions, ...encounters].map(
      ({ resourceType, id }) => `${resourceType}/${id}`,
    ),
  }
  const missing = Object.entries(found).filter(([, values]) => values.length === 0)
  if (missing.length > 0) throw new Error(`the server has no ${missing.map(([name]) => name).join(', ')} to search for`)
  return found
}

async function some<T extends Resource>(client: Client, type: T['resourceType']): Promise<T[]> {
  const { status, body } = await client.get(`/${type}?_count=500`)
  if (status !== 200) throw new Error(`GET ${type}?_count=500 answered ${status}`)
  return ((JSON.parse(body.toString()) as Bundle<T>).entry ?? []).map(({ resource }) => resource as T)
}

const token = (system: string | undefined, value: string | undefined) =>
  value ? `${system ?? ''}|${value}` : undefined
const distinct = (values: (string | undefined)[]) => [...new Set(values.filter((value) => value !== undefined))]

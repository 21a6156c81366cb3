import type { Bundle, BundleEntry, Observation, Patient, Resource } from '@medplum/fhirtypes'
import type { Sample } from './sample.js'

/** One kind of search: how it is asked, and what its answer must be; `check` gets the whole parsed Bundle. */
export interface Query {
  name: string
  path: (sample: Sample) => string
  check: (bundle: Bundle) => boolean
}

const pick = <T>(items: readonly T[]) => items[Math.floor(Math.random() * items.length)] as T
const value = encodeURIComponent

const matches = (bundle: Bundle) => entries(bundle, 'match').map(({ resource }) => resource as Resource)
const entries = (bundle: Bundle, mode: string): BundleEntry[] =>
  (bundle.entry ?? []).filter(({ search }) => search?.mode === mode)

const all =
  <T extends Resource>(type: T['resourceType'], holds: (resource: T) => boolean = () => true, most = 20) =>
  (bundle: Bundle) => {
    const found = matches(bundle) as T[]
    return found.length <= most && found.every((resource) => resource.resourceType === type && holds(resource))
  }

/** When an Observation was made, as `_sort=date` sees it. */
const when = ({ effectiveDateTime, effectivePeriod, issued }: Observation) =>
  Date.parse(effectiveDateTime ?? effectivePeriod?.start ?? issued ?? '')

const descending = (times: number[]) => times.every((time, i) => i === 0 || time <= times[i - 1]!)

export const sortedPage: Query = {
  name: 'Observation?patient&_sort=-date',
  path: ({ patientIds }) => `/Observation?patient=Patient/${pick(patientIds)}&_sort=-date&_count=20`,
  check: (bundle) => {
    const observations = matches(bundle) as Observation[]
    const subjects = new Set(observations.map(({ subject }) => subject?.reference))
    return observations.length <= 20 && subjects.size <= 1 && descending(observations.map(when))
  },
}

export const mix: Query[] = [
  sortedPage,
  {
    name: 'token',
    path: ({ observationCodes }) => `/Observation?code=${value(pick(observationCodes))}&_count=20`,
    check: all<Observation>('Observation'),
  },
  {
    name: 'identifier',
    path: ({ identifiers }) => `/Patient?identifier=${value(pick(identifiers))}`,
    check: all<Patient>('Patient', ({ identifier }) => identifier !== undefined),
  },
  {
    name: 'two tokens',
    path: ({ patientIds, observationCodes }) =>
      `/Observation?patient=${pick(patientIds)}&code=${value(pick(observationCodes))}&_count=20`,
    check: all<Observation>('Observation'),
  },
  {
    name: 'string',
    path: ({ families }) => `/Patient?family=${value(pick(families).slice(0, 3))}&_count=20`,
    check: all<Patient>('Patient', ({ name }) => name !== undefined),
  },
  {
    name: 'date',
    path: ({ birthDates }) => `/Patient?birthdate=lt${pick(birthDates)}&_count=20`,
    check: all<Patient>('Patient', ({ birthDate }) => birthDate !== undefined),
  },
  {
    name: 'date window',
    path: () => '/Encounter?date=ge2019-01&date=lt2021-01&_count=20',
    check: all('Encounter'),
  },
  {
    name: 'quantity',
    path: () => `/Observation?code=${value('http://loinc.org|29463-7')}&value-quantity=gt80&_count=20`,
    check: all<Observation>('Observation', ({ valueQuantity }) => (valueQuantity?.value ?? 0) > 80),
  },
  {
    name: 'reference',
    path: ({ patientIds }) => `/Condition?subject=Patient/${pick(patientIds)}&_count=20`,
    check: all('Condition'),
  },
  {
    name: 'chain',
    path: ({ families }) => `/Condition?patient.family=${value(pick(families))}&_count=20`,
    check: all('Condition'),
  },
  {
    name: '_has',
    path: ({ conditionCodes }) => `/Patient?_has:Condition:patient:code=${value(pick(conditionCodes))}&_count=20`,
    check: all('Patient'),
  },
  {
    name: '_include',
    path: ({ conditionCodes }) => `/Condition?code=${value(pick(conditionCodes))}&_include=Condition:patient&_count=20`,
    check: (bundle) =>
      all('Condition')(bundle) && (matches(bundle).length === 0 || entries(bundle, 'include').length > 0),
  },
  {
    name: '_revinclude',
    path: ({ patientIds }) => `/Patient?_id=${pick(patientIds)}&_revinclude=Encounter:patient`,
    check: (bundle) => matches(bundle).length === 1,
  },
  {
    name: '_sort=-_lastUpdated',
    path: () => '/Condition?_sort=-_lastUpdated&_count=20',
    check: (bundle) => descending(matches(bundle).map(({ meta }) => Date.parse(meta?.lastUpdated ?? ''))),
  },
  {
    name: '_total=accurate',
    path: ({ observationCodes }) => `/Observation?code=${value(pick(observationCodes))}&_total=accurate&_count=10`,
    check: ({ total = -1, entry = [] }) => total >= entry.length,
  },
]

export const counts: Query[] = [
  {
    name: 'count of a code',
    path: ({ observationCodes }) => `/Observation?code=${value(pick(observationCodes))}&_summary=count`,
    check: ({ total = -1 }) => total > 0,
  },
  {
    name: 'count of a type',
    path: () => `/${pick(['Patient', 'Observation', 'Condition', 'Encounter'])}?_summary=count`,
    check: ({ total = -1 }) => total > 0,
  },
  {
    name: 'count of a category',
    path: () => '/Observation?category=vital-signs&_summary=count',
    check: ({ total = -1 }) => total >= 0,
  },
]

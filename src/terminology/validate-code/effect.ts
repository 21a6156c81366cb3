import type { CodeSystem, Period } from '@medplum/fhirtypes'
import { issueOf } from '../messages.js'
import type { CodeSystemProvider, Concept } from '../provider.js'
import { EFFECTIVE } from '../systems/header.js'
import type { Notes } from './notes.js'
import { type Sought, under } from './question.js'

/**
 * What says when a code is in effect: a property of this meaning, or one that a loaded system has for it. One that is
 * deprecated may still be used, until it is retired: http://hl7.org/fhir/R5/codesystem-concept-properties.html
 */
const FIRST_DAY = { uri: 'http://hl7.org/fhir/concept-properties#effectiveDate', codes: ['startDate', 'addedDate'] }
const LAST_DAY = { uri: 'http://hl7.org/fhir/concept-properties#retirementDate', codes: ['terminationDate'] }
/** The first on which it is not. */
const STOP = { uri: undefined, codes: ['stopDate'] }

/** When a version of a code system is in effect; undefined where it does not say so. */
export const periodOf = ({ extension }: Pick<CodeSystem, 'extension'>): Period | undefined =>
  extension?.find(({ url }) => url === EFFECTIVE)?.valuePeriod

/** The version that is in effect on a day, or else the last that was before it; undefined where none says when it is. */
export function inEffect(versions: readonly CodeSystemProvider[], date: string): CodeSystemProvider | undefined {
  const dated = versions.flatMap((provider) => {
    const period = periodOf(provider.header)
    return period ? { provider, start: period.start ?? '' } : []
  })
  const latest = dated.sort((a, b) => b.start.localeCompare(a.start))
  return (latest.find(({ start }) => !isAfter(start, date)) ?? latest.at(-1))?.provider
}

/** Notes where a code is not in effect on a day: an error; where its whole code system is not known to be: a warning. */
export function noteEffect(
  provider: CodeSystemProvider,
  concept: Concept,
  date: string,
  { code, place }: Pick<Sought, 'code' | 'place'>,
  notes: Notes,
): void {
  const expression = under(place, 'code')
  const about = { code, system: provider.url, date }
  const [start, end, stop] = [FIRST_DAY, LAST_DAY, STOP].map((day) => dateOf(day, provider, concept))
  const ofSystem = periodOf(provider.header)
  const isStopped = stop !== undefined && !isAfter(stop, date)
  if (isStopped || !covers({ start, end }, date))
    notes.note(issueOf('notInEffect', { ...about, period: textOf({ start, end: end ?? stop }) }, { expression }))
  else if (ofSystem && !covers(ofSystem, date)) {
    const filling = { system: provider.url, version: provider.version ?? '', date, period: textOf(ofSystem) }
    notes.say(issueOf('versionNotInEffect', filling, { expression }))
  }
}

function dateOf(
  { uri, codes }: { uri: string | undefined; codes: readonly string[] },
  { header }: CodeSystemProvider,
  { properties }: Concept,
): string | undefined {
  const declared = uri === undefined ? undefined : header.property?.find((one) => one.uri === uri)?.code
  const value = properties.find(({ code }) => code === declared || codes.includes(code))?.value
  return typeof value === 'string' ? value : undefined
}

const covers = ({ start, end }: Period, date: string): boolean =>
  (start === undefined || !isAfter(start, date)) && (end === undefined || !isAfter(date, end))

/** Dates may be of a month, or a year: then what they have in common counts. */
function isAfter(a: string, b: string): boolean {
  const length = Math.min(a.length, b.length, '2026-10-01'.length)
  return a.slice(0, length) > b.slice(0, length)
}

const textOf = ({ start, end }: Period): string =>
  [start === undefined ? [] : `from ${start}`, end === undefined ? [] : `until ${end}`].flat().join(' ')

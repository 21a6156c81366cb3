import { typeDefinition } from '../fhir/definitions.js'
import type { SearchParameter } from './parameters.js'
import { searchParameters } from './parameters.js'

/**
 * Many R4 parameters find what others of the same type already find: `patient` is `subject` narrowed to Patients,
 * `combo-code` is `code` or `component-code`. Only the others are stored; this tells which of them serve.
 */
export interface Sources {
  /** Codes of the stored parameters: one for most, itself. */
  readonly codes: readonly string[]
  /** The values are all there, but among others: whether a resource has one cannot be told from them. */
  readonly narrowed: boolean
}

const byType = new Map<string, ReadonlyMap<string, Sources>>()

export function sourcesOf(type: string, code: string): Sources {
  let sources = byType.get(type)
  if (!sources) {
    sources = resolve(type)
    byType.set(type, sources)
  }
  return sources.get(code) ?? { codes: [code], narrowed: false }
}

/** The parameters of a type whose values go into the index. */
export function storedParameters(type: string): SearchParameter[] {
  return [...searchParameters(type).values()].filter(({ code }) => {
    const { codes } = sourcesOf(type, code)
    return codes.length === 1 && codes[0] === code
  })
}

const NARROWING = /\.where\(resolve\(\) is [A-Za-z]+\)$/

function resolve(type: string): ReadonlyMap<string, Sources> {
  const all = [...searchParameters(type).values()]
    .filter((parameter) => parameter.type !== 'composite' && parameter.type !== 'special')
    .map((parameter) => ({ parameter, members: members(parameter.expression, type) }))
    .filter(({ members }) => members.length > 0)
  const found = new Map<string, Sources>()
  for (const { parameter, members: own } of all) {
    const whole = own.map((member) => member.replace(NARROWING, ''))
    const narrowed = whole.some((member, i) => member !== own[i])
    // Wider or equal candidates of the same search type; of equals the first by name is the one that is stored.
    const parts = all.filter(
      (other) =>
        other.parameter.type === parameter.type &&
        other.parameter !== parameter &&
        other.members.every((member) => whole.includes(member)) &&
        (narrowed || other.members.length < whole.length || other.parameter.code < parameter.code),
    )
    const covered = new Set(parts.flatMap((part) => part.members))
    if (parts.length === 0 || !whole.every((member) => covered.has(member))) continue
    const best = parts.find((part) => part.members.length === whole.length)
    found.set(parameter.code, { codes: (best ? [best] : parts).map((part) => part.parameter.code), narrowed })
  }
  return found
}

/** The alternatives of an expression that speak of this type, blanks and outer parentheses left out. */
export function members(expression: string, type: string): string[] {
  return expression
    .split('|')
    .map((member) => member.trim().replace(/^\(([^()]*)\)$/, '$1'))
    .filter((member) => new RegExp(`^\\(?${type}\\b`).test(member))
}

/** Dates that most searches of a type go by, where the general preference below does not pick them. */
const MAIN_DATE: Record<string, string> = {
  Condition: 'onset-date',
  Goal: 'start-date',
  Patient: 'birthdate',
  Person: 'birthdate',
  RelatedPerson: 'birthdate',
  Communication: 'sent',
  CommunicationRequest: 'authored',
  Task: 'authored-on',
  Slot: 'start',
}
const PREFERRED = ['date', 'authoredon', 'authored', 'created', 'recorded', 'period', 'issued', 'sent']

/** The date parameter that the thin row holds; undefined where a type has none. */
export function mainDate(type: string): string | undefined {
  const dates = storedParameters(type).filter(
    (parameter) => parameter.type === 'date' && parameter.code !== '_lastUpdated',
  )
  const codes = dates.map((parameter) => parameter.code)
  const wanted = [MAIN_DATE[type], ...PREFERRED].find((code) => code !== undefined && codes.includes(code))
  return wanted ?? codes.sort()[0]
}

/** The stored reference parameter by which a resource belongs to a patient. */
export function patientParameter(type: string): string | undefined {
  const parameters = searchParameters(type)
  for (const code of ['patient', 'subject']) {
    if (!parameters.get(code)?.targets.includes('Patient')) continue
    const { codes } = sourcesOf(type, code)
    if (codes.length === 1) return codes[0]
  }
  return undefined
}

/** Every resource has a value: nothing needs to mark that it is there. */
export function isMandatory(parameter: SearchParameter): boolean {
  const elements = typeDefinition(parameter.base)?.elements
  return parameter.paths.some(({ steps }) => {
    const first = steps?.length === 1 && elements?.find((element) => element.name === steps[0]!.name)
    return first && first.min > 0
  })
}

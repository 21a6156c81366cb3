import { type FhirError, Invalid, type Issue } from '../base/errors.js'
import { nearest } from '../fhir/validation/nearest.js'
import type { Clause, Wanted } from './clause.js'
import { paramOf, prefixOf, textPrefix } from './names.js'
import { type Parameters, type SearchParameter, standard } from './parameters.js'
import { mainDate, patientParameter, sourcesOf } from './sources.js'

/** `name=value` pairs as a query has them, decoded, in order. */
export type Pair = readonly [name: string, value: string]

/** What the clauses of a query are read with. */
export interface Reading {
  tenant: number
  /** Our own base, so that an absolute reference to us is one of ours. */
  base: string
  /** Those of the tenant; default: the standard's. */
  parameters?: Parameters
}

/** One value of a parameter: `values` are the alternatives that commas part, still escaped. */
export interface Asked {
  reading: Reading
  parameter: SearchParameter
  modifier?: string
  values: readonly string[]
  /** as the query has it, for messages: `code:in` */
  name: string
}

export type Reader = (asked: Asked) => Clause

/** A parameter that does not exist, or not so: strict handling answers 400, lenient leaves it out with a warning. */
export class UnusableParameter extends Invalid {
  static override code: Issue['code'] = 'not-supported'
}

/** What is longer is no slip of the hand, and would take long to compare. */
const LONGEST_NAME = 64

/** The parameter, or the error that lists what there is. */
export function parameterOf(type: string, code: string, parameters: Parameters = standard): SearchParameter {
  const those = parameters.of(type)
  const found = those.get(code)
  if (found) return found
  const refusal = parameters.refusal?.(type, code)
  if (refusal) throw new UnusableParameter(refusal)
  const meant = code.length <= LONGEST_NAME ? nearest(code, those.keys()) : undefined
  const names = [...those.keys()].sort().join(', ')
  throw new UnusableParameter(
    `${type} has no search parameter ${code}; ${meant === undefined ? 'it' : `is ${meant} meant? It`} has ${names}`,
  )
}

export function noModifier(parameter: SearchParameter, modifier: string, allowed: readonly string[]): FhirError {
  const known = [...allowed, 'missing'].map((name) => `:${name}`).join(' ')
  return new UnusableParameter(
    `${parameter.code}:${modifier} is not supported on ${parameter.base}; this parameter takes ${known}`,
  )
}

/** The parameters whose values are stored, under the names that their hashes have. */
export const prefixes = (tenant: number, { base, code }: SearchParameter) =>
  sourcesOf(base, code).codes.map((source) => prefixOf(tenant, base, source))
export const params = (tenant: number, { base, code }: SearchParameter) =>
  sourcesOf(base, code).codes.map((source) => paramOf(tenant, base, source))
export const textPrefixes = (tenant: number, { base, code }: SearchParameter) =>
  sourcesOf(base, code).codes.map((source) => textPrefix(tenant, base, source))

export function dateParams(tenant: number, { base, code }: SearchParameter): (bigint | null)[] {
  const main = mainDate(base)
  return sourcesOf(base, code).codes.map((source) => (source === main ? null : paramOf(tenant, base, source)))
}

/** The column `patient` holds what this parameter finds, as long as it is asked for Patients. */
export function byPatient({ base, code }: SearchParameter): boolean {
  const { codes } = sourcesOf(base, code)
  return codes.length === 1 && codes[0] === patientParameter(base)
}

/** Alternatives; those of tokens, or of one reference, are one clause, which an index answers. */
export function anyOf(clauses: readonly Clause[]): Clause {
  if (clauses.length === 1) return clauses[0]!
  if (clauses.length > 0 && clauses.every((clause) => clause.kind === 'token'))
    return { kind: 'token', hashes: [...new Set(clauses.flatMap(({ hashes }) => hashes))] }
  const [first] = clauses
  if (first?.kind === 'reference' && clauses.every((clause) => refersAs(clause, first)))
    return {
      ...first,
      keys: clauses.flatMap((clause) => (clause.kind === 'reference' ? clause.keys : [])),
      patient: clauses.every((clause) => clause.kind === 'reference' && clause.patient),
    }
  if (clauses.length > 0 && clauses.every((clause) => clause.kind === 'words' && clause.words.length === 1))
    return {
      kind: 'words',
      words: [clauses.flatMap((clause) => (clause.kind === 'words' ? clause.words[0]! : []))],
      wanted: wanted(clauses),
    }
  return { kind: 'any', clauses: [...clauses] }
}

/** By the same parameters: whether as a patient or not, they are the same elements. */
const refersAs = (clause: Clause, other: Clause & { kind: 'reference' }): boolean =>
  clause.kind === 'reference' && clause.salts.join() === other.salts.join()

/** Conditions that all hold; words that must all be there are one clause. */
export function allOf(clauses: readonly Clause[]): Clause {
  if (clauses.length === 1) return clauses[0]!
  const words = clauses.flatMap((clause) => (clause.kind === 'words' ? clause.words : []))
  const others = clauses.filter((clause) => clause.kind !== 'words')
  if (words.length === 0) return { kind: 'all', clauses: others }
  const all: Clause = { kind: 'words', words, wanted: wanted(clauses) }
  return others.length === 0 ? all : { kind: 'all', clauses: [all, ...others] }
}

const wanted = (clauses: readonly Clause[]): Wanted[] =>
  clauses.flatMap((clause) => (clause.kind === 'words' ? (clause.wanted ?? []) : []))

/** Splits at a separator that is not escaped by a backslash. */
export function split(text: string, separator: string): string[] {
  if (!text.includes('\\')) return text.split(separator)
  const parts: string[] = ['']
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\' && i + 1 < text.length) parts[parts.length - 1] += text.slice(i, ++i + 1)
    else if (text[i] === separator) parts.push('')
    else parts[parts.length - 1] += text.charAt(i)
  }
  return parts
}

import type { Address, HumanName, Patient } from '@medplum/fhirtypes'
import * as phone from '../../../search/types/phone.js'
import { sounds } from '../../../search/types/phonetic.js'
import { normal } from '../../../search/types/string.js'

/** How alike two values are; `none`: one of the two has no such value, which says nothing. */
type Likeness = 'same' | 'close' | 'other' | 'none'

/** https://hl7.org/fhir/R4/valueset-match-grade.html, but for what does not match. */
export type Grade = 'certain' | 'probable' | 'possible'

export interface Score {
  /** Chance that the two are one person, 0 to 1. */
  score: number
  /** undefined: not alike enough to be shown */
  grade?: Grade
}

const FIELDS = ['identifier', 'family', 'given', 'birthDate', 'gender', 'contact', 'address'] as const
type Field = (typeof FIELDS)[number]

/**
 * Weights after Fellegi and Sunter: log2 of how much more often the likeness is seen between two records of one person
 * than between those of two. Of people who share nothing but by chance, one in some 4,000 has this birth date and
 * family name at once; twins share all but the given name, which is why `gradeOf` looks at it apart.
 */
const WEIGHTS: Readonly<Record<Field, Readonly<Record<Likeness, number>>>> = {
  //            the same     alike       another     unknown
  identifier: { same: 20, close: 0, other: -6, none: 0 },
  family: { same: 6.5, close: 3.5, other: -4.5, none: 0 },
  given: { same: 5.5, close: 3, other: -4, none: 0 },
  birthDate: { same: 12, close: 5, other: -6, none: 0 },
  gender: { same: 1, close: 0, other: -4, none: 0 },
  contact: { same: 10, close: 0, other: -0.5, none: 0 },
  address: { same: 8, close: 3, other: -1, none: 0 },
}

/** A small hospital's patients are drawn from no fewer people than this. */
const FEWEST_PEOPLE = 100_000

/**
 * @param patients  how many there are: the more, the likelier is what is alike by chance
 */
export function scoreOf(one: Patient, other: Patient, patients: number): Score {
  const likeness = likenessOf(one, other)
  const weight = FIELDS.reduce((sum, field) => sum + WEIGHTS[field][likeness[field]], 0)
  const odds = 2 ** (weight - Math.log2(Math.max(patients, FEWEST_PEOPLE)))
  const score = Math.round((odds / (1 + odds)) * 10_000) / 10_000
  const grade = gradeOf(score, likeness)
  return grade ? { score, grade } : { score }
}

function gradeOf(score: number, of: Record<Field, Likeness>): Grade | undefined {
  if (score < 0.2) return undefined
  const differs = (...fields: Field[]) => fields.some((field) => of[field] === 'other')
  const agrees = (...fields: Field[]) => fields.some((field) => of[field] === 'same')
  // Nobody is certain, or probable, by what a family shares.
  if (differs('given', 'birthDate') && !(agrees('identifier') && !(differs('given') && differs('birthDate'))))
    return 'possible'
  if (score < 0.9) return 'possible'
  const isNamed = !differs('family', 'given', 'birthDate', 'gender') && agrees('birthDate') && agrees('given', 'family')
  return score >= 0.995 && isNamed && agrees('identifier', 'contact', 'address') ? 'certain' : 'probable'
}

function likenessOf(one: Patient, other: Patient): Record<Field, Likeness> {
  return {
    identifier: identifiers(one, other),
    family: best(familiesOf(one), familiesOf(other), names),
    given: best(givensOf(one), givensOf(other), names),
    birthDate: birthDates(one.birthDate, other.birthDate),
    gender: best(known(one.gender), known(other.gender), (a, b) => (a === b ? 'same' : 'other')),
    contact: best(contactsOf(one), contactsOf(other), (a, b) => (a === b ? 'same' : 'other')),
    address: best(one.address ?? [], other.address ?? [], addresses),
  }
}

const RANK: readonly Likeness[] = ['same', 'close', 'other', 'none']

/** Of all pairs the one that is most alike: people have several names and numbers, not all of them everywhere. */
function best<T>(some: readonly T[], others: readonly T[], compare: (a: T, b: T) => Likeness): Likeness {
  let found: Likeness = 'none'
  for (const a of some) {
    for (const b of others) {
      const likeness = compare(a, b)
      if (RANK.indexOf(likeness) < RANK.indexOf(found)) found = likeness
    }
  }
  return found
}

/** Of one system a person has one identifier; what has none to compare says nothing. */
function identifiers({ identifier: some = [] }: Patient, { identifier: others = [] }: Patient): Likeness {
  return best(some, others, (a, b) => {
    if (!a.value || !b.value || (a.system ?? '') !== (b.system ?? '') || a.use === 'old' || b.use === 'old')
      return 'none'
    return a.value.trim() === b.value.trim() ? 'same' : 'other'
  })
}

const usable = ({ name = [] }: Patient): HumanName[] => name.filter(({ use }) => use !== 'anonymous')
const known = (gender: string | undefined) => (gender === 'male' || gender === 'female' ? [gender] : [])

export const familiesOf = (patient: Patient): string[] =>
  usable(patient).flatMap(({ family }) => (family ? [normal(family)] : []))
export const givensOf = (patient: Patient): string[] =>
  usable(patient).flatMap(({ given = [] }) => (given[0] ? [normal(given[0])] : []))

const contactsOf = ({ telecom = [] }: Patient): string[] =>
  telecom.flatMap(({ system, value }) => {
    if (!value) return []
    if (system === 'email') return [value.trim().toLowerCase()]
    return phone.SYSTEMS.has(system ?? '') ? phone.indexed(value).slice(0, 1) : []
  })

/** Spelled alike, sounding alike, or one the beginning of the other: an initial, a short form. */
function names(a: string, b: string): Likeness {
  if (a === b) return 'same'
  if (a.startsWith(b) || b.startsWith(a) || jaroWinkler(a, b) >= 0.88) return 'close'
  return sounds(a).join() === sounds(b).join() && a[0] === b[0] ? 'close' : 'other'
}

/** Two of year, month and day are the same, or day and month were taken for each other. */
function birthDates(one: string | undefined, other: string | undefined): Likeness {
  if (!one || !other) return 'none'
  if (one === other) return 'same'
  if (one.startsWith(other) || other.startsWith(one)) return 'close'
  const [a, b] = [one.split('-'), other.split('-')]
  const same = a.filter((part, i) => part === b[i]).length
  return same === 2 || (a[0] === b[0] && a[1] === b[2] && a[2] === b[1]) ? 'close' : 'other'
}

function addresses(one: Address, other: Address): Likeness {
  const part = (address: Address, name: 'postalCode' | 'city') => normal(address[name] ?? '')
  const [line, otherLine] = [one, other].map((address) => normal((address.line ?? []).join(' ')).replace(/[.,]/g, ''))
  const isHere =
    (part(one, 'postalCode') !== '' && part(one, 'postalCode') === part(other, 'postalCode')) ||
    (part(one, 'city') !== '' && part(one, 'city') === part(other, 'city'))
  if (isHere && line !== '' && line === otherLine) return 'same'
  if (isHere) return 'close'
  return line === '' && part(one, 'postalCode') === '' ? 'none' : 'other'
}

/** Letters of a name that are compared: each with each. */
const LONGEST = 100

/** How alike two words are, 0 to 1; a common beginning counts for more. */
function jaroWinkler(whole: string, other: string): number {
  const [a, b] = [whole.slice(0, LONGEST), other.slice(0, LONGEST)]
  const reach = Math.max(Math.floor(Math.max(a.length, b.length) / 2) - 1, 0)
  const taken = new Array<boolean>(b.length).fill(false)
  const matchedA: string[] = []
  for (let i = 0; i < a.length; i++) {
    for (let j = Math.max(0, i - reach); j < Math.min(b.length, i + reach + 1); j++) {
      if (taken[j] || a[i] !== b[j]) continue
      taken[j] = true
      matchedA.push(a[i]!)
      break
    }
  }
  if (matchedA.length === 0) return 0
  const matchedB = [...b].filter((_, j) => taken[j])
  const swapped = matchedA.filter((letter, i) => letter !== matchedB[i]).length / 2
  const m = matchedA.length
  const jaro = (m / a.length + m / b.length + (m - swapped) / m) / 3
  let start = 0
  while (start < 4 && a[start] !== undefined && a[start] === b[start]) start++
  return jaro + start * 0.1 * (1 - jaro)
}

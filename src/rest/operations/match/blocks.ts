import type { Patient } from '@medplum/fhirtypes'
import type { Pair } from '../../../search/query.js'
import { sounds } from '../../../search/types/phonetic.js'
import { escaped } from '../../matching.js'
import { familiesOf, givensOf } from './score.js'

/** Searches of which each finds, by an index, those that share something with the patient. */
export interface Block {
  /** What they share, for people. */
  name: string
  search: readonly Pair[]
  /** Asked instead, where too many share it. */
  narrower?: readonly Block[]
}

/** By sound; an initial may have none. */
const sounding = (code: 'family' | 'given', name: string): Pair =>
  sounds(name).length > 0 ? ['phonetic', escaped(name)] : [code, escaped(name)]

/**
 * Where to look for a patient: whoever is to be found has to share one of these, be it that all else was mistyped.
 * An identifier; the birth date; the name, as it sounds; a number or an address of mail.
 */
export function blocksOf(patient: Patient): Block[] {
  const { identifier = [], telecom = [], birthDate } = patient
  const blocks: Block[] = []
  for (const { system, value } of identifier) {
    if (!value) continue
    blocks.push({
      name: 'identifier',
      search: [['identifier', `${system ? `${escaped(system)}|` : ''}${escaped(value)}`]],
    })
  }
  const [families, givens] = [familiesOf(patient), givensOf(patient)]
  const named = (names: readonly string[], letters: number) =>
    [...new Set(names.map((one) => escaped(one.slice(0, letters))))].join()
  if (birthDate) {
    const born: Pair = ['birthdate', birthDate]
    const narrower = [
      ...(families.length
        ? [{ name: 'birth date and family name', search: [born, ['family', named(families, 3)]] as Pair[] }]
        : []),
      ...(givens.length
        ? [{ name: 'birth date and given name', search: [born, ['given', named(givens, 3)]] as Pair[] }]
        : []),
    ]
    blocks.push({ name: 'birth date', search: [born], narrower })
  }
  for (const family of new Set(families)) {
    for (const given of new Set(givens)) {
      const exact: Pair[] = [
        ['family', escaped(family)],
        ['given', escaped(given)],
      ]
      const narrower = birthDate
        ? [{ name: 'name and year of birth', search: [...exact, ['birthdate', birthDate.slice(0, 4)]] as Pair[] }]
        : []
      blocks.push({
        name: 'name',
        search: [sounding('family', family), sounding('given', given)],
        narrower: [{ name: 'name', search: exact, narrower }],
      })
    }
  }
  for (const { system, value } of telecom) {
    if (!value || (system !== 'phone' && system !== 'email')) continue
    blocks.push({ name: system, search: [[system, escaped(value)]] })
  }
  return blocks
}

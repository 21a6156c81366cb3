import { Invalid } from '../../base/errors.js'
import type { Clause } from '../clause.js'
import type { SearchParameter } from '../parameters.js'
import { type Asked, dateParams, noModifier, params, prefixes, type Reader, textPrefixes } from '../reading.js'
import * as date from '../types/date.js'
import * as phonetic from '../types/phonetic.js'
import * as quantity from '../types/quantity.js'
import * as string from '../types/string.js'
import * as token from '../types/token.js'
import * as uri from '../types/uri.js'
import { referenceClause } from './reference.js'
import { advanced, plainWords, scopeOf } from './text.js'
import { tokenClause } from './token.js'

/** How each type of parameter reads its values; composites and specials are made of these. */
export const readers: Record<Exclude<SearchParameter['type'], 'composite' | 'special'>, Reader> = {
  token: tokenClause,
  reference: referenceClause,

  /** @see https://hl7.org/fhir/R4/search.html#uri */
  uri({ reading, parameter, modifier, values }) {
    if (parameter.code === '_profile' && modifier === 'below') {
      const [prefix] = prefixes(reading.tenant, parameter) as [string]
      return { kind: 'profileBelow', prefix, paths: values.map(token.unescaped) }
    }
    const hashes = uri.tests[modifier ?? '']
    if (!hashes) throw noModifier(parameter, modifier!, ['above', 'below'])
    const found = prefixes(reading.tenant, parameter).flatMap((prefix) =>
      values.flatMap((value) => hashes(prefix, token.unescaped(value))),
    )
    return { kind: 'token', hashes: [...new Set(found)] }
  },

  /** @see https://hl7.org/fhir/R4/search.html#string */
  string(asked) {
    const { reading, parameter, modifier, values, name } = asked
    const names = textPrefixes(reading.tenant, parameter)
    if (modifier === 'text') return plainWords(names, scopeOf(parameter), values, name)
    if (modifier === 'text-advanced') return advanced(names, scopeOf(parameter), values, name)
    if (parameter.code === phonetic.CODE && !modifier) return phoneticClause(asked)
    if (modifier && modifier !== 'exact' && modifier !== 'contains')
      throw noModifier(parameter, modifier, ['exact', 'contains', 'text', 'text-advanced'])
    return stringClause(asked, (modifier as 'exact' | 'contains' | undefined) ?? 'prefix')
  },

  /** @see https://hl7.org/fhir/R4/search.html#date */
  date({ reading, parameter, modifier, values }) {
    if (modifier) throw noModifier(parameter, modifier, [])
    return {
      kind: 'date',
      params: dateParams(reading.tenant, parameter),
      comparisons: values.map((value) => date.searched(value, parameter.code)),
    }
  },

  /** @see https://hl7.org/fhir/R4/search.html#number */
  number({ reading, parameter, modifier, values }) {
    if (modifier) throw noModifier(parameter, modifier, [])
    const tests = values.map((value) => ({ comparison: quantity.number(value, parameter.code) }))
    return { kind: 'quantity', params: params(reading.tenant, parameter), tests }
  },

  /** @see https://hl7.org/fhir/R4/search.html#quantity */
  quantity({ reading, parameter, modifier, values }) {
    if (modifier) throw noModifier(parameter, modifier, [])
    return {
      kind: 'quantity',
      params: params(reading.tenant, parameter),
      tests: values.map((value) => quantity.searched(value, parameter.code)),
    }
  },
}

/** @param match  which part of a text the value is; all but `exact` are without regard to case and accents */
export function stringClause(
  { reading, parameter, values, name }: Asked,
  match: (Clause & { kind: 'string' })['match'],
): Clause {
  const texts = values.map(token.unescaped).map((text) => (match === 'exact' ? text : string.normal(text)))
  if (texts.some((text) => text === '')) throw new Invalid(`${name}: there is no text to search for`)
  if (texts.some((text) => text.length > string.LONGEST))
    throw new Invalid(`${name}: at most ${string.LONGEST} characters can be searched for`)
  return { kind: 'string', params: params(reading.tenant, parameter), match, values: texts }
}

/** Every word of the value sounds like some word of the names. */
function phoneticClause({ reading, parameter, values, name }: Asked): Clause {
  const clauses = values.map((value): Clause => {
    const sounds = phonetic.sounds(token.unescaped(value))
    if (sounds.length === 0) throw new Invalid(`${name}: there is no name to search for`)
    return {
      kind: 'words',
      words: sounds.map((sound) => [phonetic.hashOf(reading.tenant, parameter.base, sound)]),
    }
  })
  return clauses.length === 1 ? clauses[0]! : { kind: 'any', clauses }
}

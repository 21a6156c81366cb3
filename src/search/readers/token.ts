import { Invalid } from '../../base/errors.js'
import type { Clause, ConceptTest } from '../clause.js'
import { type Asked, noModifier, prefixes, split, textPrefixes } from '../reading.js'
import * as token from '../types/token.js'
import { advanced, plainWords, scopeOf } from './text.js'

/** Types whose tokens carry no system of their own: the element implies it. */
const IMPLIED = new Set(['code', 'boolean', 'string', 'id', 'markdown'])

const IMPLIED_SYSTEM = /^(http:\/\/(hl7\.org\/fhir|terminology\.hl7\.org\/CodeSystem)\/[^|]*)?\|./

const CODED = new Set(['CodeableConcept', 'Coding', 'code', 'dynamic'])

/** @see https://hl7.org/fhir/R4/search.html#token */
export function tokenClause(asked: Asked): Clause {
  const { reading, parameter, modifier, values, name } = asked
  const types = [...new Set(parameter.paths.map((path) => path.type))]
  switch (modifier) {
    case undefined:
      return equal(asked, types)
    case 'not':
      return { kind: 'not', clause: equal(asked, types) }
    case 'text':
      return plainWords(textPrefixes(reading.tenant, parameter), scopeOf(parameter), values, name)
    case 'text-advanced':
      return advanced(textPrefixes(reading.tenant, parameter), scopeOf(parameter), values, name)
  }
  if (modifier === 'of-type' && types.includes('Identifier')) return ofType(asked)
  const isCoded = types.some((type) => CODED.has(type))
  const test = isCoded ? conceptTests[modifier!] : undefined
  if (test) {
    const tests = values.map((value) => test(value, asked))
    const clause: Clause = { kind: 'concepts', tests, tokens: { ...spelling(types), prefixes: prefixesOf(asked) } }
    return modifier === 'not-in' ? { kind: 'not', clause } : clause
  }
  const known = ['not', 'text', 'text-advanced', ...(types.includes('Identifier') ? ['of-type'] : [])]
  throw noModifier(parameter, modifier!, [...known, ...(isCoded ? Object.keys(conceptTests) : [])])
}

const prefixesOf = ({ reading, parameter }: Asked) => prefixes(reading.tenant, parameter)

/** A value is stored under the parity of its type; where the type is known only from the data, under either. */
const spelling = (types: readonly string[]) => ({
  parities: types.includes('dynamic') ? [true, false] : [...new Set(types.map(token.isUnique))],
  implied: types.every((type) => IMPLIED.has(type)),
})

function equal(asked: Asked, types: readonly string[]): Clause {
  const { parities, implied } = spelling(types)
  const isPhone = types.includes('ContactPoint')
  const hashes = prefixesOf(asked).flatMap((prefix) =>
    asked.values.flatMap((value) => {
      // gender=http://hl7.org/fhir/administrative-gender|male: the system is the one that FHIR implies
      const text = implied && IMPLIED_SYSTEM.test(value) ? value.slice(value.indexOf('|') + 1) : value
      const equals = parities.map((unique) => token.searched(prefix, text, unique))
      return isPhone ? [...equals, ...token.phonesOf(prefix, text)] : equals
    }),
  )
  return { kind: 'token', hashes: [...new Set(hashes)] }
}

/** `identifier:of-type=system|code|value`: the first two say which type of identifier, all three must be there. */
function ofType(asked: Asked): Clause {
  const hashes = asked.values.flatMap((value) => {
    const [system, code, number, ...rest] = split(value, '|').map(token.unescaped)
    if (!system || !code || !number || rest.length)
      throw new Invalid(`${asked.name}: right is system|code|value, where system and code are those of Identifier.type`)
    return prefixesOf(asked).map((prefix) => token.identifierOfType(prefix, system, code, number))
  })
  return { kind: 'token', hashes }
}

const conceptTests: Record<string, (value: string, asked: Asked) => ConceptTest> = {
  in: valueSet,
  'not-in': valueSet,
  above: (value, asked) => ({ kind: 'above', ...concept(value, asked) }),
  below: (value, asked) => ({ kind: 'below', ...concept(value, asked) }),
}

function valueSet(value: string, { reading, name }: Asked): ConceptTest {
  const uri = token.unescaped(value)
  const relative = uri.startsWith(`${reading.base}/`) ? uri.slice(reading.base.length + 1) : uri
  if (!/^([a-z][a-z0-9+.-]*:.+|ValueSet\/[A-Za-z0-9.-]{1,64})$/i.test(relative))
    throw new Invalid(`${name}: right is the canonical url of a value set, or ValueSet/id`)
  return { kind: 'in', valueSet: relative }
}

function concept(value: string, { name }: Asked): { system: string; code: string } {
  const [system, code, ...rest] = split(value, '|').map(token.unescaped)
  if (!system || !code || rest.length)
    throw new Invalid(`${name}: right is system|code, as only the system says what is above and below a code`)
  return { system, code }
}

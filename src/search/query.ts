import { type FhirError, Invalid, type Issue } from '../base/errors.js'
import { isResourceType } from '../fhir/definitions.js'
import type { Clause } from './clause.js'
import { hashOften, keyOf } from './hash.js'
import { paramOf, prefixOf, prosePrefix, textPrefix } from './names.js'
import { type Component, commonParameters, type SearchParameter, searchParameters } from './parameters.js'
import { isMandatory, mainDate, patientParameter, sourcesOf, storedParameters } from './sources.js'
import * as composite from './types/composite.js'
import * as date from './types/date.js'
import * as quantity from './types/quantity.js'
import * as reference from './types/reference.js'
import * as string from './types/string.js'
import * as token from './types/token.js'

/** `name=value` pairs as a query has them, decoded, in order. */
export type Pair = readonly [name: string, value: string]

/** What the clauses of a query are read with. */
export interface Reading {
  tenant: number
  /** Our own base, so that an absolute reference to us is one of ours. */
  base: string
}

/** A parameter that does not exist, or not so: strict handling answers 400, lenient leaves it out with a warning. */
export class UnusableParameter extends Invalid {
  static override code: Issue['code'] = 'not-supported'
}

/** What follows a reference in the name of a parameter. Each is a search of its own, so their number has an end. */
const LINK = /\.|_has:/
const MOST_LINKS = 8
const CHAIN = /^([^:.]+)(?::([A-Za-z]+))?\.(.+)$/

/**
 * One `name=value` of a query as a clause on resources of `type`.
 * @throws UnusableParameter  no such parameter or modifier; names those that there are
 * @throws Invalid  the value is not one of the parameter's type
 */
export function clauseOf(reading: Reading, type: string, [name, value]: Pair): Clause {
  if (name.split(LINK).length > MOST_LINKS + 1)
    throw new UnusableParameter(`At most ${MOST_LINKS} references can be followed in one parameter`)
  if (name.startsWith('_has:')) return has(reading, type, name, value)
  const chain = CHAIN.exec(name)
  if (chain) return chained(reading, type, chain[1]!, chain[2], [chain[3]!, value])
  const [code, modifier, ...rest] = name.split(':')
  const parameter = parameterOf(type, code!)
  if (rest.length) throw new UnusableParameter(`${name}: a parameter takes one modifier`)
  if (value === '') throw new Invalid(`${name}: there is no value`)
  if (modifier === 'missing') return missing(reading, parameter, value)
  const values = split(value, ',')
  switch (parameter.code) {
    case '_id':
      if (modifier) throw noModifier(parameter, modifier, [])
      return { kind: 'key', keys: values.map((id) => keyOf(reading.tenant, type, id)) }
    case '_lastUpdated':
      if (modifier) throw noModifier(parameter, modifier, [])
      return { kind: 'updated', comparisons: values.map((one) => date.searched(one, code!)) }
    case '_text':
    case '_content':
      if (modifier) throw noModifier(parameter, modifier, [])
      return anyWords(prosePrefixes(reading.tenant, type, parameter.code), values, name)
  }
  return readers[parameter.type](reading, parameter, modifier, values, name)
}

/** The parameter, or the error that lists what there is. */
export function parameterOf(type: string, code: string): SearchParameter {
  const parameters = type === 'Resource' ? commonParameters() : searchParameters(type)
  const found = parameters.get(code)
  if (found) return found
  const codes = [...parameters.keys()].sort()
  throw new UnusableParameter(`${type} has no search parameter ${code}; it has ${codes.join(', ')}`)
}

function noModifier(parameter: SearchParameter, modifier: string, allowed: readonly string[]): FhirError {
  const known = [...allowed, 'missing'].map((name) => `:${name}`).join(' ')
  return new UnusableParameter(
    `${parameter.code}:${modifier} is not supported on ${parameter.base}; this parameter takes ${known}`,
  )
}

type Reader = (
  reading: Reading,
  parameter: SearchParameter,
  modifier: string | undefined,
  values: string[],
  name: string,
) => Clause

const readers: Record<SearchParameter['type'], Reader> = {
  token: tokenClause,
  uri({ tenant }, parameter, modifier, values) {
    if (modifier) throw noModifier(parameter, modifier, [])
    return {
      kind: 'token',
      hashes: prefixes(tenant, parameter).flatMap((prefix) =>
        values.map((value) => token.uri(prefix, token.unescaped(value))),
      ),
    }
  },
  string({ tenant }, parameter, modifier, values, name) {
    if (modifier === 'text') return anyWords(textPrefixes(tenant, parameter), values, name)
    if (modifier && modifier !== 'exact' && modifier !== 'contains')
      throw noModifier(parameter, modifier, ['exact', 'contains', 'text'])
    const match = (modifier as 'exact' | 'contains' | undefined) ?? 'prefix'
    const texts = values.map(token.unescaped).map((text) => (match === 'exact' ? text : string.normal(text)))
    if (texts.some((text) => text === '')) throw new Invalid(`${name}: there is no text to search for`)
    if (texts.some((text) => text.length > string.LONGEST))
      throw new Invalid(`${name}: at most ${string.LONGEST} characters can be searched for`)
    return { kind: 'string', params: params(tenant, parameter), match, values: texts }
  },
  date({ tenant }, parameter, modifier, values) {
    if (modifier) throw noModifier(parameter, modifier, [])
    return {
      kind: 'date',
      params: dateParams(tenant, parameter),
      comparisons: values.map((value) => date.searched(value, parameter.code)),
    }
  },
  number({ tenant }, parameter, modifier, values) {
    if (modifier) throw noModifier(parameter, modifier, [])
    const tests = values.map((value) => ({ comparison: quantity.number(value, parameter.code) }))
    return { kind: 'quantity', params: params(tenant, parameter), tests }
  },
  quantity({ tenant }, parameter, modifier, values) {
    if (modifier) throw noModifier(parameter, modifier, [])
    return {
      kind: 'quantity',
      params: params(tenant, parameter),
      tests: values.map((value) => quantity.searched(value, parameter.code)),
    }
  },
  reference: referenceClause,
  composite: compositeClause,
  special(_reading, parameter) {
    throw new UnusableParameter(`${parameter.code} is not supported yet`)
  },
}

const prefixes = (tenant: number, { base, code }: SearchParameter) =>
  sourcesOf(base, code).codes.map((source) => prefixOf(tenant, base, source))
const params = (tenant: number, { base, code }: SearchParameter) =>
  sourcesOf(base, code).codes.map((source) => paramOf(tenant, base, source))

const textPrefixes = (tenant: number, { base, code }: SearchParameter) =>
  sourcesOf(base, code).codes.map((source) => textPrefix(tenant, base, source))

/** `_content` finds what any `:text` finds, too: those words are stored under their parameters. */
function prosePrefixes(tenant: number, type: string, code: string): string[] {
  if (code === '_text') return [prosePrefix(tenant, type, '_text')]
  const texts = storedParameters(type).filter((one) => one.type === 'token' || one.type === 'string')
  return [prosePrefix(tenant, type, '_content'), ...texts.map((one) => textPrefix(tenant, type, one.code))]
}

function dateParams(tenant: number, { base, code }: SearchParameter): (bigint | null)[] {
  const main = mainDate(base)
  return sourcesOf(base, code).codes.map((source) => (source === main ? null : paramOf(tenant, base, source)))
}

/** Types whose tokens carry no system of their own: the element implies it. */
const IMPLIED = new Set(['code', 'boolean', 'string', 'id', 'markdown'])

const IMPLIED_SYSTEM = /^(http:\/\/(hl7\.org\/fhir|terminology\.hl7\.org\/CodeSystem)\/[^|]*)?\|./

function tokenClause(
  { tenant }: Reading,
  parameter: SearchParameter,
  modifier: string | undefined,
  values: string[],
  name: string,
): Clause {
  if (modifier === 'text') return anyWords(textPrefixes(tenant, parameter), values, name)
  if (modifier && modifier !== 'not') throw noModifier(parameter, modifier, ['not', 'text'])
  const types = [...new Set(parameter.paths.map((path) => path.type))]
  // A value is stored under the parity of its type; where the type is known only from the data, under either.
  const parities = types.includes('dynamic') ? [true, false] : [...new Set(types.map(token.isUnique))]
  const implied = types.every((type) => IMPLIED.has(type))
  const hashes = prefixes(tenant, parameter).flatMap((prefix) =>
    values.flatMap((value) => {
      // gender=http://hl7.org/fhir/administrative-gender|male: the system is the one that FHIR implies
      const text = implied && IMPLIED_SYSTEM.test(value) ? value.slice(value.indexOf('|') + 1) : value
      return parities.map((unique) => token.searched(prefix, text, unique))
    }),
  )
  const clause: Clause = { kind: 'token', hashes: [...new Set(hashes)] }
  return modifier === 'not' ? { kind: 'not', clause } : clause
}

function referenceClause(
  reading: Reading,
  parameter: SearchParameter,
  modifier: string | undefined,
  values: string[],
  name: string,
): Clause {
  const { tenant, base } = reading
  const { targets } = parameter
  if (modifier === 'identifier') {
    const hashes = prefixes(tenant, parameter).flatMap((prefix) =>
      values.map((value) => {
        const [first, second] = split(value, '|')
        return second === undefined
          ? reference.identifierHash(prefix, undefined, token.unescaped(first!))
          : reference.identifierHash(prefix, token.unescaped(first!), token.unescaped(second))
      }),
    )
    return { kind: 'token', hashes }
  }
  if (modifier && !targets.includes(modifier)) throw noModifier(parameter, modifier, ['identifier', ...targets])
  const keys: bigint[] = []
  let onlyPatients = true
  for (const value of values.map(token.unescaped)) {
    const relative = value.startsWith(`${base}/`) ? value.slice(base.length + 1) : value
    if (/^[A-Za-z0-9.-]{1,64}$/.test(relative)) {
      const types = modifier ? [modifier] : targets
      if (types.some((type) => type !== 'Patient')) onlyPatients = false
      for (const type of types) keys.push(keyOf(tenant, type, relative))
      continue
    }
    const target = reference.targetOf(tenant, relative)
    if (!target)
      throw new Invalid(`${name}: a contained resource cannot be searched for; right are id, Type/id or a URL`)
    if (target.type && modifier && target.type !== modifier)
      throw new Invalid(`${name}: the value names a ${target.type}, the modifier a ${modifier}`)
    if (target.type && targets.length && !targets.includes(target.type))
      throw new Invalid(
        `${name}: ${parameter.base}.${parameter.code} cannot refer to a ${target.type}; it can to ${targets.join(', ')}`,
      )
    if (target.type !== 'Patient') onlyPatients = false
    keys.push(target.key)
  }
  return { kind: 'reference', salts: params(tenant, parameter), keys, patient: onlyPatients && byPatient(parameter) }
}

/** The column `patient` holds what this parameter finds, as long as it is asked for Patients. */
function byPatient({ base, code }: SearchParameter): boolean {
  const { codes } = sourcesOf(base, code)
  return codes.length === 1 && codes[0] === patientParameter(base)
}

function chained(reading: Reading, type: string, code: string, targetType: string | undefined, rest: Pair): Clause {
  const parameter = parameterOf(type, code)
  if (parameter.type !== 'reference')
    throw new UnusableParameter(`${code} is no reference: it cannot be followed to ${rest[0]}`)
  if (targetType && !parameter.targets.includes(targetType))
    throw new UnusableParameter(
      `${type}.${code} cannot refer to a ${targetType}; it can to ${parameter.targets.join(', ')}`,
    )
  const failures: FhirError[] = []
  const ways = (targetType ? [targetType] : parameter.targets).flatMap((target): Clause[] => {
    try {
      const patient = target === 'Patient' && byPatient(parameter)
      return [
        {
          kind: 'chain',
          salts: params(reading.tenant, parameter),
          patient,
          type: target,
          clauses: [clauseOf(reading, target, rest)],
        },
      ]
    } catch (cause) {
      // Of several targets only some have the parameter; when none has, the first says what is wrong.
      if (!(cause instanceof UnusableParameter)) throw cause
      failures.push(cause)
      return []
    }
  })
  if (ways.length === 0)
    throw failures[0] ?? new UnusableParameter(`${code} refers to nothing that ${rest[0]} could be asked of`)
  return anyOf(ways)
}

/** `_has:Observation:patient:code`: https://hl7.org/fhir/R4/search.html#has */
function has(reading: Reading, type: string, name: string, value: string): Clause {
  const [, source, code, ...rest] = name.split(':')
  if (!source || !code || rest.length === 0)
    throw new UnusableParameter(`${name}: right is _has:Type:reference:parameter`)
  if (!isResourceType(source)) throw new UnusableParameter(`${name}: ${source} is not a resource type`)
  const parameter = parameterOf(source, code)
  if (parameter.type !== 'reference' || (parameter.targets.length > 0 && !parameter.targets.includes(type)))
    throw new UnusableParameter(`${name}: ${source}.${code} does not refer to ${type}`)
  return {
    kind: 'has',
    salts: params(reading.tenant, parameter),
    patient: type === 'Patient' && byPatient(parameter),
    type: source,
    clauses: [clauseOf(reading, source, [rest.join(':'), value])],
  }
}

function missing({ tenant }: Reading, parameter: SearchParameter, value: string): Clause {
  if (value !== 'true' && value !== 'false') throw new Invalid(`${parameter.code}:missing is true or false`)
  const present = presentClause(tenant, parameter)
  return value === 'false' ? present : { kind: 'not', clause: present }
}

function presentClause(tenant: number, parameter: SearchParameter): Clause {
  if (parameter.code === '_id' || parameter.code === '_lastUpdated' || isMandatory(parameter))
    return { kind: 'all', clauses: [] }
  switch (parameter.type) {
    case 'string':
      return { kind: 'present', table: 'string', params: params(tenant, parameter) }
    case 'number':
    case 'quantity':
      return { kind: 'present', table: 'quantity', params: params(tenant, parameter) }
    case 'date':
      return { kind: 'present', table: 'date', params: dateParams(tenant, parameter) }
    case 'composite':
    case 'special':
      throw new UnusableParameter(`${parameter.code}:missing is not supported: ask for the parts of it`)
    default: {
      const { narrowed } = sourcesOf(parameter.base, parameter.code)
      if (!narrowed) return { kind: 'token', hashes: prefixes(tenant, parameter).map(token.presence) }
      if (byPatient(parameter) && parameter.code === 'patient') return { kind: 'ofPatient' }
      throw new UnusableParameter(
        `${parameter.code}:missing is not supported; ${sourcesOf(parameter.base, parameter.code).codes.join(' or ')}:missing is`,
      )
    }
  }
}

/** Whether a search can ask for it: places (`near`), and composites other than of a token and one more, are not yet. */
export function isSupported(parameter: SearchParameter): boolean {
  if (parameter.type !== 'composite') return parameter.type !== 'special'
  return parameter.code in composite.COMBINED || composite.isPair(parameter)
}

function compositeClause(
  reading: Reading,
  parameter: SearchParameter,
  modifier: string | undefined,
  values: string[],
  name: string,
): Clause {
  if (modifier) throw noModifier(parameter, modifier, [])
  const combined = composite.COMBINED[parameter.code]
  if (combined) {
    return anyOf(
      combined.map((code) => compositeClause(reading, parameterOf(parameter.base, code), undefined, values, name)),
    )
  }
  if (!isSupported(parameter)) throw new UnusableParameter(`${parameter.code} is not supported yet`)
  const [first, second] = parameter.components as [Component, Component]
  return anyOf(
    values.map((value): Clause => {
      const [head, tail, more] = split(value, '$')
      if (!head || !tail || more !== undefined)
        throw new Invalid(`${name}: the value has two parts with a $ between them`)
      if (parameter.paths.every((path) => path.type === parameter.base)) {
        const clauses = [first.parameter, second.parameter].map((component, i) =>
          clauseOf(reading, parameter.base, [component.code, i === 0 ? head : tail]),
        )
        return { kind: 'all', clauses }
      }
      const param = composite.pairParam(reading.tenant, parameter.base, parameter.code)
      const heads = headHashes(first.paths.flat(), head)
      switch (composite.kindOf(second)) {
        case 'token':
          return {
            kind: 'token',
            hashes: heads.flatMap((h) =>
              headHashes(second.paths.flat(), tail).map((t) => composite.pairHash(param, h, t)),
            ),
          }
        case 'quantity':
          return {
            kind: 'quantity',
            params: heads.map((h) => composite.headParam(param, h)),
            tests: [quantity.searched(tail, name)],
          }
        case 'reference': {
          const target = reference.targetOf(reading.tenant, tail)
          if (!target) throw new Invalid(`${name}: the second part is a reference, Type/id`)
          return { kind: 'token', hashes: heads.map((h) => composite.pairHash(param, h, target.key)) }
        }
        default:
          throw new UnusableParameter(`${parameter.code} is not supported yet`)
      }
    }),
  )
}

function headHashes(paths: readonly { type: string }[], text: string): bigint[] {
  return [...new Set(paths.map((path) => token.isUnique(path.type)))].map((unique) => token.searched('', text, unique))
}

function anyWords(names: readonly string[], values: readonly string[], name: string): Clause {
  return anyOf(
    values.map((value): Clause => {
      const found = string.words(token.unescaped(value))
      if (found.length === 0) throw new Invalid(`${name}: there is no word to search for`)
      return { kind: 'words', words: found.map((word) => names.map((prefix) => hashOften(prefix + word))) }
    }),
  )
}

const anyOf = (clauses: readonly Clause[]): Clause =>
  clauses.length === 1 ? clauses[0]! : { kind: 'any', clauses: [...clauses] }

/** Splits at a separator that is not escaped by a backslash. */
function split(text: string, separator: string): string[] {
  if (!text.includes('\\')) return text.split(separator)
  const parts: string[] = ['']
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\' && i + 1 < text.length) parts[parts.length - 1] += text.slice(i, ++i + 1)
    else if (text[i] === separator) parts.push('')
    else parts[parts.length - 1] += text.charAt(i)
  }
  return parts
}

import { type FhirError, Invalid, TooCostly } from '../base/errors.js'
import { isResourceType } from '../fhir/definitions.js'
import type { Clause } from './clause.js'
import { type Filter, filterOf, type Step } from './filter.js'
import { keyOf } from './hash.js'
import { listClause } from './lists.js'
import { prosePrefix, textPrefix } from './names.js'
import type { SearchParameter } from './parameters.js'
import { compositeClause } from './readers/composite.js'
import { filterTest } from './readers/filter.js'
import { advanced } from './readers/text.js'
import { readers } from './readers/values.js'
import {
  type Asked,
  allOf,
  anyOf,
  byPatient,
  dateParams,
  noModifier,
  type Pair,
  parameterOf,
  params,
  prefixes,
  type Reading,
  split,
  UnusableParameter,
} from './reading.js'
import { isMandatory, sourcesOf, storedParameters } from './sources.js'
import * as composite from './types/composite.js'
import * as date from './types/date.js'
import * as position from './types/position.js'
import * as token from './types/token.js'

export { type Pair, parameterOf, type Reading, UnusableParameter } from './reading.js'

/** What follows a reference in the name of a parameter. Each is a search of its own, so their number has an end. */
const LINK = /\.|_has:/
const MOST_LINKS = 8
/** Alternatives of one parameter: what an index is asked for grows with them, and then its answer's time faster. */
const MOST_VALUES = 20_000
const CHAIN = /^([^:.]+)(?::([A-Za-z]+))?\.(.+)$/

/**
 * One `name=value` of a query as a clause on resources of `type`.
 * @throws UnusableParameter  no such parameter or modifier; names those that there are
 * @throws Invalid  the value is not one of the parameter's type
 */
export function clauseOf(reading: Reading, type: string, [name, value]: Pair): Clause {
  if (name.split(LINK).length > MOST_LINKS + 1)
    throw new UnusableParameter(`At most ${MOST_LINKS} references can be followed in one parameter`)
  if (name.startsWith('_has:'))
    return has(reading, type, name, (source, rest) => [clauseOf(reading, source, [rest, value])])
  const [chain, first, targetType, rest] = CHAIN.exec(name) ?? []
  if (chain)
    return chained(reading, type, first!, targetType, rest!, (target) => [clauseOf(reading, target, [rest!, value])])
  if (name === '_list')
    return anyOf(
      value.split(',').map((one) => listClause(reading.tenant, type, one, (pair) => clauseOf(reading, type, pair))),
    )
  if (name === '_query') throw new UnusableParameter('_query: there are no named queries here')
  if (name === '_filter') return filtered(reading, type, filterOf(value))
  const [code, modifier, ...more] = name.split(':')
  const parameter = parameterOf(type, code!, reading.parameters)
  if (more.length) throw new UnusableParameter(`${name}: a parameter takes one modifier`)
  if (value === '') throw new Invalid(`${name}: there is no value`)
  if (modifier === 'missing') return missing(reading, parameter, value)
  const asked: Asked = { reading, parameter, modifier, values: split(value, ','), name }
  if (asked.values.length > MOST_VALUES)
    throw new TooCostly(`${name} has more than ${MOST_VALUES} values; ask for fewer at once`)
  const special = specials[parameter.code]
  if (special) {
    if (modifier) throw noModifier(parameter, modifier, [])
    return special(asked, type)
  }
  switch (parameter.type) {
    case 'composite':
      return compositeClause(asked, (code, part) => clauseOf(reading, parameter.base, [code, part]))
    case 'special':
      throw new UnusableParameter(`${parameter.code} is not supported yet`)
    default:
      return readers[parameter.type](asked)
  }
}

/** Parameters that are not read by their type. */
const specials: Record<string, (asked: Asked, type: string) => Clause> = {
  _id: ({ reading, values }, type) => ({ kind: 'key', keys: values.map((id) => keyOf(reading.tenant, type, id)) }),
  _lastUpdated: ({ values, name }) => ({
    kind: 'updated',
    comparisons: values.map((value) => date.searched(value, name)),
  }),
  [position.CODE]: ({ reading: { tenant }, parameter: { base }, values, name }) => ({
    kind: 'near',
    latitude: position.latitudeParam(tenant, base),
    longitude: position.longitudeParam(tenant, base),
    circles: values.map((value) => position.searched(token.unescaped(value), name)),
  }),
  _text: ({ reading, values, name }, type) =>
    advanced([prosePrefix(reading.tenant, type, '_text')], { kind: 'narrative' }, values, name),
  _content: ({ reading, values, name }, type) =>
    advanced(contentPrefixes(reading.tenant, type), { kind: 'everything' }, values, name),
}

/** `_content` finds what any `:text` finds, too: those words are stored under their parameters. */
function contentPrefixes(tenant: number, type: string): string[] {
  const texts = storedParameters(type).filter((one) => one.type === 'token' || one.type === 'string')
  return [prosePrefix(tenant, type, '_content'), ...texts.map((one) => textPrefix(tenant, type, one.code))]
}

/** What is asked of the resources of a type that a reference leads to. */
type Ask = (type: string) => Clause[]

/** Resources that refer to one of which all that `ask` says is true. */
function chained(
  reading: Reading,
  type: string,
  code: string,
  targetType: string | undefined,
  rest: string,
  ask: Ask,
): Clause {
  const parameter = parameterOf(type, code, reading.parameters)
  if (parameter.type !== 'reference')
    throw new UnusableParameter(`${code} is no reference: it cannot be followed to ${rest}`)
  if (targetType && !parameter.targets.includes(targetType))
    throw new UnusableParameter(
      `${type}.${code} cannot refer to a ${targetType}; it can to ${parameter.targets.join(', ')}`,
    )
  const salts = params(reading.tenant, parameter)
  const failures: FhirError[] = []
  const ways = (targetType ? [targetType] : parameter.targets).flatMap((target): Clause[] => {
    try {
      const patient = target === 'Patient' && byPatient(parameter)
      return [{ kind: 'chain', salts, patient, type: target, clauses: ask(target) }]
    } catch (cause) {
      // Of several targets only some have the parameter; when none has, the first says what is wrong.
      if (!(cause instanceof UnusableParameter)) throw cause
      failures.push(cause)
      return []
    }
  })
  if (ways.length === 0)
    throw failures[0] ?? new UnusableParameter(`${code} refers to nothing that ${rest} could be asked of`)
  return anyOf(ways)
}

/** Resources that some other refers to, of which all that `ask` says is true. `_has:Observation:patient:code` */
function has(reading: Reading, type: string, name: string, ask: (type: string, rest: string) => Clause[]): Clause {
  const [, source, code, ...rest] = name.split(':')
  if (!source || !code || rest.length === 0)
    throw new UnusableParameter(`${name}: right is _has:Type:reference:parameter`)
  if (!isResourceType(source)) throw new UnusableParameter(`${name}: ${source} is not a resource type`)
  const parameter = parameterOf(source, code, reading.parameters)
  if (parameter.type !== 'reference' || (parameter.targets.length > 0 && !parameter.targets.includes(type)))
    throw new UnusableParameter(`${name}: ${source}.${code} does not refer to ${type}`)
  return {
    kind: 'has',
    salts: params(reading.tenant, parameter),
    patient: type === 'Patient' && byPatient(parameter),
    type: source,
    clauses: ask(source, rest.join(':')),
  }
}

function filtered(reading: Reading, type: string, filter: Filter): Clause {
  switch (filter.kind) {
    case 'and':
      return allOf(filter.filters.map((one) => filtered(reading, type, one)))
    case 'or':
      return anyOf(filter.filters.map((one) => filtered(reading, type, one)))
    case 'not':
      return { kind: 'not', clause: filtered(reading, type, filter.filter) }
    case 'test':
      return tested(reading, type, filter)
  }
}

/** `subject[gender eq male].name co "peter"`: what is in brackets and what follows is true of the same resource. */
function tested(reading: Reading, type: string, test: Filter & { kind: 'test' }): Clause {
  const { path, operator, value } = test
  const [{ name, filter }, ...rest] = path as [Step, ...Step[]]
  if (path.length > MOST_LINKS) throw new Invalid(`_filter: at most ${MOST_LINKS} references can be followed`)
  if (name.startsWith('_has:'))
    return has(reading, type, name, (source, last) => [
      tested(reading, source, { ...test, path: [{ name: last, filter }, ...rest] }),
    ])
  const [code, targetType] = name.split(':') as [string, string?]
  if (rest.length > 0)
    return chained(reading, type, code, targetType, rest[0]!.name, (target) => [
      ...(filter ? [filtered(reading, target, filter)] : []),
      tested(reading, target, { ...test, path: rest }),
    ])
  if (targetType) throw new Invalid(`_filter: ${name} is not followed by a parameter`)
  const parameter = parameterOf(type, code, reading.parameters)
  const search = (text: string, modifier?: string) =>
    clauseOf(reading, type, [modifier ? `${code}:${modifier}` : code, text])
  return filterTest({ asked: { reading, parameter, name }, operator, value, search })
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
    case 'special':
      if (parameter.code === position.CODE)
        return { kind: 'present', table: 'quantity', params: [position.latitudeParam(tenant, parameter.base)] }
      throw new UnusableParameter(`${parameter.code}:missing is not supported`)
    case 'composite':
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

/** Whether a search can ask for it: composites other than of a token and one more are not yet. */
export function isSupported(parameter: SearchParameter): boolean {
  if (parameter.code in specials) return true
  if (parameter.type !== 'composite') return parameter.type !== 'special'
  return composite.isSupported(parameter)
}

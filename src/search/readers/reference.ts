import { Invalid } from '../../base/errors.js'
import type { Clause } from '../clause.js'
import { keyOf } from '../hash.js'
import { paramOf } from '../names.js'
import { type SearchParameter, searchParameters } from '../parameters.js'
import { type Asked, byPatient, noModifier, params, prefixes, split, UnusableParameter } from '../reading.js'
import { sourcesOf } from '../sources.js'
import * as reference from '../types/reference.js'
import * as token from '../types/token.js'

type Referring = Clause & { kind: 'reference' }

/** @see https://hl7.org/fhir/R4/search.html#reference */
export function referenceClause(asked: Asked): Clause {
  const { parameter, modifier } = asked
  if (modifier === 'identifier') return byIdentifier(asked)
  const isCanonical = parameter.paths.length > 0 && parameter.paths.every(({ type }) => type === 'canonical')
  if (modifier === 'above' || modifier === 'below')
    return isCanonical ? byVersion(asked, modifier) : byHierarchy(asked, modifier)
  const { targets } = parameter
  if (modifier && !targets.includes(modifier))
    throw noModifier(parameter, modifier, [
      ...(isCanonical ? [] : ['identifier']),
      ...(isCanonical || hierarchical(targets).length ? ['above', 'below'] : []),
      ...targets,
    ])
  return referring(asked, modifier)
}

function referring({ reading, parameter, values, name }: Asked, type: string | undefined): Referring {
  const { tenant, base } = reading
  const { targets } = parameter
  const keys: bigint[] = []
  let onlyPatients = true
  for (const value of values.map(token.unescaped)) {
    const relative = value.startsWith(`${base}/`) ? value.slice(base.length + 1) : value
    if (/^[A-Za-z0-9.-]{1,64}$/.test(relative)) {
      const types = type ? [type] : targets
      if (types.some((one) => one !== 'Patient')) onlyPatients = false
      for (const one of types) keys.push(keyOf(tenant, one, relative))
      continue
    }
    const target = reference.targetOf(tenant, relative)
    if (!target)
      throw new Invalid(`${name}: a contained resource cannot be searched for; right are id, Type/id or a URL`)
    if (target.type && type && target.type !== type)
      throw new Invalid(`${name}: the value names a ${target.type}, the modifier a ${type}`)
    if (target.type && targets.length && !targets.includes(target.type))
      throw new Invalid(
        `${name}: ${parameter.base}.${parameter.code} cannot refer to a ${target.type}; it can to ${targets.join(', ')}`,
      )
    if (target.type !== 'Patient') onlyPatients = false
    keys.push(target.key)
  }
  return { kind: 'reference', salts: params(tenant, parameter), keys, patient: onlyPatients && byPatient(parameter) }
}

function byIdentifier({ reading, parameter, values }: Asked): Clause {
  const hashes = prefixes(reading.tenant, parameter).flatMap((prefix) =>
    values.map((value) => {
      const [first, second] = split(value, '|')
      return second === undefined
        ? reference.identifierHash(prefix, undefined, token.unescaped(first!))
        : reference.identifierHash(prefix, token.unescaped(first!), token.unescaped(second))
    }),
  )
  return { kind: 'token', hashes }
}

/**
 * Of canonicals it is the version: below `url|1` are `url|1`, `url|1.0` and `url|1.2.3`; above `url|1.2.3` are
 * `url|1.2.3`, `url|1.2` and `url|1`.
 */
function byVersion({ reading, parameter, values, name }: Asked, direction: 'above' | 'below'): Clause {
  const { tenant } = reading
  const keys = values.map(token.unescaped).flatMap((value) => {
    const [url, version, ...rest] = value.split('|')
    if (!url || !version || rest.length) throw new Invalid(`${name}: right is url|version`)
    return direction === 'below'
      ? reference.versionsBelow(tenant, url, version)
      : reference.versionsAbove(tenant, url, version)
  })
  return { kind: 'reference', salts: params(tenant, parameter), keys, patient: false }
}

/** `Location.partof` and the like: how resources of a type are parts of others of the same type. */
function partOf(type: string): SearchParameter | undefined {
  const parameters = searchParameters(type)
  const found = parameters.get('partof') ?? parameters.get('part-of')
  return found?.type === 'reference' && found.targets.includes(type) ? found : undefined
}

const hierarchical = (targets: readonly string[]) => targets.filter(partOf)

/** `location:below=Location/1`: the location itself and all that are parts of it, of parts of it, and so on. */
function byHierarchy(asked: Asked, direction: 'above' | 'below'): Clause {
  const { reading, parameter, name } = asked
  const types = hierarchical(parameter.targets)
  if (types.length === 0)
    throw new UnusableParameter(`${name}: what ${parameter.base}.${parameter.code} refers to has no parts of its kind`)
  const { tenant, base } = reading
  const byType = new Map<string, bigint[]>()
  for (const value of asked.values.map(token.unescaped)) {
    const relative = value.startsWith(`${base}/`) ? value.slice(base.length + 1) : value
    const [, named, id] = /^(?:([A-Z][A-Za-z]+)\/)?([A-Za-z0-9.-]{1,64})$/.exec(relative) ?? []
    if (!id || (named && !types.includes(named)))
      throw new Invalid(`${name}: right is the id of a ${types.join(' or ')}, or Type/id`)
    for (const type of named ? [named] : types) {
      const keys = byType.get(type)
      if (keys) keys.push(keyOf(tenant, type, id))
      else byType.set(type, [keyOf(tenant, type, id)])
    }
  }
  const salts = params(tenant, parameter)
  const clauses = [...byType].map(([type, keys]): Clause => {
    const parts = sourcesOf(type, partOf(type)!.code).codes.map((code) => paramOf(tenant, type, code))
    return { kind: 'hierarchy', direction, type, parts, keys, salts }
  })
  return clauses.length === 1 ? clauses[0]! : { kind: 'any', clauses }
}

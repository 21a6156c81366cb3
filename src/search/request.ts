import { Invalid, type Issue } from '../base/errors.js'
import { isResourceType } from '../fhir/definitions.js'
import type { Clause } from './clause.js'
import { checkInside, tenantInside } from './contained.js'
import { acrossTypes, orderOf } from './order.js'
import { standard } from './parameters.js'
import { clauseOf, type Pair, parameterOf, type Reading, UnusableParameter } from './query.js'
import { scoreAt } from './score.js'

export type Summary = 'true' | 'text' | 'data' | 'count' | 'false'
export type Total = 'none' | 'estimate' | 'accurate'

/** `_include=Observation:subject:Patient`; `*` for every reference. */
export interface Include {
  source: string
  code: string
  target?: string
  iterate: boolean
}

/** A search as it was understood. */
export interface SearchRequest {
  /** one, or several at system level */
  types: readonly string[]
  /** by type: what holds */
  clauses: ReadonlyMap<string, readonly Clause[]>
  sort?: string
  count: number
  offset: number
  total?: Total
  summary: Summary
  elements?: readonly string[]
  /** Look into contained resources: only there, or there too. */
  contained?: Contained
  include: readonly Include[]
  revinclude: readonly Include[]
  /** Tell how it is answered, too. */
  explain?: boolean
  /** What was applied, for the self link. */
  applied: readonly Pair[]
  /** What was not, under lenient handling. */
  warnings: readonly Issue[]
}

export interface SearchLimits {
  defaultCount: number
  maxCount: number
}

/** https://hl7.org/fhir/R4/search.html#contained */
export interface Contained {
  /** by type: what holds of a contained resource */
  clauses: Map<string, Clause[]>
  /** Resources that are not contained are found, too. */
  both: boolean
  /** What is returned: the contained resource itself, or what it stands in. */
  type: 'container' | 'contained'
}

type Results = Omit<SearchRequest, 'types' | 'clauses' | 'applied' | 'warnings' | 'contained'> & {
  inside: 'false' | 'true' | 'both'
  containedType: Contained['type']
  include: Include[]
  revinclude: Include[]
}

const whole = (name: string, value: string): number => {
  if (!/^\d{1,9}$/.test(value)) throw new Invalid(`${name} is a whole number from 0`)
  return Number(value)
}
function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) throw new Invalid(`${name} is one of ${allowed.join(', ')}`)
  return value as T
}

/** What the value of a result parameter is read with. */
interface Asked {
  reading: Reading
  types: readonly string[]
  limits: SearchLimits
}

type ResultReader = (results: Results, value: string, asked: Asked, modifier?: string) => void

/** @throws Invalid  names those that there are */
export function summaryOf(value: string): Summary {
  return oneOf<Summary>('_summary', value, ['true', 'text', 'data', 'count', 'false'])
}

/** What shapes the result: https://hl7.org/fhir/R4/search.html#Summary */
const RESULTS: Record<string, ResultReader> = {
  _count(results, value, { limits }) {
    results.count = Math.min(whole('_count', value), limits.maxCount)
  },
  _offset(results, value) {
    results.offset = whole('_offset', value)
  },
  _sort(results, value, { reading, types }) {
    if (value.split(',').some((name) => name === '' || name === '-')) throw new Invalid('_sort: a name is empty')
    const sort = results.sort ? `${results.sort},${value}` : value
    // Made again with the page; here to say in time what there is no order by.
    if (types.length > 1) acrossTypes(reading.tenant, sort)
    for (const name of sort.split(',')) {
      // What there is to score is known only once all has been read.
      if (scoreAt(name) < 0) orderOf(reading.tenant, types[0]!, name, [], reading.parameters)
    }
    results.sort = sort
  },
  _total(results, value) {
    results.total = oneOf<Total>('_total', value, ['none', 'estimate', 'accurate'])
  },
  _summary(results, value) {
    results.summary = summaryOf(value)
  },
  _elements(results, value) {
    results.elements = [...(results.elements ?? []), ...value.split(',').map((name) => name.trim())]
  },
  _include(results, value, { reading }, modifier) {
    results.include.push(includeOf(reading, '_include', value, modifier))
  },
  _revinclude(results, value, { reading }, modifier) {
    results.revinclude.push(includeOf(reading, '_revinclude', value, modifier))
  },
  _explain(results, value) {
    results.explain = oneOf('_explain', value, ['true', 'false']) === 'true'
  },
  _contained(results, value) {
    results.inside = oneOf('_contained', value, ['false', 'true', 'both'])
  },
  _containedType(results, value) {
    results.containedType = oneOf('_containedType', value, ['container', 'contained'])
  },
}

/** Those of which there may be several; of the others the last one would win, and nobody would know. */
const REPEATING = new Set(['_sort', '_elements', '_include', '_revinclude'])

export const RESULT_PARAMETERS = Object.keys(RESULTS)

/** Whether a parameter says which resources match, and so has a clause. */
export const isCondition = ([name]: Pair): boolean =>
  name !== '_type' && !Object.hasOwn(RESULTS, name.split(':', 1)[0]!)

const isSingle = (name: string): boolean => name === '_type' || (Object.hasOwn(RESULTS, name) && !REPEATING.has(name))

function includeOf(
  { parameters = standard }: Reading,
  name: string,
  value: string,
  modifier: string | undefined,
): Include {
  if (modifier && modifier !== 'iterate' && modifier !== 'recurse')
    throw new UnusableParameter(`${name} takes the modifier :iterate`)
  const iterate = modifier !== undefined
  if (value === '*') return { source: '*', code: '*', iterate }
  const [source, code, target, ...rest] = value.split(':')
  if (!source || !code || rest.length)
    throw new Invalid(`${name}: right is Type:parameter or Type:parameter:TargetType`)
  if (!isResourceType(source)) throw new UnusableParameter(`${name}: ${source} is not a resource type`)
  if (target && !isResourceType(target)) throw new UnusableParameter(`${name}: ${target} is not a resource type`)
  if (code !== '*' && parameterOf(source, code, parameters).type !== 'reference') {
    const references = [...parameters.of(source).values()].filter(({ type }) => type === 'reference')
    throw new UnusableParameter(
      `${name}: ${source}.${code} is no reference; these are: ${references.map((p) => p.code).join(', ')}`,
    )
  }
  return { source, code, target, iterate }
}

/** Names that the HTTP door reads. */
const TRANSPORT = new Set(['_format', '_pretty'])

/**
 * Reads the pairs of a query.
 *
 * @param type  undefined at system level: `_type` says which, else all that `present` lists
 * @param lenient  leave out what is not understood, with a warning; else it is thrown
 */
export function searchRequest(
  reading: Reading,
  type: string | undefined,
  pairs: readonly Pair[],
  limits: SearchLimits,
  lenient: boolean,
  present: readonly string[],
): SearchRequest {
  const results: Results = {
    count: limits.defaultCount,
    offset: 0,
    summary: 'false',
    inside: 'false',
    containedType: 'container',
    include: [],
    revinclude: [],
  }
  const warnings: Issue[] = []
  const applied: Pair[] = []
  const attempt = (pair: Pair, read: () => void) => {
    try {
      read()
      applied.push(pair)
    } catch (cause) {
      if (!(lenient && cause instanceof UnusableParameter)) throw cause
      warnings.push({ severity: 'warning', code: 'not-supported', diagnostics: `Left out: ${cause.message}` })
    }
  }

  let types: readonly string[] = type ? [type] : present
  for (const [name, value] of pairs) {
    if (name !== '_type') continue
    if (type) throw new Invalid('_type belongs to a search of the whole server')
    types = [...new Set(value.split(','))]
    const unknown = types.find((one) => !isResourceType(one))
    if (unknown !== undefined) throw new Invalid(`_type: ${unknown} is not a resource type`)
    applied.push([name, value])
  }
  const twice = pairs.find(([name], i) => isSingle(name) && pairs.findIndex(([other]) => other === name) < i)
  if (twice) throw new Invalid(`${twice[0]} is given twice; one is right${twice[0] === '_type' ? ', with commas' : ''}`)
  const clauses = new Map<string, Clause[]>(types.map((one) => [one, []]))
  for (const pair of pairs) {
    const [name, value] = pair
    if (name === '_type' || TRANSPORT.has(name)) continue
    const [code, modifier] = name.split(':') as [string, string?]
    const result = Object.hasOwn(RESULTS, code) ? RESULTS[code] : undefined
    if (result)
      attempt(pair, () => {
        if (modifier && !code.endsWith('include')) throw new UnusableParameter(`${code} takes no modifier`)
        result(results, value, { reading, types, limits }, modifier)
      })
    else
      attempt(pair, () => {
        // All types before any: a parameter that one of them lacks must not half apply.
        const read = types.map((one) => [one, clauseOf(reading, one, pair)] as const)
        for (const [one, clause] of read) clauses.get(one)!.push(clause)
      })
  }
  // A count that was too large is not the one that is used.
  const used = applied.map(([name, value]): Pair => [name, name === '_count' ? String(results.count) : value])
  const { inside, containedType, ...shape } = results
  const contained: Contained | undefined =
    inside === 'false'
      ? undefined
      : { clauses: inContained(reading, types, used.filter(isCondition)), both: inside === 'both', type: containedType }
  if (contained && shape.include.length + shape.revinclude.length > 0)
    throw new UnusableParameter('_include and _revinclude cannot be combined with _contained')
  // Rows of both kinds can only be merged in an order that both have.
  if (contained?.both) acrossTypes(reading.tenant, shape.sort)
  return { types, clauses, ...shape, ...(contained && { contained }), applied: used, warnings }
}

/** What is searched for, and where: each type, of the tenant or within its resources. */
export function partsOf({ types, clauses, contained }: SearchRequest, tenant: number) {
  const own = types.map((type) => ({ tenant, type, clauses: clauses.get(type)! }))
  if (!contained) return own
  const inside = types.map((type) => ({ tenant: tenantInside(tenant), type, clauses: contained.clauses.get(type)! }))
  return contained.both ? [...own, ...inside] : inside
}

/** The same conditions, asked of contained resources: only the standard's own parameters are in their index. */
function inContained({ tenant, base }: Reading, types: readonly string[], pairs: readonly Pair[]) {
  const reading = { tenant: tenantInside(tenant), base }
  return new Map(
    types.map((type) => [
      type,
      pairs
        .filter(([name]) => !TRANSPORT.has(name))
        .map((pair) => {
          const clause = clauseOf(reading, type, pair)
          checkInside(clause, pair[0])
          return clause
        }),
    ]),
  )
}

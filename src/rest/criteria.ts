import { Invalid, MultipleMatches } from '../base/errors.js'
import type { Clause } from '../search/clause.js'
import type { Finder, Found } from '../search/find.js'
import { hash } from '../search/hash.js'
import { orderOf } from '../search/order.js'
import { clauseOf, type Pair } from '../search/query.js'
import { RESULT_PARAMETERS } from '../search/request.js'
import type { Exchange } from './exchange.js'
import { authorizeClauses } from './scopes.js'

/** The criteria of a conditional interaction. */
export interface Criteria {
  type: string
  clauses: readonly Clause[]
  /** The same criteria have the same name, whatever their order: what concurrent writers lock. */
  name: bigint
}

/**
 * `identifier=http://system|value`, as in a URL behind the `?`.
 * @throws Invalid  no criteria, or some that the type does not have: a condition is never applied in part
 */
export function criteriaOf(
  { ctx, base, parameters }: Pick<Exchange, 'ctx' | 'base' | 'parameters'>,
  type: string,
  query: string,
): Criteria {
  const pairs = pairsOf(query).filter(([name]) => name !== '_format' && name !== '_pretty')
  const result = pairs.find(([name]) => RESULT_PARAMETERS.includes(name.split(':')[0]!))
  if (result) throw new Invalid(`${result[0]} is no criterion for a conditional interaction`)
  if (pairs.length === 0)
    throw new Invalid('A conditional interaction needs search criteria, for example identifier=system|value')
  const reading = { tenant: ctx.tenant, base, parameters }
  const sorted = pairs.map(([name, value]) => `${name}=${value}`).sort()
  const clauses = pairs.map((pair) => clauseOf(reading, type, pair))
  authorizeClauses(ctx.principal, clauses)
  return {
    type,
    clauses,
    name: hash(`${ctx.tenant} ${type}?${sorted.join('&')}`),
  }
}

/**
 * The one match, if there is one.
 * @throws MultipleMatches  (412)
 */
export async function oneMatch(
  finder: Finder,
  exchange: Pick<Exchange, 'ctx'>,
  criteria: Criteria,
): Promise<Found<string> | undefined> {
  const found = await matches(finder, exchange, criteria, 1)
  if (found.length > 1)
    throw new MultipleMatches(`The criteria match several ${criteria.type} resources: they must match one at most`)
  return found[0]
}

/**
 * All matches.
 * @param most  how many there may be: INGLE_MAX_CONDITIONAL_DELETES
 * @throws MultipleMatches  there are more (412)
 */
export async function allMatches(
  finder: Finder,
  exchange: Pick<Exchange, 'ctx'>,
  criteria: Criteria,
  most: number,
): Promise<Found<string>[]> {
  const found = await matches(finder, exchange, criteria, most)
  if (found.length > most)
    throw new MultipleMatches(
      `The criteria match more than ${most} ${criteria.type} resources, the most that are deleted at once (INGLE_MAX_CONDITIONAL_DELETES); nothing was deleted`,
    )
  return found
}

/** One more than `most`, when there are more. */
function matches(finder: Finder, { ctx }: Pick<Exchange, 'ctx'>, { type, clauses }: Criteria, most: number) {
  return finder.page(ctx, type, clauses, orderOf(ctx.tenant, type, undefined, clauses), most + 1)
}

/** A query's pairs, decoded, in order. */
export function pairsOf(query: string): Pair[] {
  return query === '' ? [] : [...new URLSearchParams(query)]
}

import type { Context } from '../base/context.js'
import type { Found } from '../search/find.js'
import { keyOf } from '../search/hash.js'
import { orderOf } from '../search/order.js'
import type { Pair } from '../search/query.js'
import type { Core } from './core.js'
import { criteriaOf } from './criteria.js'
import type { Exchange } from './exchange.js'
import { queryText } from './search.js'

/** Up to `most` matches of a search that an operation makes, of which the caller's scopes allow what it looks into. */
export async function matching(
  { store: { finder } }: Pick<Core, 'store'>,
  exchange: Exchange,
  type: string,
  pairs: readonly Pair[],
  most: number,
): Promise<Found[]> {
  const { clauses } = criteriaOf(exchange, type, queryText(pairs).slice(1))
  const { ctx } = exchange
  return finder.page(ctx, type, clauses, orderOf(ctx.tenant, type, undefined, clauses, exchange.parameters), most)
}

/**
 * A resource by its id, as a match that has no place in an order.
 * @throws NotFound  it was never there (404)
 * @throws Gone      it was deleted (410)
 */
export async function current(
  { store }: Pick<Core, 'store'>,
  { tenant }: Pick<Context, 'tenant'>,
  type: string,
  id: string,
): Promise<Found & { at: number }> {
  const { content, version, at } = await store.read(tenant, type, id)
  return { type, id, key: keyOf(tenant, type, id), version, content, at, position: { values: [], rid: '0' } }
}

/** A value as a search has it, where `,`, `|`, `$` and `\` would have a meaning. */
export const escaped = (text: string): string => text.replace(/[\\,$|]/g, '\\$&')

import { UnusableParameter } from '../search/reading.js'
import type { Registries } from '../search/registries.js'
import type { TenantParameters } from '../search/tenant-parameters.js'
import type { Answer, Exchange } from './exchange.js'

/**
 * Answers a request by the search parameters of its tenant.
 *
 * Another process may have changed them. Where the answer may turn on parameters that the tenant has defined, the
 * database is asked whether they still are what this process knows; a search by R4's own parameters pays nothing.
 */
export async function withParameters(
  registries: Registries,
  exchange: Exchange,
  answer: (exchange: Exchange) => Promise<Answer>,
): Promise<Answer> {
  if (!asksByParameters(exchange)) return answer(exchange)
  const { tenant } = exchange.ctx
  const known = await registries.of(tenant)
  exchange.parameters = mustBeSure(exchange, known) ? await registries.current(tenant) : known
  try {
    return await answer(exchange)
  } catch (cause) {
    // Nothing was written: a parameter is found unusable before anything else happens.
    if (!(cause instanceof UnusableParameter)) throw cause
    const now = await registries.current(tenant)
    if (now === exchange.parameters) throw cause
    exchange.parameters = now
    return answer(exchange)
  }
}

/** Reads by id and plain writes, the most frequent of all requests, do not. */
function asksByParameters({ query, ifNoneExist, path }: Exchange): boolean {
  const last = path.at(-1)
  return query !== '' || ifNoneExist !== undefined || last === undefined || last === 'metadata' || last.startsWith('$')
}

/** The entries of a Bundle, and searches that leave out what they do not know, say of no failure to try again after. */
function mustBeSure({ path, prefer, query }: Exchange, known: TenantParameters): boolean {
  const isBundle = path.length === 0 && query === ''
  return known.declared.length > 0 || isBundle || prefer.handling === 'lenient' || path[0] === 'metadata'
}

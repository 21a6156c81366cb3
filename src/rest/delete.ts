import { MultipleMatches } from '../base/errors.js'
import type { Written } from '../store/write.js'
import { etag, outcomeText, versionsOf } from './answers.js'
import type { Core } from './core.js'
import { allMatches, criteriaOf } from './criteria.js'
import type { Answer, Exchange } from './exchange.js'

/** DELETE [base]/Type/id; what is not there is deleted as well as what is. https://hl7.org/fhir/R4/http.html#delete */
export async function remove({ store }: Core, exchange: Exchange): Promise<Answer> {
  const [type, id] = exchange.path as [string, string]
  const ifMatch = versionsOf(exchange.ifMatch)
  return deleteAnswer(
    await store.write(exchange.ctx.tenant, { kind: 'delete', type, id, ...(ifMatch && { ifMatch }) }),
    exchange,
  )
}

/**
 * DELETE [base]/Type?criteria: of one match, or of as many as the setting allows, all or none.
 * @throws MultipleMatches  more match (412)
 * @see https://hl7.org/fhir/R4/http.html#3.1.0.7.1
 */
export async function conditionalDelete({ store, config }: Core, exchange: Exchange): Promise<Answer> {
  const type = exchange.path[0]!
  const { tenant } = exchange.ctx
  const most = config.maxConditionalDeletes
  const criteria = criteriaOf(exchange, type, exchange.query)
  const ifMatch = versionsOf(exchange.ifMatch)
  const written = await store.transaction(async (unit) => {
    await unit.lock([criteria.name])
    const found = await allMatches(unit.finder, exchange, criteria, most)
    if (ifMatch && found.length > 1)
      throw new MultipleMatches(`If-Match is about one resource; the criteria match ${found.length}`)
    if (found.length === 0) return []
    return unit.write(
      tenant,
      found.map(({ id }) => ({ kind: 'delete', type, id, ...(ifMatch && { ifMatch }) })),
      true,
    )
  })
  return deletedAnswer(type, written, exchange)
}

/** Of a DELETE by criteria: none, one or several. */
export function deletedAnswer(type: string, written: readonly Written[], exchange: Pick<Exchange, 'prefer'>): Answer {
  return written.length > 1 ? severalAnswer(type, written, exchange) : deleteAnswer(written[0], exchange)
}

function severalAnswer(type: string, written: readonly Written[], { prefer }: Pick<Exchange, 'prefer'>): Answer {
  if (prefer.return !== 'OperationOutcome') return { status: 204 }
  const ids = written.map(({ id }) => `${type}/${id}`).join(', ')
  return { status: 200, body: outcomeText('information', 'informational', `${written.length} deleted: ${ids}`) }
}

function deleteAnswer(written: Written | undefined, { prefer }: Pick<Exchange, 'prefer'>): Answer {
  const headers: Record<string, string> = written?.version ? { ETag: etag(written.version) } : {}
  if (prefer.return !== 'OperationOutcome') return { status: 204, headers }
  const said =
    written?.outcome === 'deleted' ? `${written.type}/${written.id} was deleted` : 'There was nothing to delete'
  return { status: 200, headers, body: outcomeText('information', 'informational', said) }
}

import type { Written } from '../store/write.js'
import { etag, outcomeText, versionsOf } from './answers.js'
import type { Core } from './core.js'
import { criteriaOf, oneMatch } from './criteria.js'
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

/** DELETE [base]/Type?criteria, of one match; several are a 412. https://hl7.org/fhir/R4/http.html#3.1.0.7.1 */
export async function conditionalDelete({ store }: Core, exchange: Exchange): Promise<Answer> {
  const type = exchange.path[0]!
  const criteria = criteriaOf(exchange, type, exchange.query)
  const ifMatch = versionsOf(exchange.ifMatch)
  const written = await store.transaction(async (unit) => {
    await unit.lock([criteria.name])
    const match = await oneMatch(unit.finder, exchange, criteria)
    if (!match) return undefined
    const [one] = await unit.write(
      exchange.ctx.tenant,
      [{ kind: 'delete', type, id: match.id, ...(ifMatch && { ifMatch }) }],
      true,
    )
    return one
  })
  return deleteAnswer(written, exchange)
}

export function deleteAnswer(written: Written | undefined, { prefer }: Pick<Exchange, 'prefer'>): Answer {
  const headers: Record<string, string> = written?.version ? { ETag: etag(written.version) } : {}
  if (prefer.return !== 'OperationOutcome') return { status: 204, headers }
  const said =
    written?.outcome === 'deleted' ? `${written.type}/${written.id} was deleted` : 'There was nothing to delete'
  return { status: 200, headers, body: outcomeText('information', 'informational', said) }
}

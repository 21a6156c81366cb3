import { stringifyJson } from '../fhir/json.js'
import type { Stored } from '../store/store.js'
import { vread as versionOf } from '../store/versions.js'
import { etag, httpDate, isMatched, resourceAnswer } from './answers.js'
import type { Core } from './core.js'
import type { Answer, Exchange } from './exchange.js'
import { definitionId, operationDefinition } from './operation-definition.js'
import type { Serving } from './serving.js'

/** GET [base]/Type/id; https://hl7.org/fhir/R4/http.html#read */
export async function read({ store, places }: Serving, exchange: Exchange): Promise<Answer> {
  const [type, id] = exchange.path as [string, string]
  if (type === 'OperationDefinition') {
    const own = places.operations.all.find((one) => definitionId(one) === id)
    if (own) return { status: 200, body: stringifyJson(operationDefinition(own, exchange.base)) }
  }
  return conditional(await store.read(exchange.ctx.tenant, type, id), exchange)
}

/** GET [base]/Type/id/_history/version; https://hl7.org/fhir/R4/http.html#vread */
export async function vread({ store }: Core, exchange: Exchange): Promise<Answer> {
  const [type, id, , version] = exchange.path as [string, string, string, string]
  return conditional(await versionOf(store.session, exchange.ctx.tenant, type, id, version), exchange)
}

/** 304 where the client has it already: https://hl7.org/fhir/R4/http.html#cread */
function conditional(stored: Stored, exchange: Exchange): Answer {
  if (!isUnchanged(exchange, stored)) return resourceAnswer(stored, exchange)
  return { status: 304, headers: { ETag: etag(stored.version), 'Last-Modified': httpDate(stored.at) } }
}

/** If-None-Match, where both are sent, decides. */
function isUnchanged({ ifNoneMatch, ifModifiedSince }: Exchange, { version, at }: Stored): boolean {
  if (ifNoneMatch !== undefined) return isMatched(ifNoneMatch, etag(version))
  if (ifModifiedSince === undefined) return false
  const since = Date.parse(ifModifiedSince)
  // The header has whole seconds only.
  return Number.isFinite(since) && Math.floor(at / 1000) * 1000 <= since
}

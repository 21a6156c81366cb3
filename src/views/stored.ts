import { Invalid, NotFound, Unprocessable } from '../base/errors.js'
import { parseJson } from '../fhir/json.js'
import type { Core } from '../rest/core.js'
import { criteriaOf } from '../rest/criteria.js'
import type { Exchange } from '../rest/exchange.js'
import { isObject } from '../rest/resource-body.js'
import { authorizeTypes } from '../rest/scopes.js'
import { orderOf } from '../search/order.js'

type Json = Record<string, unknown>

/** By which of the three ways a request names its view. */
export interface Named {
  resource?: Json
  reference?: string
  canonical?: string
}

/**
 * The view that a request names. R4 has no ViewDefinition, so a stored one is the content of a Library, in JSON.
 *
 * @throws NotFound  there is no such Library (404)
 * @throws Unprocessable  it holds no view (422)
 */
export async function viewNamed(
  core: Core,
  exchange: Exchange,
  { resource, reference, canonical }: Named,
): Promise<Json> {
  if (resource) return resource
  authorizeTypes(exchange.ctx.principal, ['Library'])
  if (canonical !== undefined) return viewIn(await byCanonical(core, exchange, canonical), canonical)
  const local = reference!.startsWith(`${exchange.base}/`) ? reference!.slice(exchange.base.length + 1) : reference!
  const [, id] = /^(?:Library|ViewDefinition)\/([A-Za-z0-9.-]{1,64})$/.exec(local) ?? []
  if (id === undefined)
    throw new NotFound(
      `${local.slice(0, 100)} is no view of this server; a view is stored as a Library, as Library/vitals`,
    )
  const { content } = await core.store.read(exchange.ctx.tenant, 'Library', id)
  return viewIn(content, `Library/${id}`)
}

async function byCanonical({ store }: Core, exchange: Exchange, canonical: string): Promise<string> {
  const [url = '', version] = canonical.split('|', 2)
  const query = new URLSearchParams({ url, ...(version && { version }) })
  const { clauses } = criteriaOf(exchange, 'Library', query.toString())
  const order = orderOf(exchange.ctx.tenant, 'Library', undefined, clauses)
  const [found, ...others] = await store.finder.page(exchange.ctx, 'Library', clauses, order, 2)
  if (!found) throw new NotFound('There is no Library of this canonical URL')
  if (others.length > 0)
    throw new Invalid('There are several Libraries of this URL: give the version too, as url|version')
  return found.content
}

const mediaTypes = ['application/json', 'application/fhir+json']

function viewIn(library: string, name: string): Json {
  const { content } = parseJson(library) as { content?: { contentType?: string; data?: string }[] }
  for (const { contentType, data } of content ?? []) {
    const [type = ''] = (contentType ?? '').split(';', 1)
    if (data === undefined || !mediaTypes.includes(type.trim())) continue
    const view = parseJson(Buffer.from(data, 'base64').toString('utf8'))
    if (isObject(view) && view.resourceType === 'ViewDefinition') return view
  }
  throw new Unprocessable(
    `${name.slice(0, 100)} holds no view: its content has no ViewDefinition, in base64, of the type ${mediaTypes[0]}`,
  )
}

import { Invalid } from '../base/errors.js'
import type { Sql } from '../db/sql.js'
import { begun } from '../rest/begun.js'
import type { Call, Specs } from '../rest/operation.js'
import { Direct } from '../rest/operation.js'
import { patientsNamed } from '../rest/patients.js'
import { isObject } from '../rest/resource-body.js'
import { authorizeTypes } from '../rest/scopes.js'
import { patientsOf } from '../search/compartment.js'
import type { Resource } from '../store/write.js'
import { type Format, formatOf } from './formats.js'
import { identityOf, MOST_ON_A_PAGE, pageOf, type Start, sealStart, unsealStart } from './page.js'
import { type Row, rowsOf } from './rows.js'
import { givenSource, storedSource } from './sources.js'
import { type Named, viewNamed } from './stored.js'
import { compileView } from './view.js'

/** What a view can be asked for, however it is named. https://sql-on-fhir.org/ig/operations-common.html */
export const asked = {
  resource: '0..* Resource',
  patient: '0..* Reference',
  group: '0..* Reference',
  _since: '0..1 instant',
  _limit: '0..1 positiveInt',
  _cursor: '0..1 string',
  _format: '0..1 code',
  header: '0..1 boolean',
} as const satisfies Specs

export const about = {
  resource: 'Data to run the view over instead of what is stored; a Bundle stands for its entries',
  patient: 'Only what is in the compartments of these patients',
  group: 'Only what is in the compartments of the active members of these groups',
  _since: 'Only what was last updated after this instant',
  _limit: `Rows of a page, ${MOST_ON_A_PAGE} at most; the Link header leads to the next. Without it all rows come, in a stream`,
  _cursor: 'Of a link to a further page, as it stands there',
  _format: 'json, ndjson or csv; else what Accept says, else ndjson',
  header: 'Whether CSV begins with the names of the columns',
  return: 'The rows in the format asked for, not in a resource',
}

/**
 * The rows of a view: a page with `_limit`, else all of them in a stream.
 *
 * @throws Unprocessable  the view is not valid, or does not fit the data (422)
 * @throws NotFound  there is no such view (404)
 */
export async function run(call: Call<typeof asked>, named: Named): Promise<Direct> {
  const { core, ctx, exchange, params } = call
  const { header = true, _limit: limit, _cursor: token } = params
  const format = formatOf(exchange, params._format, header)
  if (limit !== undefined && limit > MOST_ON_A_PAGE)
    throw new Invalid(`_limit is ${MOST_ON_A_PAGE} at most; without it all rows come, in a stream`)
  if (token !== undefined && limit === undefined) throw new Invalid('_cursor needs the _limit of the page before')
  const definition = await viewNamed(core, exchange, named)
  const view = compileView(definition, exchange.base)
  const source = await sourceOf(call, view.resource)
  const rows = (start?: Start, most?: number) =>
    rowsOf(core.store.db, view, view.statement(source(start?.rid), most), ctx.signal)
  const names = view.columns.map(({ name }) => name)
  if (limit === undefined) return streamed(format, names, rows())

  const path = exchange.path.join('/')
  const identity = identityOf(definition, params.resource, params.patient, params.group, params._since)
  const start = token === undefined ? undefined : unsealStart(core.store.cursors, path, identity, token)
  const { rows: page, next } = await pageOf(rows(start, limit + 1 + (start?.skip ?? 0)), limit, start)
  const headers = next && { Link: link(call, sealStart(core.store.cursors, path, identity, next)) }
  return streamed(format, names, once(page), headers)
}

async function* once(rows: Row[]): AsyncGenerator<Row[]> {
  if (rows.length > 0) yield rows
}

/** The first rows are waited for: until then what is wrong with view or data can still be told. */
async function streamed(
  { contentType, write }: Format,
  names: readonly string[],
  batches: AsyncGenerator<Row[]>,
  headers?: Record<string, string>,
): Promise<Direct> {
  const pieces = write(names, batches)
  return new Direct({ status: 200, headers, contentType, stream: begun(await pieces.next(), pieces) })
}

/** https://www.rfc-editor.org/rfc/rfc8288 */
function link({ exchange }: Call<typeof asked>, token: string): string {
  const query = new URLSearchParams(exchange.query)
  query.set('_cursor', token)
  if (exchange.format !== undefined) query.set('_format', exchange.format)
  return `<${exchange.base}/${exchange.path.join('/')}?${query}>; rel="next"`
}

/** What the view is run over, from some resource on. */
async function sourceOf(call: Call<typeof asked>, type: string): Promise<(from?: bigint) => Sql> {
  const { core, ctx, exchange, params } = call
  const patients = await patientsNamed(core, exchange, type, params)
  const since = params._since
  if (params.resource.length === 0) {
    authorizeTypes(ctx.principal, [type])
    return (from) => storedSource({ tenant: ctx.tenant, type, patients, since, from })
  }
  const given = params.resource
    .flatMap(unwrapped)
    .filter((one) => one.resourceType === type && isOf(one, patients) && isSince(one, since))
  return (from) => givenSource(given, from)
}

/** A Bundle is its entries, one level deep. */
function unwrapped(resource: Resource): Resource[] {
  if (resource.resourceType !== 'Bundle') return [resource]
  const { entry } = resource as { entry?: unknown }
  return Array.isArray(entry)
    ? entry.flatMap((one) => (isObject(one) && isObject(one.resource) ? [one.resource as Resource] : []))
    : []
}

function isOf(resource: Resource, patients: readonly string[] | undefined): boolean {
  if (!patients) return true
  if (resource.resourceType === 'Patient') return patients.includes(resource.id as string)
  const own = patientsOf(resource)
  return patients.some((id) => own.has(id))
}

function isSince({ meta }: Resource, since: string | undefined): boolean {
  if (since === undefined) return true
  const { lastUpdated } = (meta ?? {}) as { lastUpdated?: string }
  return lastUpdated !== undefined && Date.parse(lastUpdated) > Date.parse(since)
}

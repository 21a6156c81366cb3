import { instantText } from '../base/instant.js'
import { httpDate, projected } from '../rest/answers.js'
import { begun } from '../rest/begun.js'
import type { Core } from '../rest/core.js'
import { askedOf } from '../rest/dispatch.js'
import type { Answer, Exchange } from '../rest/exchange.js'
import type { Places } from '../rest/interactions.js'
import { authorizeTypes } from '../rest/scopes.js'
import { countAt, resourcesAt, typesPresent, type View } from './as-of.js'
import { elementsOf } from './elements.js'
import { type Export, exportOf, keepManifest, removeExport, unknown } from './exports.js'

/** Where there are more the manifest does not say how many, which it need not, and is there soon. */
const COUNTED = 100_000

type ExportPlace = (core: Core, exchange: Exchange) => Promise<Answer>

const answers: Record<string, ExportPlace> = {
  'export-status': status,
  'export-cancel': cancel,
  'export-file': file,
}

/**
 * Answers what asks after an export: its manifest, its files, its end.
 * @returns undefined for everything else
 * @see https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-status-request
 */
export function exportAnswer(core: Core, places: Places, exchange: Exchange): Promise<Answer> | undefined {
  const { path } = exchange
  if (path[0] !== '_export' || path.length < 2 || path.length > 3) return undefined
  return answers[askedOf(places, exchange).offer.name]!(core, exchange)
}

async function status(core: Core, exchange: Exchange): Promise<Answer> {
  const { db } = core.store
  const { ctx, path } = exchange
  const one = await exportOf(db, ctx, path[1]!)
  authorizeTypes(ctx.principal, one.asked.types)
  if (one.manifest === null && !one.settled)
    return { status: 202, headers: { 'X-Progress': 'waits for writes that began before', 'Retry-After': '1' } }
  const manifest = one.manifest ?? (await keepManifest(db, ctx.tenant, one.id, await manifestOf(core, exchange, one)))
  return {
    status: 200,
    headers: { Expires: httpDate(one.expires) },
    contentType: 'application/json',
    body: manifest,
  }
}

async function manifestOf({ config, store }: Core, { ctx, base }: Exchange, one: Export): Promise<string> {
  const present = await typesPresent(store.db, ctx.tenant)
  const output: { type: string; url: string; count?: number }[] = []
  for (const type of one.asked.types.filter((each) => present.has(each))) {
    const count = await countAt(store.db, viewOf(ctx.tenant, one), type, COUNTED, ctx.signal)
    const url = `${base}/_export/${one.id}/${type}`
    if (count !== 0) output.push({ type, url, count })
  }
  return JSON.stringify({
    transactionTime: instantText(one.at),
    request: one.asked.request,
    requiresAccessToken: config.authJwksUrl !== undefined,
    output,
    error: [],
  })
}

async function cancel({ store }: Core, { ctx, path }: Exchange): Promise<Answer> {
  await removeExport(store.db, ctx, path[1]!)
  return { status: 202 }
}

async function file({ store }: Core, { ctx, path }: Exchange): Promise<Answer> {
  const [, id, type] = path as [string, string, string]
  const one = await exportOf(store.db, ctx, id)
  if (one.manifest === null || !one.asked.types.includes(type)) throw unknown()
  authorizeTypes(ctx.principal, [type])
  const names = one.asked.elements && elementsOf(type, one.asked.elements)
  const pieces = lines(resourcesAt(store.db, viewOf(ctx.tenant, one), type, ctx.signal), names)
  return { status: 200, contentType: 'application/fhir+ndjson', stream: begun(await pieces.next(), pieces) }
}

/** A resource on each line; JSON text as it is stored has no line breaks of its own. */
async function* lines(batches: AsyncGenerator<string[]>, names: readonly string[] | undefined) {
  const projection = names && ({ summary: 'false', elements: names } as const)
  for await (const batch of batches) {
    if (batch.length > 0) yield batch.map((content) => `${projected(content, projection)}\n`).join('')
  }
}

const viewOf = (tenant: number, { at, asked: { since, patients } }: Export): View => ({ tenant, at, since, patients })

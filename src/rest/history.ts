import { Invalid, NotFound } from '../base/errors.js'
import { keyOf } from '../search/hash.js'
import { timestamp } from '../search/layout.js'
import { rangeOf } from '../search/types/date.js'
import { type HistoryQuery, type Version, history as versions } from '../store/versions.js'
import { METHODS } from '../store/write.js'
import { etag } from './answers.js'
import type { Core } from './core.js'
import { pairsOf } from './criteria.js'
import type { Answer, Exchange } from './exchange.js'
import { ALONE, queryText } from './search.js'

/** GET [base]/_history, [base]/Type/_history, [base]/Type/id/_history; https://hl7.org/fhir/R4/http.html#history */
export async function history({ config, store }: Core, exchange: Exchange): Promise<Answer> {
  const { ctx, base, path } = exchange
  const place = path.join('/')
  const asked = pairsOf(exchange.query)
  const token = asked.find(([name]) => name === '_cursor')?.[1]
  const cursor = token === undefined ? undefined : store.cursors.unseal(token)
  if (cursor && cursor.path !== place) throw new Invalid('_cursor belongs to another history')
  if (cursor && asked.length > 1) throw new Invalid(`${ALONE}: it knows the history that it is a page of`)
  const pairs = cursor ? pairsOf(cursor.query) : asked
  const { count, ...filter } = filterOf(pairs, config)

  const query: HistoryQuery = { ...filter, limit: count + 1 }
  if (path.length > 1) query.types = [path[0]!]
  if (path.length > 2) query.key = keyOf(ctx.tenant, path[0]!, path[1]!)
  if (cursor) query.after = { at: cursor.position.values[0]!, rid: cursor.position.rid }
  const found = await versions(store.session, ctx.tenant, query)
  if (found.length === 0 && path.length > 2 && !cursor && pairs.every(([name]) => name === '_count'))
    throw new NotFound(`${path[0]}/${path[1]} is not known`)

  const page = found.slice(0, count)
  const last = page.at(-1)?.position
  const next =
    found.length > count && last
      ? `,{"relation":"next","url":"${base}/${place}?_cursor=${store.cursors.seal({ path: place, query: cursor?.query ?? exchange.query, position: { values: [last.at], rid: last.rid }, backwards: false })}"}`
      : ''
  const self = JSON.stringify(`${base}/${place}${queryText(pairs)}`)
  const entries = page.length ? `,"entry":[${page.map((version) => entryText(base, version)).join(',')}]` : ''
  return {
    status: 200,
    body: `{"resourceType":"Bundle","type":"history","link":[{"relation":"self","url":${self}}${next}]${entries}}`,
  }
}

function filterOf(pairs: readonly (readonly [string, string])[], config: { defaultCount: number; maxCount: number }) {
  const filter: { count: number; since?: string; at?: [string, string] } = { count: config.defaultCount }
  for (const [i, [name, value]] of pairs.entries()) {
    if (pairs.findIndex(([other]) => other === name) < i) throw new Invalid(`${name.slice(0, 64)} is given twice`)
    switch (name) {
      case '_count':
        if (!/^\d{1,9}$/.test(value)) throw new Invalid('_count is a whole number from 0')
        filter.count = Math.min(Number(value), config.maxCount)
        break
      case '_since':
        filter.since = timestamp(instant(name, value)[0])
        break
      case '_at': {
        const [lo, hi] = instant(name, value)
        filter.at = [timestamp(lo), timestamp(hi)]
        break
      }
      default:
        throw new Invalid(`A history has no parameter ${name.slice(0, 64)}; it has _count, _since and _at`)
    }
  }
  return filter
}

function instant(name: string, value: string) {
  // A plus that was not escaped has become a blank.
  const range = rangeOf(value.replace(/ (\d\d:\d\d)$/, '+$1'))
  if (!range) throw new Invalid(`${name} is a date or instant such as 2024-03-01T10:00:00Z`)
  return range
}

const NAMES = ['', ...Object.keys(METHODS)]

function entryText(base: string, { type, id, version, at, method, created, content }: Version): string {
  const status = content === null ? '204 No Content' : created ? '201 Created' : '200 OK'
  const url = method === METHODS.POST ? type : `${type}/${id}`
  const resource = content === null ? '' : `"resource":${content},`
  return (
    `{"fullUrl":"${base}/${type}/${id}",${resource}"request":{"method":"${NAMES[method]}","url":"${url}"},` +
    `"response":{"status":"${status}","etag":${JSON.stringify(etag(version))},"lastModified":"${new Date(at).toISOString()}"}}`
  )
}

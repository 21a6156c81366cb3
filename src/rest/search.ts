import { Invalid, type Issue, NotFound } from '../base/errors.js'
import { urlTemplate } from '../base/log.js'
import { statementHash } from '../db/database.js'
import { isResourceType, resourceTypes } from '../fhir/definitions.js'
import type { Cursor } from '../search/cursor.js'
import { explain } from '../search/explain.js'
import type { Finder, Found, Listed, Planned } from '../search/find.js'
import { acrossTypes, orderOf, type Position } from '../search/order.js'
import { type Pair, UnusableParameter } from '../search/query.js'
import { partsOf, type SearchRequest, searchRequest } from '../search/request.js'
import { scoreAt } from '../search/score.js'
import type { Store } from '../store/store.js'
import { ofIncluded, type Projection, projected } from './answers.js'
import { returnedAs } from './contained.js'
import type { Core } from './core.js'
import { pairsOf } from './criteria.js'
import type { Answer, Exchange } from './exchange.js'
import { including } from './includes.js'
import { authorizeClauses, authorizeTypes, isAdministrator } from './scopes.js'
import { outcomeEntry, searchsetText, shownEntry } from './searchset.js'
import { totalOf } from './total.js'
import { unevaluated } from './unevaluated.js'

export const ALONE = 'Nothing can stand beside _cursor'

/**
 * GET [base]/Type?…, POST [base]/Type/_search, and both without a type.
 * @see https://hl7.org/fhir/R4/search.html
 */
export async function search(core: Core, exchange: Exchange): Promise<Answer> {
  return searchIn(core, exchange, core.store.finder)
}

/** @param finder  of a transaction, when the search is one of its entries */
export async function searchIn({ config, store }: Core, exchange: Exchange, finder: Finder): Promise<Answer> {
  const [first] = exchange.path
  const type = first === '_search' ? undefined : first
  if (type !== undefined && !isResourceType(type)) throw new NotFound(`${type} is not a resource type of FHIR R4`)
  const pairs = pairsOf(exchange.query)
  const token = pairs.find(([name]) => name === '_cursor')?.[1]
  const cursor = token === undefined ? undefined : store.cursors.unseal(token)
  if (cursor && cursor.path !== (type ?? '')) throw new UnusableParameter('_cursor belongs to another search')
  if (cursor && pairs.length > 1) throw new Invalid(`${ALONE}: it knows the search that it is a page of`)

  const { ctx, base, prefer, parameters } = exchange
  const lenient = (prefer.handling ?? config.searchHandling) === 'lenient'
  const query = cursor ? pairsOf(cursor.query) : pairs
  const request = searchRequest({ tenant: ctx.tenant, base, parameters }, type, query, config, lenient, resourceTypes)
  if (cursor) authorizeTypes(ctx.principal, request.types)
  authorizeSearch(exchange, type, request)
  const said = [
    ...request.warnings,
    ...(parameters?.interpreted.length ? await unevaluated(finder, ctx.tenant, request, parameters) : []),
    ...(request.explain ? await explanation(store, exchange, request, finder) : []),
  ]
  const applied = queryText(request.applied)
  const urlOf = (token: string) => `${base}/${type ?? ''}?_cursor=${token}`
  const self = token === undefined ? `${base}/${type ?? ''}${applied}` : urlOf(token)
  if (request.summary === 'count' || request.count === 0) {
    const { total, issues } = await totalOf(finder, exchange, request, config)
    const outcome = outcomeEntry([...said, ...issues])
    return { status: 200, body: searchsetText([{ relation: 'self', url: self }], [outcome], total) }
  }

  const projection =
    request.elements || request.summary !== 'false'
      ? { summary: request.summary, elements: request.elements }
      : undefined
  const started = performance.now()
  const plans: Parameters<Planned>[] = []
  const planned: Planned = (...plan) => plans.push(plan)
  const paging = finder.printsPages && isPlain(request, cursor) ? plainPage : pageOf
  const counting = totalOf(finder, exchange, request, config)
  // A transaction has one session: there the one waits for the other.
  if (!finder.printsPages) await counting
  const [{ total, issues }, page] = await Promise.all([
    counting,
    paging(finder, exchange, request, cursor, planned),
  ]).finally(() => {
    const ms = performance.now() - started
    if (ms > config.slowQueryMs) noteSlow(exchange, query, ms, plans)
  })
  const { contained } = request
  const matches = contained ? await returnedAs(contained.type, finder, ctx, page.matches) : page.matches
  const key = scoreAt(request.sort)
  const score = (found: Found) => (key < 0 ? undefined : Number(found.position.values[key]))
  const shown = (found: Found, as: Projection | undefined = projection) => ({
    ...found,
    content: projected(found.content, as),
  })
  const {
    resources: included,
    warnings,
    rest,
  } = await including(finder, ctx, matches, request, config.maxIncludes, parameters)
  const beside = (relation: string, position: Position | undefined, backwards: boolean) =>
    position
      ? [
          {
            relation,
            url: urlOf(store.cursors.seal({ path: type ?? '', query: applied.slice(1), position, backwards })),
          },
        ]
      : []
  const links = [
    { relation: 'self', url: self },
    ...beside('previous', page.previous, true),
    ...beside('next', page.next, false),
    ...rest.map((query) => ({ relation: 'related', url: `${base}/${query}` })),
  ]
  const entries = [
    ...(page.listed ?? []).map(({ id, content }) => shownEntry(base, { type: type!, id, content })),
    ...matches.map((found) => shownEntry(base, shown(found), 'match', score(found))),
    ...included.map((found) => shownEntry(base, shown(found, ofIncluded(projection)), 'include')),
    outcomeEntry([...said, ...issues, ...warnings]),
  ]
  return { status: 200, body: searchsetText(links, entries, total) }
}

/**
 * Refuses what the scopes do not let the search look into, beside the types that it is about.
 * @throws Forbidden  names the scope that is missing (403)
 */
export function authorizeSearch({ ctx, parameters }: Exchange, type: string | undefined, request: SearchRequest): void {
  // A contained resource is found with what contains it, which may be of any type.
  if (request.contained) authorizeTypes(ctx.principal, ['*'])
  authorizeClauses(ctx.principal, [...request.clauses.values()].flat())
  if (type && request.sort?.includes('.'))
    authorizeTypes(ctx.principal, orderOf(ctx.tenant, type, request.sort, [], parameters).looksInto)
}

/** By the hash of a statement its line in the log is found, which has the SQL. Neither has a value. */
function noteSlow({ ctx, path }: Exchange, query: readonly Pair[], ms: number, plans: readonly Parameters<Planned>[]) {
  const names = query.map(([name]) => `${encodeURIComponent(name)}=`).join('&')
  const line = {
    template: urlTemplate(path, names, isResourceType),
    ms: Math.round(ms),
    plans: plans.map(([{ choice }, statement]) => ({
      way: choice.way,
      by: choice.serves.map(({ kind }) => kind),
      expected: choice.expected,
      statement: statementHash(statement.build().text),
    })),
  }
  ctx.log.warn(line, 'slow search')
}

/** How a search is answered; the plan of the database is for administrators. */
export function explanation(
  store: Store,
  { ctx, parameters }: Exchange,
  request: SearchRequest,
  finder: Finder,
): Promise<Issue[]> {
  return explain(store.db, finder, ctx, { request, parameters, sql: isAdministrator(ctx.principal) })
}

interface Page {
  matches: Found[]
  /** the matches, when nobody needs to look into them */
  listed?: Listed['matches']
  next?: Position
  previous?: Position
}

/** Matches of one type that are served as they are stored, and lead to nothing else. */
function isPlain(
  { types, sort, contained, include, revinclude, elements, summary }: SearchRequest,
  cursor: Cursor | undefined,
): boolean {
  return (
    types.length === 1 &&
    scoreAt(sort) < 0 &&
    !contained &&
    !include.length &&
    !revinclude.length &&
    !elements &&
    summary === 'false' &&
    !cursor?.backwards
  )
}

async function plainPage(
  finder: Finder,
  { ctx, parameters }: Exchange,
  request: SearchRequest,
  cursor: Cursor | undefined,
  planned: Planned,
): Promise<Page> {
  const { count, types, clauses, sort } = request
  const type = types[0]!
  const own = clauses.get(type)!
  const order = orderOf(ctx.tenant, type, sort, own, parameters)
  const offset = cursor ? 0 : request.offset
  const page = await finder.list(ctx, type, own, order, count, {
    after: cursor?.position,
    offset,
    planned,
  })
  const { matches: listed, more, first, last } = page
  return {
    matches: [],
    listed,
    ...(more && last && { next: last }),
    ...((cursor || offset > 0) && first && { previous: first }),
  }
}

/** One page, forwards or backwards, and where those beside it start. */
async function pageOf(
  finder: Finder,
  { ctx, parameters }: Exchange,
  request: SearchRequest,
  cursor: Cursor | undefined,
  planned: Planned,
): Promise<Page> {
  const { count, sort } = request
  // A link says where its page starts: an offset was used up by the first one.
  const offset = cursor ? 0 : request.offset
  const backwards = cursor?.backwards === true
  const asked = partsOf(request, ctx.tenant)
  const isOne = asked.length === 1
  const parts = await Promise.all(
    asked.map(({ tenant, type, clauses }) => {
      const natural = isOne ? orderOf(tenant, type, sort, clauses, parameters) : acrossTypes(tenant, sort)
      const order = backwards ? natural.reversed() : natural
      // Of several types nobody knows whose matches the offset skips, before they are merged.
      const [limit, skipped] = isOne ? [count + 1, offset] : [count + 1 + offset, 0]
      const where = { tenant, signal: ctx.signal }
      return finder.page(where, type, clauses, order, limit, { after: cursor?.position, offset: skipped, planned })
    }),
  )
  const found = parts.length === 1 ? parts[0]! : merged(parts, sort?.startsWith('-') === true, backwards, offset)
  const more = found.length > count
  const matches = found.slice(0, count)
  if (backwards) matches.reverse()
  const [first, last] = [matches[0]?.position, matches.at(-1)?.position]
  return {
    matches,
    ...((backwards ? cursor !== undefined : more) && last && { next: last }),
    ...((backwards ? more : cursor !== undefined || offset > 0) && first && { previous: first }),
  }
}

function merged(parts: Found[][], descending: boolean, backwards: boolean, offset: number): Found[] {
  const sign = descending !== backwards ? -1 : 1
  const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  const all = parts.flat().sort((a, b) => {
    const byValue = a.position.values.length ? compare(a.position.values[0]!, b.position.values[0]!) : 0
    return sign * (byValue || Number(BigInt(a.position.rid) - BigInt(b.position.rid)))
  })
  return all.slice(offset)
}

/** `?name=value&…` as a link has it; empty without a pair. */
export function queryText(pairs: readonly Pair[]): string {
  if (pairs.length === 0) return ''
  return `?${pairs.map(([name, value]) => `${encodeURIComponent(name).replaceAll('%3A', ':')}=${encodeURIComponent(value)}`).join('&')}`
}

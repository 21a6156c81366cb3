import type { Bundle, BundleEntry } from '@medplum/fhirtypes'
import { Invalid } from '../base/errors.js'
import type { Limits } from '../fhir/fhirpath.js'
import { pairsOf } from '../rest/criteria.js'
import { queryText } from '../rest/search.js'
import type { Cursors } from '../search/cursor.js'
import type { Pair } from '../search/query.js'
import { type Json, matchingResources } from './navigation.js'

/** A page as a `…Connection` shows it: https://hl7.org/fhir/R4/graphql.html#searching */
export interface Connection extends Json {
  /** Of all matches, when that was asked for. */
  count: number | null
  offset: number
  pagesize: number
  /** What the argument `cursor` takes, as are previous and next. */
  first: string
  previous: string | null
  next: string | null
  /** Paging goes by what a page ends with, so nobody knows how the last one begins. */
  last: null
  edges: { mode: string; score: number | null; resource: Json }[]
}

/** Where a connection stands: its search, and which page of it. */
export interface Paging {
  pairs: readonly Pair[]
  /** Cursor of the search by URL; absent on the first page. */
  position?: string
  /** Matches before the first page. */
  start: number
  /** Matches before this page, as far as nothing was written meanwhile. */
  offset: number
  fhirpath?: string
}

export function firstPage(pairs: readonly Pair[], fhirpath: string | undefined): Paging {
  const start = Number(pairs.find(([name]) => name === '_offset')?.[1] ?? 0)
  return { pairs, start, offset: start, fhirpath }
}

const placeOf = (type: string) => `$graphql ${type}`

/** A cursor holds that of the search, and what the search does not know of. */
function sealed(cursors: Cursors, type: string, { pairs, ...own }: Paging): string {
  const query = new URLSearchParams({ own: JSON.stringify(own), search: queryText(pairs).slice(1) }).toString()
  return cursors.seal({ path: placeOf(type), query, position: { values: [], rid: '0' }, backwards: false })
}

/** @throws Invalid  not a cursor of ours, or of another search */
export function pageAt(cursors: Cursors, type: string, cursor: string): Paging {
  const { path, query } = cursors.unseal(cursor)
  if (path !== placeOf(type)) throw new Invalid('The cursor belongs to another search')
  const { own, search } = Object.fromEntries(new URLSearchParams(query)) as { own: string; search: string }
  return { ...(JSON.parse(own) as Omit<Paging, 'pairs'>), pairs: pairsOf(search) }
}

/** What a connection is made with. */
interface Making {
  /** most matches of a page */
  pagesize: number
  cursors: Cursors
  /** of the query */
  fhirpath: Limits
}

export function connectionOf(
  page: Bundle,
  type: string,
  at: Paging,
  { pagesize, cursors, fhirpath }: Making,
): Connection {
  const matches = matchesOf(page)
  const kept =
    at.fhirpath === undefined ? undefined : new Set(matchingResources(matches.map(resourceOf), at.fhirpath, fhirpath))
  const link = (relation: string, offset: number) => {
    const position = cursorOf(page, relation)
    return position === undefined ? null : sealed(cursors, type, { ...at, position, offset: Math.max(0, offset) })
  }
  return {
    count: page.total ?? null,
    offset: at.offset,
    pagesize,
    first: sealed(cursors, type, { ...at, position: undefined, offset: at.start }),
    previous: link('previous', at.offset - pagesize),
    next: link('next', at.offset + pagesize),
    last: null,
    edges: matches
      .map((entry) => ({ mode: 'match', score: entry.search?.score ?? null, resource: resourceOf(entry) }))
      .filter(({ resource }) => !kept || kept.has(resource)),
  }
}

const matchesOf = ({ entry = [] }: Bundle): BundleEntry[] => entry.filter(({ search }) => search?.mode === 'match')
const resourceOf = ({ resource }: BundleEntry) => resource as unknown as Json

/** The matches on a page of a search. */
export const resourcesOf = (page: Bundle): readonly Json[] => matchesOf(page).map(resourceOf)

/** Where a search by URL goes on. */
export function cursorOf({ link = [] }: Bundle, relation: string): string | undefined {
  const url = link.find((one) => one.relation === relation)?.url
  return url === undefined ? undefined : (new URL(url).searchParams.get('_cursor') ?? undefined)
}

import type { Issue } from '../base/errors.js'
import { type Part, Spliced } from '../base/spliced.js'
import type { Found } from '../search/find.js'
import { Direct } from './operation.js'

/** An entry of a Bundle, in parts; without any it is left out. */
export type Entry = readonly Part[]

type Shown = Pick<Found, 'type' | 'id' | 'content'>

/**
 * An entry of a searchset; `content` passes through unparsed.
 * @param score  of a match, from 0 to 1
 */
export function shownEntry(
  base: string,
  { type, id, content }: Shown,
  mode: 'match' | 'include' = 'match',
  score?: number,
): Entry {
  const scored = score === undefined ? '' : `,"score":${score}`
  return [`{"fullUrl":"${base}/${type}/${id}","resource":`, content, `,"search":{"mode":"${mode}"${scored}}}`]
}

/** What there is to say of the answer as a whole, if there is something: https://hl7.org/fhir/R4/search.html#mode */
export function outcomeEntry(issue: readonly Issue[]): Entry {
  if (issue.length === 0) return []
  return [JSON.stringify({ resource: { resourceType: 'OperationOutcome', issue }, search: { mode: 'outcome' } })]
}

/** A Bundle of type searchset. */
export function searchsetText(
  link: readonly { relation: string; url: string }[],
  entries: readonly Entry[],
  total?: number,
): Spliced {
  const counted = total === undefined ? '' : `"total":${total},`
  const parts: Part[] = [`{"resourceType":"Bundle","type":"searchset",${counted}"link":${JSON.stringify(link)}`]
  let before = ',"entry":['
  for (const entry of entries) {
    if (entry.length === 0) continue
    parts.push(before, ...entry)
    before = ','
  }
  parts.push(before === ',' ? ']}' : '}')
  return new Spliced(parts)
}

/** What an operation found, as a Bundle of type searchset. */
export function searchset(links: { self: string; next?: string }, entries: readonly Entry[], total?: number): Direct {
  const link = Object.entries(links).flatMap(([relation, url]) => (url === undefined ? [] : [{ relation, url }]))
  return new Direct({ status: 200, body: searchsetText(link, entries, total) })
}

/** What an operation gathered, as a Bundle of another type. */
export function gathered(base: string, head: Readonly<Record<string, unknown>>, found: readonly Shown[]): string {
  const entry = found.map(({ type, id, content }) => `{"fullUrl":"${base}/${type}/${id}","resource":${content}}`)
  const start = JSON.stringify({ resourceType: 'Bundle', ...head })
  return entry.length ? `${start.slice(0, -1)},"entry":[${entry.join()}]}` : start
}

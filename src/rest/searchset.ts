import type { Issue } from '../base/errors.js'
import type { Found } from '../search/find.js'
import { Direct } from './operation.js'

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
): string {
  const scored = score === undefined ? '' : `,"score":${score}`
  return `{"fullUrl":"${base}/${type}/${id}","resource":${content},"search":{"mode":"${mode}"${scored}}}`
}

/** What there is to say of the answer as a whole, if there is something: https://hl7.org/fhir/R4/search.html#mode */
export function outcomeEntry(issue: readonly Issue[]): string {
  if (issue.length === 0) return ''
  return JSON.stringify({ resource: { resourceType: 'OperationOutcome', issue }, search: { mode: 'outcome' } })
}

/** A Bundle of type searchset; entries without text are left out. */
export function searchsetText(
  link: readonly { relation: string; url: string }[],
  entries: readonly string[],
  total?: number,
): string {
  const counted = total === undefined ? '' : `"total":${total},`
  const listed = entries.filter(Boolean).join()
  const entry = listed && `,"entry":[${listed}]`
  return `{"resourceType":"Bundle","type":"searchset",${counted}"link":${JSON.stringify(link)}${entry}}`
}

/** What an operation found, as a Bundle of type searchset. */
export function searchset(links: { self: string; next?: string }, entries: readonly string[], total?: number): Direct {
  const link = Object.entries(links).flatMap(([relation, url]) => (url === undefined ? [] : [{ relation, url }]))
  return new Direct({ status: 200, body: searchsetText(link, entries, total) })
}

/** What an operation gathered, as a Bundle of another type. */
export function gathered(base: string, head: Readonly<Record<string, unknown>>, found: readonly Shown[]): string {
  const entry = found.map(({ type, id, content }) => `{"fullUrl":"${base}/${type}/${id}","resource":${content}}`)
  const start = JSON.stringify({ resourceType: 'Bundle', ...head })
  return entry.length ? `${start.slice(0, -1)},"entry":[${entry.join()}]}` : start
}

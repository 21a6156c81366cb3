import type { Issue } from '../base/errors.js'
import type { Part } from '../base/spliced.js'
import { elements } from '../fhir/elements.js'
import { parseJson, stringifyJson } from '../fhir/json.js'
import { summarize } from '../fhir/summary.js'
import { type Summary, summaryOf } from '../search/request.js'
import type { Stored } from '../store/store.js'
import type { Resource, Written } from '../store/write.js'
import type { Answer, Exchange } from './exchange.js'
import { maySee } from './scopes.js'

export const etag = (version: number): string => `W/"${version}"`
/** Whether one of the tags of an If-None-Match is this one; they are compared weakly. https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
export function isMatched(ifNoneMatch: string | undefined, tag: string): boolean {
  const bare = (one: string) => one.trim().replace(/^W\//, '')
  return !!ifNoneMatch?.split(',').some((one) => bare(one) === '*' || bare(one) === bare(tag))
}

export const httpDate = (ms: number): string => new Date(ms).toUTCString()

/**
 * The versions that `If-Match: W/"3", W/"4"` allows, `*` for whichever there is; undefined: none has to be.
 * What is no version of ours matches none.
 */
export function versionsOf(ifMatch: string | undefined): readonly number[] | '*' | undefined {
  if (ifMatch === undefined) return undefined
  if (ifMatch.trim() === '*') return '*'
  return ifMatch.split(',').flatMap((tag) => {
    const version = /^\s*(?:W\/)?"?(\d{1,9})"?\s*$/.exec(tag)?.[1]
    return version ? [Number(version)] : []
  })
}

/** 200 with the resource, or the part of it that `_summary` and `_elements` ask for. */
export function resourceAnswer(
  { content, version, at }: Stored,
  exchange: Exchange,
  headers?: Record<string, string>,
): Answer {
  return {
    status: 200,
    headers: { ETag: etag(version), 'Last-Modified': httpDate(at), ...headers },
    body: projected(content, projectionOf(exchange.query)),
  }
}

/**
 * What came of a write, as `Prefer: return` asks.
 * @param issues  what there is to say of the resource all the same
 * @see https://hl7.org/fhir/R4/http.html#ops
 */
export function writeAnswer(written: Written, exchange: Exchange, issues: readonly Issue[] = []): Answer {
  const { base, prefer } = exchange
  const { type, id, version, at, outcome, content } = written
  const created = outcome === 'created'
  const headers: Record<string, string> = { ETag: etag(version), 'Last-Modified': httpDate(at) }
  if (created) headers.Location = `${base}/${type}/${id}/_history/${version}`
  const status = created ? 201 : 200
  switch (prefer.return) {
    case 'minimal':
      return { status, headers }
    case 'OperationOutcome':
      return {
        status,
        headers,
        body: outcomeText('information', 'informational', `${type}/${id} is now at version ${version}`, issues),
      }
    default:
      return { status, headers, ...(isShown(type, exchange) && { body: content }) }
  }
}

/** What a patch leaves as it was its sender need not know: to see it takes a scope for that. */
export const isShown = (type: string, { method, ctx }: Exchange): boolean =>
  method !== 'PATCH' || maySee(ctx.principal, type)

export function outcomeText(
  severity: Issue['severity'],
  code: Issue['code'],
  diagnostics: string,
  issues: readonly Issue[] = [],
): string {
  return JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ severity, code, diagnostics }, ...issues] })
}

export interface Projection {
  summary: Summary
  elements?: readonly string[]
}

/** `_summary` and `_elements` of a read; a search has read them already. */
export function projectionOf(query: string): Projection | undefined {
  if (!query.includes('_summary=') && !query.includes('_elements=')) return undefined
  const pairs = new URLSearchParams(query)
  const names = pairs.getAll('_elements').flatMap((list) => list.split(','))
  return { summary: summaryOf(pairs.get('_summary') ?? 'false'), ...(names.length > 0 && { elements: names }) }
}

/** `_elements` of what is included are those that name its type: `Organization.name`. */
export function ofIncluded(projection: Projection | undefined): Projection | undefined {
  const elements = projection?.elements?.filter((name) => /^[A-Z]/.test(name))
  return projection && { ...projection, elements: elements?.length ? elements : undefined }
}

/** Stored text passes through unparsed unless a part of it is asked for. */
export function projected<Content extends Part>(
  content: Content,
  projection: Projection | undefined,
): Content | string {
  if (!projection) return content
  const { summary, elements: names } = projection
  if ((summary === 'false' || summary === 'count') && !names) return content
  const resource = parseJson(content) as Resource
  return stringifyJson(names ? elements(resource, [...names]) : summarize(resource, summary))
}

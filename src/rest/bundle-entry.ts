import { Invalid } from '../base/errors.js'
import { stringifyJson as stringify } from '../fhir/json.js'
import type { Resource } from '../store/write.js'
import type { Answer, Exchange, Method } from './exchange.js'

/** One entry of a batch or transaction as it was sent. */
export interface BundleEntry {
  fullUrl?: string
  resource?: Resource
  request?: {
    method?: Method
    url?: string
    ifMatch?: string
    ifNoneMatch?: string
    ifModifiedSince?: string
    ifNoneExist?: string
  }
}

const STATUS: Record<number, string> = {
  200: '200 OK',
  201: '201 Created',
  204: '204 No Content',
  304: '304 Not Modified',
}

export function responseBundle(type: string, entries: readonly string[]): string {
  return `{"resourceType":"Bundle","type":"${type}"${entries.length ? `,"entry":[${entries.join(',')}]` : ''}}`
}

/**
 * A write's own content is left out unless it was asked for: the client has just sent it. What an operation or a
 * search answers is what it was called for.
 * @throws Invalid  the answer is no resource, so that an entry cannot hold it
 */
export function entryText(
  { status, headers = {}, body, stream, contentType }: Answer,
  { method, path, prefer }: Exchange,
  failed = false,
): string {
  if (contentType !== undefined) {
    void stream?.return(undefined)
    throw new Invalid(`This answers in ${contentType}, which an entry of a Bundle cannot hold; ask for it by itself`)
  }
  const { Location, ETag, 'Last-Modified': modified } = headers
  const response = {
    status: STATUS[status] ?? String(status),
    ...(Location && { location: Location }),
    ...(ETag && { etag: ETag }),
    ...(modified && { lastModified: new Date(modified).toISOString() }),
  }
  const text = JSON.stringify(response)
  if (body === undefined) return `{"response":${text}}`
  const asked = method === 'GET' || (method === 'POST' && /^[$_]/.test(path.at(-1) ?? ''))
  if (failed || (!asked && String(body).startsWith('{"resourceType":"OperationOutcome"')))
    return `{"response":${text.slice(0, -1)},"outcome":${body}}}`
  return asked || prefer.return === 'representation'
    ? `{"resource":${body},"response":${text}}`
    : `{"response":${text}}`
}

const REQUEST = ['method', 'url', 'ifMatch', 'ifNoneMatch', 'ifModifiedSince', 'ifNoneExist'] as const

/** The methods that each condition is for; with another it would be of no effect, and nobody would know. */
const CONDITIONS: readonly (readonly [(typeof REQUEST)[number], readonly Method[]])[] = [
  ['ifMatch', ['PUT', 'PATCH', 'DELETE']],
  ['ifNoneMatch', ['GET', 'HEAD', 'PUT']],
  ['ifModifiedSince', ['GET', 'HEAD']],
  ['ifNoneExist', ['POST']],
]

/** @throws Invalid  the entry has no request, or one that names nothing here */
export function exchangeOf(outer: Exchange, entry: BundleEntry, n: number, inTransaction = false): Exchange {
  const { request, resource } = entry ?? {}
  const at = `Bundle.entry[${n}].request`
  if (!request?.method || !request.url)
    throw new Invalid('An entry needs request.method and request.url', { expression: [at] })
  for (const name of REQUEST) {
    if (request[name] !== undefined && typeof request[name] !== 'string')
      throw new Invalid(`request.${name} is a string`, { expression: [`${at}.${name}`] })
  }
  const { method, url } = request
  if (!['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].includes(method))
    throw new Invalid('request.method is GET, HEAD, POST, PUT, PATCH or DELETE', { expression: [`${at}.method`] })
  for (const [name, methods] of CONDITIONS) {
    if (request[name] !== undefined && !methods.includes(method))
      throw new Invalid(`request.${name} is for ${methods.join(', ')}, not for ${method}`, {
        expression: [`${at}.${name}`],
      })
  }
  const relative = url.startsWith(`${outer.base}/`) ? url.slice(outer.base.length + 1) : url.replace(/^\//, '')
  const mark = relative.indexOf('?')
  const path = decode(mark < 0 ? relative : relative.slice(0, mark), at)
  // A JSON Patch travels as a Binary: https://hl7.org/fhir/R4/http.html#patch
  const binary =
    method === 'PATCH' && resource?.resourceType === 'Binary'
      ? (resource as { contentType?: string; data?: string })
      : undefined
  return {
    ctx: outer.ctx,
    method,
    path,
    query: mark < 0 ? '' : relative.slice(mark + 1),
    base: outer.base,
    prefer: outer.prefer,
    parameters: outer.parameters,
    ifMatch: request.ifMatch,
    ifNoneMatch: request.ifNoneMatch,
    ifModifiedSince: request.ifModifiedSince,
    ifNoneExist: request.ifNoneExist,
    ...(binary
      ? { contentType: binary.contentType, body: Buffer.from(binary.data ?? '', 'base64').toString('utf8') }
      : // In a transaction the resource itself is at hand; only patches and parameters are read from their text.
        resource !== undefined &&
        (!inTransaction || method === 'PATCH' || path.at(-1)?.startsWith('$')) && {
          contentType: 'application/fhir+json',
          body: stringify(resource),
        }),
  }
}

function decode(path: string, at: string): string[] {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent)
  } catch (cause) {
    throw new Invalid('request.url has an escape that is not valid', { expression: [`${at}.url`], cause })
  }
}

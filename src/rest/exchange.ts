import type { Context } from '../base/context.js'
import type { Spliced } from '../base/spliced.js'
import type { TenantParameters } from '../search/tenant-parameters.js'

/** What a client may ask in `Prefer`; https://hl7.org/fhir/R4/http.html#prefer and async.html */
export interface Prefer {
  return?: 'minimal' | 'representation' | 'OperationOutcome'
  handling?: 'strict' | 'lenient'
  respondAsync?: boolean
  /** Heeded where the setting INGLE_VALIDATION leaves it to those who ask. */
  validation?: 'full' | 'structure'
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One FHIR request without its transport: the HTTP door makes these, and so does each entry of a batch. */
export interface Exchange {
  ctx: Context
  method: Method
  /** Decoded segments below the FHIR base: `[]`, `['Patient']`, `['Patient', '1', '_history', '2']`. */
  path: string[]
  /** The query as received, without `?`; for POST _search the form body is merged in. */
  query: string
  /** Absolute FHIR base for links, without a slash at the end: `http://127.0.0.1:8080/fhir`. */
  base: string
  prefer: Prefer
  /** What the tenant can search by; dispatch fills it in for whatever may search. */
  parameters?: TenantParameters
  ifMatch?: string
  ifNoneMatch?: string
  ifModifiedSince?: string
  ifNoneExist?: string
  idempotencyKey?: string
  /** `Accept` as received, and `_format` of the URL, for the operations that have formats of their own. */
  accept?: string
  format?: string
  /** `Accept-Language` as received. */
  acceptLanguage?: string
  /** Media type of the body without parameters, lower case: `application/fhir+json`. */
  contentType?: string
  /** The body as text, as received, when there is one. */
  body?: string
}

/** What comes back: FHIR JSON as text that is already serialised, so that stored text passes through unparsed. */
export interface Answer {
  status: number
  /** `ETag`, `Last-Modified`, `Location` …, as HTTP spells them. */
  headers?: Record<string, string>
  body?: string | Spliced
  /** Instead of the body, when it comes piece by piece; who stops reading ends it by `return()`. */
  stream?: AsyncGenerator<string>
  /** When the body is not FHIR JSON. */
  contentType?: string
}

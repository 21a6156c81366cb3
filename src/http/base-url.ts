import type { IncomingHttpHeaders } from 'node:http'
import { Invalid } from '../base/errors.js'

/** Where FHIR begins in a URL's path. */
export const basePath = '/fhir'

// A name, an IPv4 address or a bracketed IPv6 address, with a port or not.
const hostForm = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

/**
 * The absolute FHIR base for links: `https://fhir.example.org/fhir`.
 *
 * @param configured  `BASE_URL`; without it the client's `Host` counts, or what a proxy says it was
 * @throws Invalid    a host that could not stand in a URL (400)
 */
export function baseUrl(configured: string | undefined, headers: IncomingHttpHeaders): string {
  if (configured !== undefined) return configured + basePath
  const host = first(headers['x-forwarded-host']) ?? headers.host ?? 'localhost'
  if (!hostForm.test(host)) throw new Invalid('The Host header is not a host')
  return `${first(headers['x-forwarded-proto']) === 'https' ? 'https' : 'http'}://${host}${basePath}`
}

/** Each proxy appends its own: the first is what the client used. */
function first(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header).split(',', 1)[0]!.trim()
}

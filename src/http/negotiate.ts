import { NotAcceptable } from '../base/errors.js'

/** How FHIR is written. https://hl7.org/fhir/R4/http.html#mime-type */
export type Format = 'json' | 'xml' | 'ndjson'

/** The media types of each format: the first is what an answer is labelled with, the others what clients call it. */
const mediaTypes: Readonly<Record<Format, readonly string[]>> = {
  json: ['application/fhir+json', 'application/json', 'text/json'],
  xml: ['application/fhir+xml', 'application/xml', 'text/xml'],
  ndjson: ['application/fhir+ndjson', 'application/ndjson'],
}
const formats = Object.keys(mediaTypes) as Format[]

/** What a resource may be sent as. */
export const bodyTypes = [...mediaTypes.json, ...mediaTypes.xml]

/** The Content-Type of an answer. */
export const contentTypes: Readonly<Record<Format, string>> = {
  json: `${mediaTypes.json[0]}; charset=utf-8`,
  xml: `${mediaTypes.xml[0]}; charset=utf-8`,
  ndjson: mediaTypes.ndjson[0]!,
}
export const fhirJson = contentTypes.json

const available = `Available are ${formats
  .map(
    (format) =>
      `${mediaTypes[format][0]} (also as ${[...mediaTypes[format].slice(1), `_format=${format}`].join(', ')})`,
  )
  .join(', ')}; the last for the Bundles of searches and histories`

/** What most clients send, decided without a look inside. */
const usual = new Set<string | undefined>([undefined, '', '*/*', ...mediaTypes.json])

/**
 * The format that an answer is wanted in; undefined when there is none of those that would do.
 *
 * @param format  value of `_format`; it has precedence over `Accept`
 * @see https://hl7.org/fhir/R4/http.html#parameters
 */
export function formatOf(accept: string | undefined, format?: string): Format | undefined {
  if (format !== undefined) return formats.find((one) => one === format) ?? formatNamed(format)
  return usual.has(accept) ? 'json' : preferred(accept!)
}

/** The refusal of a request for which there is no format (406). */
export function notAcceptable(accept: string | undefined, format?: string): NotAcceptable {
  const asked = format === undefined ? `Accept: ${shown(accept ?? '')}` : `_format=${shown(format)}`
  return new NotAcceptable(`${asked} cannot be served. ${available}`)
}

/**
 * Of each format the most specific range that covers it says how much it is wanted; among equals JSON comes first.
 * https://www.rfc-editor.org/rfc/rfc9110#name-accept
 */
function preferred(accept: string): Format | undefined {
  const wanted: Partial<Record<Format | 'application/*' | '*/*', number>> = {}
  for (const range of accept.split(',')) {
    const { type, parameters } = parseMediaType(range)
    const kind = type === 'application/*' || type === '*/*' ? type : formatNamed(range)
    if (kind) wanted[kind] = Math.max(wanted[kind] ?? 0, quality(parameters.q))
  }
  // A browser asks for XML, but not for FHIR's: it takes anything, and its reader wants JSON.
  if (wanted['*/*'] && /\btext\/html\b/i.test(accept)) return 'json'
  let best: Format | undefined
  let most = 0
  for (const format of formats) {
    const much = wanted[format] ?? wanted['application/*'] ?? wanted['*/*'] ?? 0
    if (much > most) {
      best = format
      most = much
    }
  }
  return best
}

/** A weight, from 0 to 1: https://www.rfc-editor.org/rfc/rfc9110#name-quality-values */
export function quality(q: string | undefined): number {
  return q === undefined ? 1 : Number(q) || 0
}

/** The format that a media type means, in R4; `fhirVersion` may say so: https://hl7.org/fhir/R4/versioning.html#mt-version */
export function formatNamed(header: string): Format | undefined {
  const { type, parameters } = parseMediaType(header)
  if ((parameters.fhirversion ?? '4.0') !== '4.0') return undefined
  return formats.find((format) => mediaTypes[format].includes(type))
}

/** `Application/JSON; charset="UTF-8"` as `application/json` and `{ charset: 'utf-8' }`, all in lower case. */
export function parseMediaType(header: string): { type: string; parameters: Record<string, string | undefined> } {
  const [type = '', ...rest] = header.toLowerCase().split(';')
  const parameters: Record<string, string> = {}
  for (const parameter of rest) {
    const [name = '', value = ''] = parameter.split('=', 2)
    parameters[name.trim()] = value.trim().replace(/^"(.*)"$/, '$1')
  }
  return { type: type.trim(), parameters }
}

function shown(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}

import { NotAcceptable } from '../base/errors.js'

export const fhirJson = 'application/fhir+json; charset=utf-8'

/** What clients call FHIR JSON, the first as the specification does. https://hl7.org/fhir/R4/http.html#mime-type */
export const jsonTypes = ['application/fhir+json', 'application/json', 'text/json']

const available = `Available is ${jsonTypes[0]} (also as ${jsonTypes.slice(1).join(', ')} and _format=json)`

/** What most clients send, decided without a look inside. */
const usual = new Set<string | undefined>([undefined, '', '*/*', ...jsonTypes])

/**
 * Whether the answer may be FHIR JSON, the one format there is.
 *
 * @param format  value of `_format`; it has precedence over `Accept`
 * @throws NotAcceptable  neither names JSON nor anything that includes it (406)
 * @see https://hl7.org/fhir/R4/http.html#parameters
 */
export function negotiate(accept: string | undefined, format?: string): void {
  if (format !== undefined) {
    if (format !== 'json' && !isJson(format))
      throw new NotAcceptable(`_format=${shown(format)} cannot be served. ${available}`)
  } else if (!usual.has(accept) && !acceptsJson(accept!)) {
    throw new NotAcceptable(`Accept: ${shown(accept!)} cannot be served. ${available}`)
  }
}

/** The most specific range that covers JSON decides; its `q` must be over 0. https://www.rfc-editor.org/rfc/rfc9110#name-accept */
function acceptsJson(accept: string): boolean {
  const best = { exact: -1, application: -1, any: -1 }
  for (const range of accept.split(',')) {
    const { type, parameters } = parseMediaType(range)
    const kind = isJson(range) ? 'exact' : type === 'application/*' ? 'application' : type === '*/*' ? 'any' : undefined
    if (kind) best[kind] = Math.max(best[kind], quality(parameters.q))
  }
  const { exact, application, any } = best
  return (exact >= 0 ? exact : application >= 0 ? application : any) > 0
}

function quality(q: string | undefined): number {
  return q === undefined ? 1 : Number(q) || 0
}

/** A media type that means FHIR JSON of R4; `fhirVersion` may say which: https://hl7.org/fhir/R4/versioning.html#mt-version */
export function isJson(header: string): boolean {
  const { type, parameters } = parseMediaType(header)
  return jsonTypes.includes(type) && (parameters.fhirversion ?? '4.0') === '4.0'
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

import type { Prefer } from '../rest/exchange.js'

const none: Prefer = Object.freeze({})
const returns = ['minimal', 'representation', 'OperationOutcome'] as const
const handlings = ['strict', 'lenient'] as const
const validations = ['full', 'structure'] as const

/**
 * The `Prefer` header (several are joined by commas). Clients write `return=minimal, handling=lenient` and, against
 * RFC 7240, `return=minimal; handling=lenient`: both are read. Of a repeated preference the first counts; one that
 * is unknown or has an unknown value is ignored, as a preference is never an error.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7240#section-2
 */
export function parsePrefer(header: string | undefined): Prefer {
  if (!header) return none
  const prefer: Prefer = {}
  for (const part of header.split(/[,;]/)) {
    const [name = '', value = ''] = part.split('=', 2).map((text) => text.trim())
    const word = value.replace(/^"(.*)"$/, '$1').toLowerCase()
    const key = name.toLowerCase()
    if (key === 'return') prefer.return ??= returns.find((known) => known.toLowerCase() === word)
    if (key === 'handling') prefer.handling ??= handlings.find((known) => known === word)
    if (key === 'validation') prefer.validation ??= validations.find((known) => known === word)
    if (key === 'respond-async') prefer.respondAsync = true
  }
  return prefer
}

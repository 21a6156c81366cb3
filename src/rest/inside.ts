import type { Logger } from 'pino'
import { toOutcome } from '../base/outcome.js'
import type { Answer, Exchange } from './exchange.js'

/** What a request from inside this process gets. */
export interface Inside {
  status: number
  /** JSON text, an OperationOutcome when it is refused */
  body: string
  contentLocation?: string
}

interface From {
  tenant: number
  /** Who it is said to be, in audits and the log. */
  subject: string
  /** FHIR base for links */
  base: string
  log: Logger
}

/**
 * Requests that this process sends to itself, without a transport and without a token: they may do everything.
 * @returns asks with a path below the base and its query, `ValueSet?url=…`
 */
export function fromInside(dispatch: (exchange: Exchange) => Promise<Answer>, { tenant, subject, base, log }: From) {
  return async (method: 'GET' | 'POST', path: string, body?: string): Promise<Inside> => {
    const [way = '', query = ''] = path.split('?', 2)
    try {
      const {
        status,
        body: text,
        headers,
      } = await dispatch({
        ctx: { tenant, principal: { subject }, requestId: subject, log },
        method,
        path: way === '' ? [] : way.split('/'),
        query,
        base,
        prefer: { return: 'minimal' },
        ...(body !== undefined && { contentType: 'application/fhir+json', body }),
      })
      return { status, body: String(text ?? ''), contentLocation: headers?.['Content-Location'] }
    } catch (cause) {
      const { status, outcome } = toOutcome(cause)
      return { status, body: JSON.stringify(outcome) }
    }
  }
}

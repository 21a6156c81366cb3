import type { Bundle, OperationOutcome } from '@medplum/fhirtypes'
import { type Endpoint, isPassing } from './endpoint.js'
import { parsed } from './json.js'
import { bundleOf, type Entry, type Unit } from './units.js'

/** The outcome of one entry; without `reason` it is stored. */
export interface Delivered {
  index: number
  reason?: string
  /** The server answered "not now" to the last; it may yet have stored an earlier attempt. */
  isOpen?: boolean
}

/**
 * Posts a unit. Entries of a batch that answer "not now" (409, 429, 503, 504) are sent again.
 *
 * @param wanted  indexes of the entries to send
 * @param key     Idempotency-Key, for a unit that creates: the server stores what carries it once, even when an answer
 *                was lost. What is stored under ids or conditions may be sent twice, and is cheaper without.
 */
export async function deliver(endpoint: Endpoint, unit: Unit, wanted: number[], key: string): Promise<Delivered[]> {
  const delivered = new Map<number, Delivered>()
  const once = wanted.some((index) => (unit.entries[index] as Entry).creates)
  const headers = { prefer: 'return=minimal', ...(once && { 'idempotency-key': key }) }
  let sending = wanted
  for (let attempt = 1; sending.length > 0; attempt++) {
    const entries = sending.map((index) => unit.entries[index] as Entry)
    const { status, body } = await endpoint.send('POST', '', bundleOf(unit, entries), headers)
    const answers = status === 200 ? (parsed<Bundle>(body)?.entry ?? []) : undefined
    if (!answers || answers.length !== entries.length) {
      const reason = answers
        ? `${answers.length} answers for ${entries.length} entries`
        : `${status} ${diagnostics(parsed<OperationOutcome>(body))}`
      for (const index of sending) delivered.set(index, { index, reason, isOpen: isPassing(status) })
      break
    }
    const again: number[] = []
    for (const [i, index] of sending.entries()) {
      const { status: written = '', outcome } = answers[i]?.response ?? {}
      const code = Number.parseInt(written, 10)
      const reason = `${written} ${diagnostics(outcome as OperationOutcome | undefined)}`.trim()
      if (code >= 200 && code < 300) delivered.set(index, { index })
      else if (isPassing(code) && attempt < endpoint.attempts && !('transaction' in unit)) again.push(index)
      else delivered.set(index, { index, reason })
    }
    // Under its key the whole batch is sent as it was: what is stored already gets its first answer, not a second copy.
    sending = once && again.length > 0 ? wanted : again
    if (again.length > 0) await endpoint.pause(attempt)
  }
  return [...delivered.values()]
}

function diagnostics(outcome: OperationOutcome | undefined): string {
  return (outcome?.issue ?? [])
    .filter(({ severity }) => severity === 'error' || severity === 'fatal')
    .map(({ diagnostics, details, code, expression }) =>
      [diagnostics ?? details?.text ?? code, expression ? `(${expression.join(', ')})` : ''].join(' ').trim(),
    )
    .join('; ')
}

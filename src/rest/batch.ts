import { toOutcome } from '../base/outcome.js'
import { type BundleEntry, entryText, exchangeOf, responseBundle } from './bundle-entry.js'
import type { Answer, Exchange } from './exchange.js'
import { keyOfEntry } from './idempotency.js'

/** Entries of a batch at once; each is a request of its own. */
const AT_ONCE = 16

/**
 * Each entry alone, whatever becomes of the others.
 * @param dispatch  answers one entry
 * @see https://hl7.org/fhir/R4/http.html#transaction
 */
export async function batch(
  exchange: Exchange,
  entries: readonly BundleEntry[],
  dispatch: (one: Exchange) => Promise<Answer>,
): Promise<Answer> {
  const answers: string[] = new Array(entries.length)
  let next = 0
  const work = async () => {
    for (let n = next++; n < entries.length; n = next++)
      answers[n] = await answerEntry(exchange, entries[n]!, n, dispatch)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, entries.length) }, work))
  return { status: 200, body: responseBundle('batch-response', answers) }
}

async function answerEntry(
  exchange: Exchange,
  entry: BundleEntry,
  n: number,
  dispatch: (one: Exchange) => Promise<Answer>,
): Promise<string> {
  try {
    const one = { ...exchangeOf(exchange, entry, n), idempotencyKey: keyOfEntry(exchange.idempotencyKey, n) }
    return entryText(await dispatch(one), one)
  } catch (cause) {
    const { status, outcome, headers } = toOutcome(cause)
    if (status === 500) exchange.ctx.log.error({ err: cause, entry: n }, 'batch entry failed')
    return entryText({ status, headers, body: JSON.stringify(outcome) }, exchange, true)
  }
}

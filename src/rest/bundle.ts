import { Invalid, TooCostly } from '../base/errors.js'
import { Gate } from '../base/gate.js'
import { isResourceType } from '../fhir/definitions.js'
import type { Resource } from '../store/write.js'
import { batch } from './batch.js'
import type { BundleEntry } from './bundle-entry.js'
import type { Answer, Exchange } from './exchange.js'
import type { Once } from './idempotency.js'
import { parsedBody } from './resource-body.js'
import type { Interaction, Serving } from './serving.js'
import { transaction } from './transaction.js'
import { stepsOf } from './transaction-steps.js'

/**
 * Characters of Bundles that are taken apart at once. A parsed Bundle is many times its text; those that wait are text
 * only, and nothing is gained by more than a few at once, as one thread works on all of them.
 */
const bundles = new Gate(4_000_000)

interface Dispatch {
  once: Once
  /** Answers an entry of a batch. */
  entry: (one: Exchange) => Promise<Answer>
  /** Answers an entry of a transaction that changes nothing. */
  read: Interaction
}

/**
 * POST [base] with a batch or a transaction; https://hl7.org/fhir/R4/http.html#transaction
 * With an Idempotency-Key a transaction is done once, and so is each entry of a batch.
 */
export function bundle(serving: Serving, exchange: Exchange, dispatch: Dispatch): Promise<Answer> {
  return bundles.through(exchange.body?.length ?? 0, () => answerBundle(serving, exchange, dispatch))
}

type SentBundle = Resource & { type?: string; entry?: BundleEntry[] }

async function answerBundle(serving: Serving, exchange: Exchange, { once, entry, read }: Dispatch): Promise<Answer> {
  const resource = parsedBody(exchange) as SentBundle
  const { type, entry: entries = [] } = resource ?? {}
  if (resource?.resourceType !== 'Bundle' || (type !== 'batch' && type !== 'transaction'))
    throw new Invalid(`What is posted to the base is a Bundle of type batch or transaction${elsewhere(resource)}`, {
      expression: ['Bundle.type'],
    })
  if (!Array.isArray(entries)) throw new Invalid('Bundle.entry is an array', { expression: ['Bundle.entry'] })
  const most = serving.config.maxTransactionEntries
  if (entries.length > most)
    throw new TooCostly(
      `The Bundle has ${entries.length} entries; ${most} are allowed (INGLE_MAX_TRANSACTION_ENTRIES)`,
      { expression: ['Bundle.entry'] },
    )
  if (type === 'batch') return batch(exchange, entries, entry)
  const { issues } = await serving.validation.check(exchange, resource)
  const steps = stepsOf(serving, exchange, entries)
  return once(exchange, (one) => transaction(one, exchange, { steps, issues }, read))
}

/** Where a resource is posted to that was sent to the base by mistake. */
function elsewhere(resource: Resource | undefined): string {
  const type: unknown = resource?.resourceType
  return isResourceType(type) ? `; a resource of type ${type} is created by POST [base]/${type}` : ''
}

import type { Bundle } from '@medplum/fhirtypes'
import { deliver } from '../load/deliver.js'
import type { Endpoint } from '../load/endpoint.js'
import type { Tally } from '../load/tally.js'

/**
 * Sends the transactions, the first alone because the others refer to it, the rest a few at a time.
 *
 * @throws the connection's error when the server stays out of reach
 */
export async function seed(
  bundles: Iterator<Bundle>,
  endpoint: Endpoint,
  tally: Tally,
  concurrency: number,
): Promise<void> {
  const sendNext = async (): Promise<boolean> => {
    const { value: bundle, done } = bundles.next()
    if (done) return false
    const entries = bundle.entry!.map(({ resource }, i) => ({
      type: resource!.resourceType,
      creates: false,
      place: `entry ${i}`,
    }))
    const unit = { transaction: JSON.stringify(bundle), entries }
    const delivered = await deliver(endpoint, unit, [...entries.keys()], '')
    const [first] = delivered
    if (first?.reason)
      tally.fail(`the bundle of ${entries[0]!.type} ${bundle.entry![0]!.resource!.id}`, first.reason, entries.length)
    else for (const { type } of entries) tally.store(type)
    tally.files++
    return true
  }
  const worker = async () => {
    while (await sendNext());
  }
  await sendNext()
  await Promise.all(Array.from({ length: concurrency }, worker))
}

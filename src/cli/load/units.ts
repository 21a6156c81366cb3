/** One resource on its way: an entry of the batch that it is sent in. */
export interface Entry {
  /** Resource type, for the summary. */
  type: string
  /** Where it was found: `patients.csv row 7`. */
  place: string
  /** The `Bundle.entry` as JSON text, with its request. */
  text: string
  /** Sending it twice would store it twice: a POST without a condition. */
  creates: boolean
  /** Two entries with the same key are never sent in one batch, whose entries have no order. */
  key?: string
}

/** What one request carries. A transaction goes as it was found and is stored whole or not at all. */
export type Unit =
  | { transaction: string; entries: Omit<Entry, 'text'>[] }
  | {
      entries: Entry[]
      /** Wait for the units before it: messages about one patient must arrive as they were sent. */
      inSequence?: boolean
    }

/** A row, line, message or file that is not sent, and why. */
export interface Refused {
  place: string
  refused: string
}

/** Content that the loader leaves out without calling it a failure, `PV1 segment`; counted by name. */
export interface LeftOut {
  leftOut: string
}

/** Whether a request may be sent again only under the protection of an Idempotency-Key. */
export const creates = ({ method, ifNoneExist }: { method?: string; ifNoneExist?: string } = {}) =>
  method === 'POST' && !ifNoneExist

export const isRefused = (item: object): item is Refused => 'refused' in item
export const isLeftOut = (item: object): item is LeftOut => 'leftOut' in item

/** Entries of one request: few enough to answer soon, many enough that requests do not count. */
const batchSize = 200

/** Gathers entries into batches; what is not sent passes through. */
export async function* batched(
  items: Iterable<Entry | Refused | LeftOut> | AsyncIterable<Entry | Refused | LeftOut>,
  inSequence = false,
): AsyncGenerator<Unit | Refused | LeftOut> {
  let entries: Entry[] = []
  let keys = new Set<string>()
  for await (const item of items) {
    if (isRefused(item) || isLeftOut(item)) {
      yield item
      continue
    }
    if (entries.length === batchSize || (item.key && keys.has(item.key))) {
      yield { entries, inSequence }
      entries = []
      keys = new Set()
    }
    entries.push(item)
    if (item.key) keys.add(item.key)
  }
  if (entries.length > 0) yield { entries, inSequence }
}

/** The unit, or those of its entries, as the text of a Bundle. */
export function bundleOf(unit: Unit, entries = unit.entries): string {
  if ('transaction' in unit) return unit.transaction
  return `{"resourceType":"Bundle","type":"batch","entry":[${(entries as Entry[]).map(({ text }) => text).join(',')}]}`
}

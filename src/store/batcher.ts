/**
 * What arrives while `lanes` batches are under way leaves together in the next one: one statement, one commit for all.
 * Two items of the same key never share a batch, so that each sees what the one before it did.
 */
export class Batcher<Item, Result> {
  private waiting: { item: Item; resolve: (result: Result) => void; reject: (cause: unknown) => void }[] = []
  private running = 0

  constructor(
    private readonly run: (items: Item[]) => Promise<(Result | Error)[]>,
    private readonly options: { lanes: number; most: number; keyOf?: (item: Item) => unknown },
  ) {}

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject })
      // After this turn of the event loop: requests that came in one read of the socket belong together.
      if (this.waiting.length === 1) setImmediate(() => this.leave())
    })
  }

  private leave() {
    while (this.running < this.options.lanes && this.waiting.length > 0) {
      const batch = this.next()
      this.running++
      this.finish(batch).finally(() => {
        this.running--
        this.leave()
      })
    }
  }

  private next() {
    const { keyOf, most } = this.options
    if (!keyOf && this.waiting.length <= most) return this.waiting.splice(0)
    const keys = new Set<unknown>()
    const batch: typeof this.waiting = []
    const rest: typeof this.waiting = []
    for (const entry of this.waiting) {
      const key = keyOf?.(entry.item)
      if (batch.length < most && (key === undefined || !keys.has(key))) batch.push(entry)
      else rest.push(entry)
      // A later one of the same key must not overtake the one that was put back.
      if (key !== undefined) keys.add(key)
    }
    this.waiting = rest
    return batch
  }

  private async finish(batch: typeof this.waiting): Promise<void> {
    try {
      const results = await this.run(batch.map(({ item }) => item))
      batch.forEach(({ resolve, reject }, i) => {
        const result = results[i]!
        if (result instanceof Error) reject(result)
        else resolve(result)
      })
    } catch (cause) {
      // What one of them cannot have, the others should not lose: each again, alone.
      if (batch.length > 1 && isOwnFault(cause)) for (const entry of batch) await this.finish([entry])
      else for (const { reject } of batch) reject(cause)
    }
  }
}

/** PostgreSQL, or a check of ours there, refused the data (class 22, 23, 54), as opposed to being away. */
const isOwnFault = (cause: unknown) => /^(22|23|54|IN00[23])/.test((cause as { code?: string }).code ?? '')

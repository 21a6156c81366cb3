import pg from 'pg'

interface Line {
  client: pg.Client
  ready: Promise<unknown>
  pending: number
  corked: boolean
}

type Statement = { name?: string; text: string; values: unknown[] }

/**
 * A few sessions on which short statements follow each other without waiting for answers. What many requests ask in
 * one turn of the event loop goes out in one write, and PostgreSQL works it off without falling asleep in between:
 * on a machine whose cores are busy, being woken costs more than an indexed read.
 *
 * For statements of a millisecond or so: a long one would keep those behind it waiting, and none can be cancelled.
 */
export class Pipeline {
  private lines: Line[] = []

  constructor(
    private readonly config: pg.ClientConfig,
    private readonly sessions: number,
  ) {}

  async query<R extends pg.QueryResultRow>(statement: Statement): Promise<R[]> {
    const line = this.shortest()
    line.pending++
    try {
      await line.ready
      this.cork(line)
      const { rows } = await line.client.query<R>(statement)
      return rows
    } finally {
      line.pending--
    }
  }

  /** Sessions in use by this process, for the gauges. */
  get size(): number {
    return this.lines.length
  }

  async close(): Promise<void> {
    const { lines } = this
    this.lines = []
    await Promise.all(lines.map(({ client }) => client.end().catch(() => undefined)))
  }

  private shortest(): Line {
    if (this.lines.length < this.sessions) this.lines.push(this.open())
    return this.lines.reduce((a, b) => (b.pending < a.pending ? b : a))
  }

  private open(): Line {
    const client = new pg.Client({ ...this.config, pipeline: true } as pg.ClientConfig)
    const line: Line = { client, ready: client.connect(), pending: 0, corked: false }
    const gone = () => {
      this.lines = this.lines.filter((other) => other !== line)
    }
    line.ready.catch(gone)
    client.on('error', gone)
    client.on('end', gone)
    return line
  }

  /** Holds back what is written until this turn of the event loop has read all that is there to read. */
  private cork(line: Line) {
    if (line.corked) return
    const { stream } = (line.client as unknown as { connection: { stream: { cork(): void; uncork(): void } } })
      .connection
    line.corked = true
    stream.cork()
    setImmediate(() => {
      line.corked = false
      stream.uncork()
    })
  }
}

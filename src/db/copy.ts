import type { Connection, Submittable } from 'pg'

/** 2000-01-01T00:00:00Z in milliseconds since 1970: PostgreSQL's own epoch. */
const POSTGRES_EPOCH = 946_684_800_000
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const INFINITY = 0x7fffffffffffffffn

/**
 * Rows of one table in PostgreSQL's binary COPY format, written into one growing buffer.
 * @see https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 */
export class CopyRows {
  private buffer: Buffer
  private at: number
  rows = 0

  constructor(
    readonly table: string,
    readonly columns: readonly string[],
    size = 16_384,
  ) {
    this.buffer = Buffer.allocUnsafe(size)
    this.at = HEADER.copy(this.buffer)
  }

  /** Starts the next row; exactly `columns.length` values must follow. */
  row(): this {
    this.room(2)
    this.at = this.buffer.writeInt16BE(this.columns.length, this.at)
    this.rows++
    return this
  }

  int4(value: number): this {
    this.room(8)
    this.at = this.buffer.writeInt32BE(4, this.at)
    this.at = this.buffer.writeInt32BE(value, this.at)
    return this
  }

  int2(value: number): this {
    this.room(6)
    this.at = this.buffer.writeInt32BE(2, this.at)
    this.at = this.buffer.writeInt16BE(value, this.at)
    return this
  }

  bool(value: boolean): this {
    this.room(5)
    this.at = this.buffer.writeInt32BE(1, this.at)
    this.at = this.buffer.writeUInt8(value ? 1 : 0, this.at)
    return this
  }

  int8(value: bigint): this {
    this.room(12)
    this.at = this.buffer.writeInt32BE(8, this.at)
    this.at = this.buffer.writeBigInt64BE(value, this.at)
    return this
  }

  /** @param ms milliseconds since 1970; ±Infinity are PostgreSQL's ±infinity */
  timestamp(ms: number): this {
    this.room(12)
    this.at = this.buffer.writeInt32BE(8, this.at)
    if (Number.isFinite(ms)) {
      // Microseconds stay below 2^53 until the year 2255; beyond that only bigint is exact.
      const micros = (ms - POSTGRES_EPOCH) * 1000
      this.at = this.buffer.writeBigInt64BE(BigInt(Math.round(micros)), this.at)
    } else {
      this.at = this.buffer.writeBigInt64BE(ms > 0 ? INFINITY : -INFINITY - 1n, this.at)
    }
    return this
  }

  text(value: string): this {
    // UTF-8 takes at most three bytes for each UTF-16 unit.
    this.room(4 + value.length * 3)
    const n = this.buffer.write(value, this.at + 4)
    this.buffer.writeInt32BE(n, this.at)
    this.at += 4 + n
    return this
  }

  jsonb(value: string): this {
    this.room(5 + value.length * 3)
    const n = this.buffer.write(value, this.at + 5)
    this.buffer.writeInt32BE(n + 1, this.at)
    this.buffer[this.at + 4] = 1 // version of the jsonb format
    this.at += 5 + n
    return this
  }

  null(): this {
    this.room(4)
    this.at = this.buffer.writeInt32BE(-1, this.at)
    return this
  }

  int8s(values: readonly bigint[]): this {
    this.array(20, values.length, 12)
    for (const value of values) {
      this.at = this.buffer.writeInt32BE(8, this.at)
      this.at = this.buffer.writeBigInt64BE(value, this.at)
    }
    return this
  }

  int4s(values: readonly number[]): this {
    this.array(23, values.length, 8)
    for (const value of values) {
      this.at = this.buffer.writeInt32BE(4, this.at)
      this.at = this.buffer.writeInt32BE(value, this.at)
    }
    return this
  }

  /** @param digits a decimal as written: `-1.10`, `1e-3` */
  numeric(digits: string): this {
    const { negative, weight, scale, groups } = base10000(digits)
    this.room(12 + groups.length * 2)
    this.at = this.buffer.writeInt32BE(8 + groups.length * 2, this.at)
    this.at = this.buffer.writeInt16BE(groups.length, this.at)
    this.at = this.buffer.writeInt16BE(weight, this.at)
    this.at = this.buffer.writeUInt16BE(negative ? 0x4000 : 0, this.at)
    this.at = this.buffer.writeUInt16BE(scale, this.at)
    for (const group of groups) this.at = this.buffer.writeInt16BE(group, this.at)
    return this
  }

  /** The whole COPY stream with its trailer. The buffer stays ours: write it out before the next use. */
  finish(): Buffer {
    this.room(2)
    this.at = this.buffer.writeInt16BE(-1, this.at)
    return this.buffer.subarray(0, this.at)
  }

  private array(oid: number, length: number, each: number) {
    this.room(24 + length * each)
    this.at = this.buffer.writeInt32BE(length ? 20 + length * each : 12, this.at)
    this.at = this.buffer.writeInt32BE(length ? 1 : 0, this.at)
    this.at = this.buffer.writeInt32BE(0, this.at)
    this.at = this.buffer.writeInt32BE(oid, this.at)
    if (!length) return
    this.at = this.buffer.writeInt32BE(length, this.at)
    this.at = this.buffer.writeInt32BE(1, this.at)
  }

  private room(bytes: number) {
    if (this.at + bytes <= this.buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + bytes))
    this.buffer.copy(grown, 0, 0, this.at)
    this.buffer = grown
  }
}

/** PostgreSQL's numeric: groups of four decimal digits, the first of them worth 10000^weight. */
function base10000(digits: string) {
  const [, sign, whole, fraction = '', exponent = '0'] = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(digits)!
  const shift = Number(exponent)
  let integer = whole! + fraction
  const point = whole!.length + shift
  if (point > integer.length) integer = integer.padEnd(point, '0')
  const left = point >= 0 ? integer.slice(0, point) : ''
  const right = point >= 0 ? integer.slice(point) : '0'.repeat(-point) + integer
  const head = left.replace(/^0+/, '')
  const padded = head.padStart(Math.ceil(head.length / 4) * 4, '0')
  const tail = right.padEnd(Math.ceil(right.length / 4) * 4, '0')
  const groups: number[] = []
  for (let i = 0; i < padded.length; i += 4) groups.push(Number(padded.slice(i, i + 4)))
  let weight = groups.length - 1
  for (let i = 0; i < tail.length; i += 4) groups.push(Number(tail.slice(i, i + 4)))
  while (groups.length && groups[0] === 0) {
    groups.shift()
    weight--
  }
  while (groups.length && groups.at(-1) === 0) groups.pop()
  return {
    negative: sign === '-' && groups.length > 0,
    weight: groups.length ? weight : 0,
    scale: right.length,
    groups,
  }
}

/**
 * Several COPYs and other statements in one simple-query message, their data sent right behind it: one round trip
 * for a whole bundle, and outside an explicit transaction one implicit transaction for all of them.
 * A server that fails on the first COPY discards the data of the others (protocol, "COPY Operations").
 *
 * @param before,after statements of our own making, without values from outside
 */
export class CopyMany implements Submittable {
  readonly done: Promise<void>
  private settle!: { resolve: () => void; reject: (cause: unknown) => void }
  private failure: unknown
  /** pg calls this instead of `done` when the connection itself fails. */
  callback = (cause?: unknown) => (cause ? this.settle.reject(cause) : this.settle.resolve())

  constructor(
    private readonly tables: readonly CopyRows[],
    private readonly options: { before?: string; after?: string } = {},
  ) {
    this.done = new Promise((resolve, reject) => {
      this.settle = { resolve, reject }
    })
  }

  submit(connection: Connection) {
    const filled = this.tables.filter((table) => table.rows > 0)
    const copies = filled.map((table) => `copy ${table.table} (${table.columns.join(',')}) from stdin (format binary)`)
    const wire = connection as unknown as {
      query(text: string): void
      sendCopyFromChunk(b: Buffer): void
      endCopyFrom(): void
      stream: { cork(): void; uncork(): void }
    }
    wire.stream.cork()
    wire.query([this.options.before, ...copies, this.options.after].filter(Boolean).join(';'))
    for (const table of filled) {
      wire.sendCopyFromChunk(table.finish())
      wire.endCopyFrom()
    }
    wire.stream.uncork()
  }

  handleError(cause: unknown) {
    this.failure ??= cause
    this.callback(cause)
  }
  handleReadyForQuery() {
    if (!this.failure) this.callback()
  }
  handleRowDescription() {}
  handleDataRow() {}
  handleCommandComplete() {}
  handleEmptyQuery() {}
  handleCopyInResponse() {}
  handleCopyData() {}
}

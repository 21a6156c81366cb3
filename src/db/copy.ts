import pg, { type Connection } from 'pg'
import { inOneWrite } from './wire.js'

/** 2000-01-01T00:00:00Z in milliseconds since 1970: PostgreSQL's own epoch. */
const POSTGRES_EPOCH = 946_684_800_000
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
/** As the high and low half of an int64: what PostgreSQL takes for ±infinity. */
const INFINITY = [0x7fffffff, 0xffffffff] as const
const MINUS_INFINITY = [-0x80000000, 0] as const
const TWO_32 = 2 ** 32

/**
 * Rows of one table in PostgreSQL's binary COPY format, written into one growing buffer.
 * Through a DataView, as V8 compiles its setters to plain stores, those of a Buffer to calls.
 * @see https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 */
export class CopyRows {
  private buffer: Buffer
  private view: DataView
  private at: number
  rows = 0

  constructor(
    readonly table: string,
    readonly columns: readonly string[],
    size = 16_384,
  ) {
    this.buffer = Buffer.allocUnsafe(size)
    this.view = viewOf(this.buffer)
    this.at = HEADER.copy(this.buffer)
  }

  /** Starts the next row; exactly `columns.length` values must follow. */
  row(): this {
    this.room(2)
    this.view.setInt16(this.at, this.columns.length)
    this.at += 2
    this.rows++
    return this
  }

  int4(value: number): this {
    this.room(8)
    this.view.setInt32(this.at, 4)
    this.view.setInt32(this.at + 4, value)
    this.at += 8
    return this
  }

  int2(value: number): this {
    this.room(6)
    this.view.setInt32(this.at, 2)
    this.view.setInt16(this.at + 4, value)
    this.at += 6
    return this
  }

  bool(value: boolean): this {
    this.room(5)
    this.view.setInt32(this.at, 1)
    this.view.setUint8(this.at + 4, value ? 1 : 0)
    this.at += 5
    return this
  }

  int8(value: bigint): this {
    this.room(12)
    this.view.setInt32(this.at, 8)
    this.view.setBigInt64(this.at + 4, value)
    this.at += 12
    return this
  }

  /** @param ms milliseconds since 1970; ±Infinity are PostgreSQL's ±infinity */
  timestamp(ms: number): this {
    this.room(12)
    // A double holds whole microseconds until the year 2255; its two halves are exact whatever it holds.
    const micros = Math.round((ms - POSTGRES_EPOCH) * 1000)
    const [high, low] = Number.isFinite(ms)
      ? [Math.floor(micros / TWO_32), micros >>> 0]
      : ms > 0
        ? INFINITY
        : MINUS_INFINITY
    this.view.setInt32(this.at, 8)
    this.view.setInt32(this.at + 4, high)
    this.view.setUint32(this.at + 8, low)
    this.at += 12
    return this
  }

  text(value: string): this {
    // UTF-8 takes at most three bytes for each UTF-16 unit.
    this.room(4 + value.length * 3)
    const n = this.buffer.write(value, this.at + 4)
    this.view.setInt32(this.at, n)
    this.at += 4 + n
    return this
  }

  jsonb(value: string): this {
    this.room(5 + value.length * 3)
    const n = this.buffer.write(value, this.at + 5)
    this.view.setInt32(this.at, n + 1)
    this.view.setUint8(this.at + 4, 1) // version of the jsonb format
    this.at += 5 + n
    return this
  }

  bytes(value: Uint8Array): this {
    this.room(4 + value.length)
    this.view.setInt32(this.at, value.length)
    this.buffer.set(value, this.at + 4)
    this.at += 4 + value.length
    return this
  }

  null(): this {
    this.room(4)
    this.view.setInt32(this.at, -1)
    this.at += 4
    return this
  }

  int8s(values: readonly bigint[]): this {
    this.array(20, values.length, 12)
    for (const value of values) {
      this.view.setInt32(this.at, 8)
      this.view.setBigInt64(this.at + 4, value)
      this.at += 12
    }
    return this
  }

  int4s(values: readonly number[]): this {
    this.array(23, values.length, 8)
    for (const value of values) {
      this.view.setInt32(this.at, 4)
      this.view.setInt32(this.at + 4, value)
      this.at += 8
    }
    return this
  }

  /** @param digits a decimal as written: `-1.10`, `1e-3` */
  numeric(digits: string): this {
    const { negative, weight, scale, groups } = base10000(digits)
    this.room(12 + groups.length * 2)
    this.view.setInt32(this.at, 8 + groups.length * 2)
    this.view.setInt16(this.at + 4, groups.length)
    this.view.setInt16(this.at + 6, weight)
    this.view.setUint16(this.at + 8, negative ? 0x4000 : 0)
    this.view.setUint16(this.at + 10, scale)
    this.at += 12
    for (const group of groups) {
      this.view.setInt16(this.at, group)
      this.at += 2
    }
    return this
  }

  /** The whole COPY stream with its trailer. The buffer stays ours: write it out before the next use. */
  finish(): Buffer {
    this.room(2)
    this.view.setInt16(this.at, -1)
    this.at += 2
    return this.buffer.subarray(0, this.at)
  }

  private array(oid: number, length: number, each: number) {
    this.room(24 + length * each)
    this.view.setInt32(this.at, length ? 20 + length * each : 12)
    this.view.setInt32(this.at + 4, length ? 1 : 0)
    this.view.setInt32(this.at + 8, 0)
    this.view.setInt32(this.at + 12, oid)
    this.at += 16
    if (!length) return
    this.view.setInt32(this.at, length)
    this.view.setInt32(this.at + 4, 1)
    this.at += 8
  }

  private room(bytes: number) {
    if (this.at + bytes <= this.buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + bytes))
    this.buffer.copy(grown, 0, 0, this.at)
    this.buffer = grown
    this.view = viewOf(grown)
  }
}

const viewOf = ({ buffer, byteOffset, length }: Buffer) => new DataView(buffer, byteOffset, length)

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
 * A Query, as pg takes nothing else on a session that does not wait for answers.
 *
 * @param before,after statements of our own making, without values from outside
 */
export class CopyMany extends pg.Query {
  readonly done: Promise<void>
  private settle!: { resolve: () => void; reject: (cause: unknown) => void }
  private failure: unknown
  /** pg calls this instead of `done` when the connection itself fails. */
  callback = (cause?: unknown) => (cause ? this.settle.reject(cause) : this.settle.resolve())

  constructor(
    private readonly tables: readonly CopyRows[],
    private readonly options: { before?: string; after?: string } = {},
  ) {
    super('')
    this.done = new Promise((resolve, reject) => {
      this.settle = { resolve, reject }
    })
  }

  override submit = (connection: Connection) => {
    const filled = this.tables.filter((table) => table.rows > 0)
    const copies = filled.map((table) => `copy ${table.table} (${table.columns.join(',')}) from stdin (format binary)`)
    const wire = connection as unknown as {
      query(text: string): void
      sendCopyFromChunk(b: Buffer): void
      endCopyFrom(): void
    }
    inOneWrite(connection, () => {
      wire.query([this.options.before, ...copies, this.options.after].filter(Boolean).join(';'))
      for (const table of filled) {
        wire.sendCopyFromChunk(table.finish())
        wire.endCopyFrom()
      }
    })
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

import { randomFillSync } from 'node:crypto'
import type { Database } from '../db/database.js'
import { sql } from '../db/sql.js'

const random = Buffer.alloc(16 * 256)
let used = random.length

/**
 * A UUID of version 7: its first 48 bits are the time, so that new ids land next to each other in an index.
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-7
 */
export function newId(now = Date.now()): string {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  const bytes = random.subarray(used, used + 16)
  used += 16
  bytes.writeUIntBE(now, 0, 6)
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** As the sequence's increment in the migration. */
const BLOCK = 1024n

/** Row ids in blocks of one sequence: order of first arrival within a process, never twice across processes. */
export class RowIds {
  private next = 0n
  private end = 0n

  constructor(private readonly db: Database) {}

  async take(count: number): Promise<bigint[]> {
    const ids: bigint[] = []
    while (ids.length < count) {
      if (this.next === this.end) {
        // Beside the pool: a caller holds a session of it, and many who wait for one more would wait for each other.
        const [row] = await this.db.quick<{ start: bigint }>(sql`select nextval('resource_rid') as start`)
        // Another caller may have brought a block meanwhile; its rest is given up, gaps do not matter.
        this.next = row!.start
        this.end = row!.start + BLOCK
      }
      ids.push(this.next++)
    }
    return ids
  }
}

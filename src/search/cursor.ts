import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { Invalid } from '../base/errors.js'
import type { Database } from '../db/database.js'
import { sql } from '../db/sql.js'
import type { Position } from './order.js'

/** Where a page starts, with the query that it is a page of: all that a `next` or `previous` link carries. */
export interface Cursor {
  /** path below the base, so that a link works only where it came from: `Observation` */
  path: string
  query: string
  position: Position
  backwards: boolean
}

/**
 * Seals cursors with AES-256-GCM: a link says nothing of the patients or the search, and none can be made up.
 * The key lies in the database, so that every node reads the links of the others.
 */
export class Cursors {
  private constructor(private readonly key: Buffer) {}

  static async open(db: Database): Promise<Cursors> {
    await db.query(
      sql`insert into secret (name, value) values ('cursor', ${randomBytes(32)}) on conflict (name) do nothing`,
    )
    const [row] = await db.query<{ value: Buffer }>(sql`select value from secret where name = 'cursor'`)
    return new Cursors(row!.value)
  }

  seal({ path, query, position, backwards }: Cursor): string {
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.key, iv)
    const plain = JSON.stringify([path, query, position.values, position.rid, backwards ? 1 : 0])
    return Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url')
  }

  /** @throws Invalid  not a link of this server */
  unseal(token: string): Cursor {
    try {
      const sealed = Buffer.from(token, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', this.key, sealed.subarray(0, 12))
      decipher.setAuthTag(sealed.subarray(-16))
      const plain = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString('utf8')
      const [path, query, values, rid, backwards] = JSON.parse(plain)
      return { path, query, position: { values, rid }, backwards: backwards === 1 }
    } catch (cause) {
      throw new Invalid('_cursor is not one of this server: use the next and previous links of a search as they are', {
        cause,
      })
    }
  }
}

import type { Session } from '../db/database.js'
import { bigints, sql } from '../db/sql.js'
import { contentText } from './layout.js'

/** One version of a resource: its content never changes. */
export interface VersionKey {
  rid: string
  version: string
}

/**
 * The text of versions that searches served lately. PostgreSQL takes as long to print a page of JSONB as to find it;
 * since a version never changes, what was printed once can be served again, and which version is current is asked of
 * the database every time. Never for versions that are not committed yet: their number may come to mean another content.
 */
export class Contents {
  /** In order of use, the longest ago first; of each resource the version that was asked for last. */
  private readonly recent = new Map<string, { version: string; text: string }>()
  private size = 0

  /** @param limit  characters that are kept at most; each is a byte or two */
  constructor(private readonly limit: number) {}

  /** In the order of the keys. */
  async of(session: Session, tenant: number, keys: readonly VersionKey[]): Promise<string[]> {
    const texts: string[] = new Array(keys.length)
    const missing: number[] = []
    keys.forEach(({ rid, version }, i) => {
      const known = this.recent.get(rid)
      if (known?.version !== version) {
        missing.push(i)
        return
      }
      texts[i] = known.text
      this.recent.delete(rid)
      this.recent.set(rid, known)
    })
    if (missing.length === 0) return texts
    const rows = await session.quick<{ i: number; text: string }>(sql`
      select k.i::int as i, ${contentText} as text
      from unnest(${bigints(missing.map((i) => BigInt(keys[i]!.rid)))}::bigint[], ${`{${missing.map((i) => keys[i]!.version)}}`}::integer[])
        with ordinality k(rid, version, i)
      join version v on v.tenant = ${tenant} and v.rid = k.rid and v.version = k.version`)
    for (const { i, text } of rows) {
      const at = missing[i - 1]!
      texts[at] = text
      this.keep(keys[at]!, text)
    }
    return texts
  }

  private keep({ rid, version }: VersionKey, text: string) {
    const before = this.recent.get(rid)
    if (before) {
      this.size -= before.text.length
      this.recent.delete(rid)
    }
    // A few giants would push out everything else.
    if (text.length > this.limit / 100) return
    this.recent.set(rid, { version, text })
    this.size += text.length
    for (const [oldest, { text: old }] of this.recent) {
      if (this.size <= this.limit) break
      this.recent.delete(oldest)
      this.size -= old.length
    }
  }
}

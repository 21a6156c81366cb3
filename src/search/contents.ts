import type { Part } from '../base/spliced.js'
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
  /** What was asked for lately, by row: of each the version that was asked for last. */
  private recent = new Map<string, Kept>()
  /**
   * … and before that; what is not asked for until `recent` is full is forgotten. Not one map in order of use: one
   * that loses its first key at each new one spends its time on the gaps at its front.
   */
  private earlier = new Map<string, Kept>()
  /** characters or bytes in `recent` */
  private size = 0

  /** @param limit  characters or bytes that are kept at most */
  constructor(private readonly limit: number) {}

  /** In the order of the keys. */
  async of(session: Session, tenant: number, keys: readonly VersionKey[]): Promise<Part[]> {
    const texts: Part[] = new Array(keys.length)
    const missing: number[] = []
    keys.forEach((key, i) => {
      const known = this.known(key)
      if (known === undefined) missing.push(i)
      else texts[i] = known
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
      const { rid, version } = keys[at]!
      // A few giants would push out everything else.
      if (text.length <= this.limit / 100) this.keep(rid, { version, text })
    }
    return texts
  }

  private known({ rid, version }: VersionKey): Part | undefined {
    let kept = this.recent.get(rid)
    if (!kept) {
      kept = this.earlier.get(rid)
      if (kept?.version === version) this.keep(rid, kept)
    }
    if (kept?.version !== version) return undefined
    // Asked for again: worth encoding for once and for all.
    if (typeof kept.text === 'string') kept.text = encoded(kept.text)
    return kept.text
  }

  private keep(rid: string, kept: Kept): void {
    this.size += kept.text.length - (this.recent.get(rid)?.text.length ?? 0)
    this.recent.set(rid, kept)
    if (this.size <= this.limit / 2) return
    this.earlier = this.recent
    this.recent = new Map()
    this.size = 0
  }
}

interface Kept {
  version: string
  text: Part
}

/** Not from Node's pool, where a few bytes that are kept would keep all of their neighbours. */
function encoded(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}

import type { Database } from '../db/database.js'
import { bigints, sql } from '../db/sql.js'
import { isCounted } from './hash.js'
import { emptyPendingLists } from './pending.js'

/** Seconds for which an estimate is good enough to choose a plan by. */
const FRESH_MS = 10_000
const MOST = 50_000

/** Kept counts: of every type, and of every token whose values recur (an odd hash). */
export class Totals {
  private estimates = new Map<bigint, { n: number; until: number }>()
  private folding: Promise<void> | undefined
  private timer: NodeJS.Timeout | undefined
  /** Something may lie in the pending lists: at the start, what those before us have left. */
  private pending = true

  constructor(private readonly db: Database) {}

  /** How many resources have this token, exactly: what is folded plus what is not yet. */
  async exact(tenant: number, hash: bigint): Promise<number> {
    const [row] = await this.db.quick<{ n: string }>(sql`
      select (coalesce((select t.n from total t where t.tenant = ${tenant} and t.hash = ${hash}), 0)
        + coalesce((select sum(u.n) from total_delta d, unnest(d.hashes, d.ns) as u(hash, n)
            where d.tenant = ${tenant} and d.hashes @> array[${hash}::bigint] and u.hash = ${hash}), 0))::text as n`)
    const n = Number(row!.n)
    this.remember(hash, n)
    return n
  }

  /** As `exact`, perhaps some seconds old. */
  async estimate(tenant: number, hash: bigint): Promise<number> {
    const known = this.estimates.get(hash)
    return known && known.until > Date.now() ? known.n : this.exact(tenant, hash)
  }

  /** Of many tokens whose totals are kept those that some resource has; of the others all. */
  async among(tenant: number, hashes: readonly bigint[]): Promise<bigint[]> {
    const kept = bigints(hashes.filter(isCounted))
    const rows = await this.db.query<{ hash: bigint; n: string }>(sql`
      select h.hash, sum(h.n)::text as n from (
        select t.hash, t.n from total t where t.tenant = ${tenant} and t.hash = any(${kept}::bigint[])
        union all
        select u.hash, u.n from total_delta d, unnest(d.hashes, d.ns) as u(hash, n)
        where d.tenant = ${tenant} and d.hashes && ${kept}::bigint[] and (u.hash in (select unnest(${kept}::bigint[]))) is true) h
      group by h.hash having sum(h.n) > 0`)
    for (const { hash, n } of rows) this.remember(hash, Number(n))
    return [...hashes.filter((hash) => !isCounted(hash)), ...rows.map(({ hash }) => hash)]
  }

  private remember(hash: bigint, n: number) {
    if (this.estimates.size >= MOST) this.estimates = new Map()
    this.estimates.set(hash, { n, until: Date.now() + FRESH_MS })
  }

  /** Folds the changes of finished transactions into totals and indexes now and then, as long as there are any. */
  start(everyMs = 500) {
    this.timer = setInterval(() => {
      this.folding ??= this.fold().finally(() => {
        this.folding = undefined
      })
    }, everyMs)
    this.timer.unref()
  }

  async stop() {
    clearInterval(this.timer)
    await this.folding
  }

  private async fold(): Promise<void> {
    try {
      for (;;) {
        // Several nodes may fold at once: each takes other rows, and all go through the totals in one order.
        const [row] = await this.db.query<{ taken: number }>(sql`
          with gone as (
            delete from total_delta where ctid = any(array(select ctid from total_delta limit 500 for update skip locked))
            returning tenant, hashes, ns),
          sums as (
            select g.tenant, u.hash, sum(u.n) as n from gone g, unnest(g.hashes, g.ns) as u(hash, n) group by 1, 2 having sum(u.n) <> 0),
          folded as (
            insert into total as t (tenant, hash, n) select tenant, hash, n from sums order by tenant, hash
            on conflict (tenant, hash) do update set n = t.n + excluded.n)
          select count(*)::int as taken from gone`)
        this.pending ||= row!.taken > 0
        if (row!.taken < 500) break
      }
      if (this.pending) await emptyPendingLists(this.db)
      this.pending = false
    } catch {
      // The database is away or stops: what is not folded is still counted, the next round takes it.
    }
  }
}

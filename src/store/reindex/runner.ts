import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Database, Transaction } from '../../db/database.js'
import { bigints, sql } from '../../db/sql.js'
import { typeName } from '../../fhir/type-codes.js'
import { typesOf } from '../../search/parameters.js'
import type { Registries } from '../../search/registries.js'
import { epochLock } from '../../search/tenant-parameters.js'
import { slice } from './slice.js'

export interface ReindexSettings {
  /** rows of one transaction */
  size: number
  /** milliseconds between two of them */
  pause: number
}

interface Open {
  tenant: number
  id: string
  epoch: number
  before: string | null
}

/** How often each process looks for work. */
const LOOK_MS = 500
/** A process that has not been heard of for so long has died: another one goes on. */
const LEASE_SECONDS = 15
/** Rows that do not add up are gone through again so often in all. */
const MOST_PASSES = 3
/** Failures in a row after which a job is given up. */
const MOST_FAILURES = 5
/** Sqlstate of a lock that was not had in time. */
const LOCK_TIMEOUT = '55P03'

/**
 * Works off reindex jobs, one at a time for each tenant, by one of all processes at a time. How far a job is stands in
 * the database with every transaction of it: whoever takes it over goes on from there.
 */
export class Reindexer {
  /** Of this process and life. */
  private readonly name = randomUUID()
  private timer: NodeJS.Timeout | undefined
  private running: Promise<void> | undefined
  private stopping = false
  private failures = 0

  constructor(
    private readonly db: Database,
    private readonly registries: Registries,
    private readonly settings: ReindexSettings,
    private readonly log: Logger,
  ) {}

  start() {
    this.look()
    this.timer = setInterval(() => this.look(), LOOK_MS)
    this.timer.unref()
  }

  /** What is under way ends with its transaction, and is there for others at once. */
  async stop() {
    this.stopping = true
    clearInterval(this.timer)
    await this.running
  }

  private look() {
    this.running ??= this.run().finally(() => {
      this.running = undefined
    })
  }

  private async run(): Promise<void> {
    let job: Open | undefined
    try {
      for (job = await this.next(); job && !this.stopping; job = await this.next()) {
        await this.work(job)
        this.failures = 0
      }
    } catch (cause) {
      // The database may be away for a moment: the next look goes on with it.
      const { code, message } = cause as { code?: string; message: string }
      if (!job) return
      this.log.warn({ job: job.id, reason: code ?? message }, 'reindex interrupted')
      if (++this.failures >= MOST_FAILURES) await this.giveUp(job)
    }
  }

  /** The oldest job that no other process is at. */
  private async next(): Promise<Open | undefined> {
    const [job] = await this.db.query<Open>(sql`
      select j.tenant, j.id, j.epoch, j.before from reindex_job j
      where j.status in ('queued', 'in-progress') and (j.lease is null or j.lease < now() or j.runner = ${this.name})
        and not exists (select from reindex_job o where o.tenant = j.tenant and o.status in ('queued', 'in-progress')
          and (o.created, o.id) < (j.created, j.id))
      order by j.created limit 1`)
    return job
  }

  private async work(job: Open): Promise<void> {
    const before = job.before ?? (await this.begin(job))
    if (before === undefined) return
    for (;;) {
      const [left] = await this.db.query<{ type: number; until: bigint | null }>(sql`
        select p.type, p.until from reindex_progress p where p.tenant = ${job.tenant} and p.job = ${job.id} and not p.finished
        order by p.type limit 1`)
      if (!left) break
      const until = left.until ?? (await this.open(job, left.type))
      if (!(await this.walk(job, left.type, until, before))) return this.release(job)
      if (!(await this.adds(job, left.type, until, before))) return
    }
    await this.complete(job)
  }

  /** Waits for the writes that did not know yet what is to be indexed: from then on nothing new has to be looked at. */
  private async begin(job: Open): Promise<string | undefined> {
    const { tenant, id, epoch } = job
    for (let first = 0; first < epoch; ) {
      if (this.stopping || (await this.db.transaction((one) => this.claim(one, job))) === undefined) return undefined
      const locks = Array.from({ length: Math.min(100, epoch - first) }, (_, i) => epochLock(tenant, first + i))
      if (await this.waited(locks)) first += 100
    }
    const [row] = await this.db.query<{ before: string }>(sql`
      update reindex_job set before = clock_timestamp() where tenant = ${tenant} and id = ${id} returning before`)
    // A type without a row has nothing to be looked at; what comes now is indexed as it comes.
    await this.db.query(sql`
      update reindex_progress p set finished = true where p.tenant = ${tenant} and p.job = ${id}
        and not exists (select from resource r where r.tenant = p.tenant and r.type = p.type)`)
    return row?.before
  }

  /** @returns false when a write is still under way: the lease must be renewed before waiting on */
  private async waited(locks: readonly bigint[]): Promise<boolean> {
    try {
      await this.db.transaction(async (transaction) => {
        await transaction.query(sql`select set_config('lock_timeout', '5000', true)`)
        await transaction.query(sql`select pg_advisory_xact_lock(n) from unnest(${bigints(locks)}::bigint[]) n`)
      })
      return true
    } catch (cause) {
      if ((cause as { code?: string }).code !== LOCK_TIMEOUT) throw cause
      return false
    }
  }

  /** Fixes the last row of a type that is to be looked at. */
  private async open({ tenant, id }: Open, type: number): Promise<bigint> {
    const [row] = await this.db.query<{ until: bigint }>(sql`
      update reindex_progress p set until = coalesce(
        (select max(r.rid) from resource r where r.tenant = ${tenant} and r.type = ${type}), p.position)
      where p.tenant = ${tenant} and p.job = ${id} and p.type = ${type} returning until`)
    return row!.until
  }

  /** @returns false when the job is to be left: we stop, it was cancelled, or another process has it */
  private async walk(job: Open, type: number, until: bigint, before: string): Promise<boolean> {
    const { size, pause } = this.settings
    for (let more = true; more; ) {
      if (this.stopping) return false
      const done = await this.db.transaction(async (transaction) => {
        const position = await this.claim(transaction, job, type)
        if (position === undefined) return undefined
        const place = { tenant: job.tenant, job: job.id, type, position, until, before }
        return { more: await slice(transaction, { db: this.db, registries: this.registries }, place, size) }
      })
      if (!done) return false
      more = done.more
      if (more) await sleep(pause)
    }
    return true
  }

  /**
   * Whether all rows that were last written before the job began have been looked at. They can only become fewer:
   * when there are more of them than were counted on the way, some were missed, and the type is gone through again.
   */
  private async adds({ tenant, id }: Open, type: number, until: bigint, before: string): Promise<boolean> {
    return this.db.transaction(async (transaction) => {
      // Counting by the index takes a second for some million rows.
      await transaction.query(sql`select set_config('statement_timeout', '600000', true)`)
      const [row] = await transaction.query<{ missing: bigint; pass: number }>(sql`
        select count(*) - min(p.older) as missing, min(p.pass) as pass
        from reindex_progress p left join resource r on r.tenant = p.tenant and r.type = p.type
          and r.at < ${before}::timestamptz and r.rid <= ${until}
        where p.tenant = ${tenant} and p.job = ${id} and p.type = ${type} and r.rid is not null`)
      const missing = row?.missing ?? 0n
      const again = missing > 0n && row!.pass < MOST_PASSES
      if (again)
        this.log.warn({ job: id, type: typeName(type), missing: String(missing) }, 'reindex goes over a type again')
      await transaction.query(sql`
        update reindex_progress p set finished = ${missing <= 0n}, pass = p.pass + ${again ? 1 : 0}::int,
          position = case when ${again} then -9223372036854775808 else p.position end,
          done = case when ${again} then 0 else p.done end, older = case when ${again} then 0 else p.older end,
          until = case when ${again} then null else p.until end
        where p.tenant = ${tenant} and p.job = ${id} and p.type = ${type}`)
      if (missing <= 0n || again) return true
      const note = `${missing} ${typeName(type)} resources could not be accounted for after ${MOST_PASSES} passes`
      await transaction.query(sql`
        update reindex_job set status = 'failed', ended = now(), note = ${note}, lease = null
        where tenant = ${tenant} and id = ${id} and status = 'in-progress'`)
      return false
    })
  }

  /** All parameters that the job's types have, and that were declared before it was asked for, can be searched by. */
  private async complete(job: Open): Promise<void> {
    const { tenant, id, epoch } = job
    await this.db.transaction(async (transaction) => {
      await transaction.query(sql`select from search_registry g where g.tenant = ${tenant} for update`)
      if ((await this.claim(transaction, job)) === undefined) return
      const types = await transaction.query<{ type: number }>(
        sql`select p.type from reindex_progress p where p.tenant = ${tenant} and p.job = ${id}`,
      )
      const covered = new Set(types.map(({ type }) => typeName(type)))
      const waiting = await transaction.query<{ id: string; base: string[] }>(sql`
        select p.id, p.definition -> 'base' as base from search_parameter p
        where p.tenant = ${tenant} and not p.indexed and p.epoch <= ${epoch}`)
      const indexed = waiting.filter(({ base }) => typesOf(base).every((type) => covered.has(type)))
      if (indexed.length) {
        await transaction.query(sql`
          update search_parameter set indexed = true where tenant = ${tenant} and id = any(${indexed.map((one) => one.id)}::text[])`)
        await transaction.query(sql`update search_registry set revision = revision + 1 where tenant = ${tenant}`)
      }
      await transaction.query(sql`
        update reindex_job j set status = 'completed', ended = now(), lease = null,
          note = case when exists (select from search_parameter p where p.tenant = j.tenant and p.id = j.parameter and not p.indexed)
            then 'The SearchParameter was changed meanwhile: run $reindex again' end
        where j.tenant = ${tenant} and j.id = ${id}`)
    })
    this.registries.forget(tenant)
  }

  /**
   * Makes the job this process's own for the time of a lease; what it locks keeps others out until the commit.
   * @returns where the walk of the type stands; undefined when the job has ended or is another process's
   */
  private async claim(transaction: Transaction, { tenant, id }: Open, type = 0): Promise<bigint | undefined> {
    const [row] = await transaction.query<{ position: bigint }>(sql`
      update reindex_job j set status = 'in-progress', started = coalesce(j.started, now()), runner = ${this.name},
        lease = now() + make_interval(secs => ${LEASE_SECONDS})
      where j.tenant = ${tenant} and j.id = ${id} and j.status in ('queued', 'in-progress')
        and (j.lease is null or j.lease < now() or j.runner = ${this.name})
      returning coalesce((select p.position from reindex_progress p
        where p.tenant = j.tenant and p.job = j.id and p.type = ${type}), 0) as position`)
    return row?.position
  }

  private async release({ tenant, id }: Open): Promise<void> {
    await this.db.query(
      sql`update reindex_job set lease = null where tenant = ${tenant} and id = ${id} and runner = ${this.name}`,
    )
  }

  private async giveUp({ tenant, id }: Open): Promise<void> {
    this.failures = 0
    const note = `It failed ${MOST_FAILURES} times in a row; the log of the server says why. What was done stays done`
    await this.db
      .query(
        sql`update reindex_job set status = 'failed', ended = now(), note = ${note}, lease = null
          where tenant = ${tenant} and id = ${id} and status in ('queued', 'in-progress')`,
      )
      .catch(() => undefined)
  }
}

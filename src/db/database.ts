import { createHash } from 'node:crypto'
import pg from 'pg'
import type { Logger } from 'pino'
import { Unavailable } from '../base/errors.js'
import type { CopyRows } from './copy.js'
import { CopyMany } from './copy.js'
import { explained, type PlanNode } from './explain.js'
import { Pipeline } from './pipeline.js'
import type { Sql } from './sql.js'
import { inOneWrite } from './wire.js'

/** What the pool may use; seconds and milliseconds as their names say. */
export interface DatabaseOptions {
  connection: string | pg.ClientConfig
  poolMin: number
  poolMax: number
  poolAcquireMs: number
  sessionMaxSeconds: number
  statementTimeoutMs: number
  slowQueryMs: number
  log: Logger
}

type Row = pg.QueryResultRow

/** Where statements run: the pool (each its own transaction) or one session inside a transaction. */
export interface Session {
  /** In the pool a statement whose session is lost runs again, so it reads, or leaves no more the second time. */
  query<R extends Row>(statement: Sql, signal?: AbortSignal): Promise<R[]>
  /** As `query`, for what an index answers in a millisecond or so. */
  quick<R extends Row>(statement: Sql): Promise<R[]>
}

/** int8 as bigint: hashes and keys use all 64 bits. timestamptz stays text: it goes back as it came. */
const parsers: Record<number, (text: string) => unknown> = { 20: BigInt, 1184: (text) => text, 1114: (text) => text }
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    parsers[oid] ?? pg.types.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser'],
}

/** What `search_registry_fence` refuses a write with whose process does not know the current search parameters. */
export const REGISTRY_MOVED = 'IN001'
/** Sqlstates after which the same transaction may simply be tried again. */
const RETRYABLE = new Set(['40001', '40P01', REGISTRY_MOVED])
/** Sessions ended by an administrator or a crash, and what Node and pg say of a connection that is gone. */
const LOST = new Set(['57P01', '57P02', 'ECONNRESET', 'EPIPE'])
const LOST_MESSAGE = /^Connection terminated|^Client has encountered a connection error/
/** Two creates of the same id at once: the second, tried again, finds the first. */
const SAME_ID = 'resource_tenant_key_key'
const RETRIES = 3

/** Sessions of those that the pool may have which serve short statements one behind the other. */
const PIPELINED = 3

export class Database implements Session {
  readonly pool: pg.Pool
  private readonly pipeline: Pipeline
  private readonly names = new Map<string, string>()

  constructor(private readonly options: DatabaseOptions) {
    const { connection } = options
    const session: pg.ClientConfig = {
      ...(typeof connection === 'string' ? { connectionString: connection } : connection),
      connectionTimeoutMillis: options.poolAcquireMs,
      application_name: 'ingle',
      keepAlive: true,
      types,
      // Statements are written so that one plan is right for every value: planning them anew each time is waste.
      // A sequential scan is never the plan that was meant.
      options: `-c statement_timeout=${options.statementTimeoutMs} -c plan_cache_mode=force_generic_plan -c jit=off -c timezone=UTC -c enable_seqscan=off`,
    }
    this.pipeline = new Pipeline(session, Math.max(Math.min(PIPELINED, options.poolMax - 1), 1))
    this.pool = new pg.Pool({
      ...session,
      // What a transaction need not wait for goes out behind one another.
      pipeline: true,
      min: Math.min(options.poolMin, Math.max(options.poolMax - PIPELINED, 1)),
      max: Math.max(options.poolMax - PIPELINED, 1),
      maxLifetimeSeconds: options.sessionMaxSeconds,
      idleTimeoutMillis: 60_000,
    })
    // A session in use that dies fails the statement it runs; without a listener the event would end the process.
    this.pool.on('connect', (client) => client.on('error', () => undefined))
    this.pool.on('error', (cause) =>
      options.log.warn({ code: (cause as { code?: string }).code }, 'idle database session lost'),
    )
  }

  query<R extends Row>(statement: Sql, signal?: AbortSignal): Promise<R[]> {
    return again(isLost, () => this.withClient((client) => this.run<R>(client, statement, signal)))
  }

  async quick<R extends Row>(statement: Sql): Promise<R[]> {
    const { text, values } = statement.build()
    const started = performance.now()
    try {
      return await again(mayRunAgain, () => this.pipeline.query<R>({ name: this.nameOf(text), text, values }))
    } finally {
      this.noteSlow(text, started)
    }
  }

  /**
   * Runs `work` in one transaction; a serialization failure or deadlock runs all of it again, up to three times.
   * @throws what `work` throws, after the rollback
   */
  transaction<T>(work: (session: Transaction) => Promise<T>): Promise<T> {
    return again(isRetryable, (attempt) =>
      this.withClient(async (client) => {
        const session = new Transaction(client, this, attempt)
        try {
          const result = await work(session)
          await session.commit()
          return result
        } catch (cause) {
          await session.rollback()
          throw cause
        }
      }),
    )
  }

  /**
   * The rows of a SELECT batch by batch, in a transaction that reads one state of the data: no more than a batch is
   * held, here or there. Who stops early ends the statement, and the session is free again; who takes no more for as
   * long as a statement may run loses it.
   *
   * @param batch  rows at a time
   */
  async *batches<R extends Row>(statement: Sql, batch: number, signal?: AbortSignal): AsyncGenerator<R[]> {
    const client = await this.acquire()
    let broken = false
    try {
      const { text, values } = statement.build()
      // Every row is met once: to remember what was made of it costs more than it saves.
      await client.query(
        `begin read only; set local enable_memoize = off;
        set local idle_in_transaction_session_timeout = ${this.options.statementTimeoutMs}`,
      )
      await this.send(client, { text: `declare batches no scroll cursor for ${text}`, values }, signal)
      for (;;) {
        const { rows } = await this.send<R>(client, { text: `fetch ${batch} from batches` }, signal)
        if (rows.length > 0) yield rows
        if (rows.length < batch) return
      }
    } finally {
      await client.query('rollback').catch(() => {
        broken = true
      })
      client.release(broken)
    }
  }

  /** Runs a statement to tell how the database answers it; none of its values is told. */
  explain(statement: Sql, signal?: AbortSignal): Promise<PlanNode> {
    return this.withClient((client) => explained((text) => this.send(client, { text }, signal, 'explain'), statement))
  }

  get gauges() {
    return {
      total: this.pool.totalCount + this.pipeline.size,
      idle: this.pool.idleCount,
      waiting: this.pool.waitingCount,
    }
  }

  async close() {
    await Promise.all([this.pool.end(), this.pipeline.close()])
  }

  async run<R extends Row>(client: pg.PoolClient, statement: Sql, signal?: AbortSignal): Promise<R[]> {
    const { text, values } = statement.build()
    const { rows } = await this.send<R>(client, { name: this.nameOf(text), text, values }, signal)
    return rows
  }

  private async send<R extends Row>(
    client: pg.PoolClient,
    query: pg.QueryConfig,
    signal?: AbortSignal,
    logged = query.text,
  ): Promise<pg.QueryResult<R>> {
    const started = performance.now()
    signal?.throwIfAborted()
    let cancelled: Promise<unknown> | undefined
    const cancel =
      signal &&
      (() => {
        cancelled = this.cancel(client)
      })
    if (cancel) signal.addEventListener('abort', cancel, { once: true })
    try {
      return await client.query<R>(query)
    } finally {
      if (cancel) signal.removeEventListener('abort', cancel)
      // Whoever has the session next must not be hit.
      await cancelled
      this.noteSlow(logged, started)
    }
  }

  private noteSlow(text: string, started: number) {
    const ms = performance.now() - started
    if (ms > this.options.slowQueryMs)
      this.options.log.warn({ ms: Math.round(ms), statement: statementHash(text), sql: text }, 'slow statement')
  }

  private async withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.acquire()
    let failure: unknown
    try {
      return await work(client)
    } catch (cause) {
      failure = cause
      throw cause
    } finally {
      // A session whose connection broke goes; one that only refused a statement stays.
      const refused = (failure as { severity?: string } | undefined)?.severity !== undefined || isOurs(failure)
      client.release(failure !== undefined && (!refused || isLost(failure)))
    }
  }

  private async acquire(): Promise<pg.PoolClient> {
    try {
      return await this.pool.connect()
    } catch (cause) {
      throw new Unavailable('The database cannot be reached or all its sessions are busy; try again', {
        cause,
        retryAfter: 1,
      })
    }
  }

  /** The client hung up or ran out of time: what it asked for need not go on. Not by the pool, which it may block. */
  private cancel(client: pg.PoolClient): Promise<unknown> {
    const { processID } = client as unknown as { processID: number }
    return this.pipeline.query({ text: 'select pg_cancel_backend($1)', values: [processID] }).catch(() => undefined)
  }

  /** Prepared statements are per text; shapes are few, but a bound keeps a hostile client from filling the sessions. */
  private nameOf(text: string): string | undefined {
    let name = this.names.get(text)
    if (!name && this.names.size < 2000) {
      name = statementHash(text)
      this.names.set(text, name)
    }
    return name
  }
}

/** Names a statement in the log and in the session. It is written so that one plan can answer it: it names that, too. */
export const statementHash = (text: string): string => createHash('sha1').update(text).digest('base64url')

/** Does `work` again, a moment later, when it fails in a way that may pass; four times in all. */
async function again<T>(mayPass: (cause: unknown) => boolean, work: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (cause) {
      if (attempt > RETRIES || !mayPass(cause)) throw cause
      await new Promise((resolve) => setTimeout(resolve, attempt * 10 * (1 + Math.random())))
    }
  }
}

/** The session ended under the statement, which may have been done or not. */
function isLost(cause: unknown) {
  const { code, message } = cause as { code?: string; message: string }
  return LOST.has(code ?? '') || (code === undefined && LOST_MESSAGE.test(message))
}

/** … or it did not run, as the one before it in the pipeline that was to prepare it was ended. */
function mayRunAgain(cause: unknown) {
  return isLost(cause) || (cause as { code?: string }).code === '26000'
}

function isRetryable(cause: unknown) {
  const { code, constraint } = cause as { code?: string; constraint?: string }
  return RETRYABLE.has(code ?? '') || constraint === SAME_ID
}

const isOurs = (cause: unknown) => cause instanceof Error && 'issues' in cause

export class Transaction implements Session {
  private state: 'new' | 'open' | 'closed' = 'new'

  constructor(
    private readonly client: pg.PoolClient,
    private readonly database: Database,
    /** 1, 2 …: it was tried before, in vain */
    readonly attempt: number,
  ) {}

  async query<R extends Row>(statement: Sql, signal?: AbortSignal): Promise<R[]> {
    const [rows] = await this.send(() => [this.database.run<R>(this.client, statement, signal)])
    return rows!
  }

  quick<R extends Row>(statement: Sql): Promise<R[]> {
    return this.query<R>(statement)
  }

  /**
   * All rows of all tables in one round trip.
   * @param around  what goes with the rows, before and behind them
   */
  async copy(tables: readonly CopyRows[], around: Around = {}): Promise<void> {
    await this.send(() => this.rows(tables, around))
  }

  /** The last rows and the commit in one round trip. Nothing may follow. */
  async copyAndCommit(tables: readonly CopyRows[], around: Around = {}): Promise<void> {
    // What is alone in its message is a transaction by itself.
    const alone = this.state === 'new' && !around.statements?.length
    if (alone && tables.every((table) => table.rows === 0)) return
    if (alone) await Promise.all(this.rows(tables, around))
    else await this.send(() => this.rows(tables, around, true))
    this.state = 'closed'
  }

  async commit() {
    if (this.state === 'open') await this.client.query('commit')
    this.state = 'closed'
  }

  async rollback() {
    if (this.state === 'open') await this.client.query('rollback').catch(() => undefined)
    this.state = 'closed'
  }

  /**
   * Statements one behind the other, the first of the transaction behind BEGIN, without waiting for answers: when one
   * fails, PostgreSQL refuses all that follow, a commit too.
   */
  private async send<T>(statements: () => Promise<T>[]): Promise<T[]> {
    const begins = this.state === 'new'
    this.state = 'open'
    const [, ...answers] = await inOneWrite(this.client, () =>
      Promise.all([begins && this.client.query('begin'), ...statements()] as const),
    )
    return answers
  }

  private rows(
    tables: readonly CopyRows[],
    { statements = [], before, behind }: Around,
    commit = false,
  ): Promise<unknown>[] {
    const after = [behind, commit && 'commit'].filter(Boolean).join(';')
    const many = new CopyMany(tables, { before, after })
    const answers = statements.map((statement) => this.database.run(this.client, statement))
    this.client.query(many)
    return [...answers, many.done]
  }
}

/** What is sent with the rows of a COPY, in the same round trip. */
interface Around {
  statements?: readonly Sql[]
  /** statements of our own making, without values from outside: before the rows, and behind them */
  before?: string
  behind?: string
}

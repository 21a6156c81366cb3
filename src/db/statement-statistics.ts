import { Unprocessable } from '../base/errors.js'
import type { Session } from './database.js'
import { raw, sql } from './sql.js'

/** What one statement has cost since the statistics began; the statement shows `$1` where its values were. */
export interface StatementStatistics {
  /** PostgreSQL's own name of it, which its log and `pg_stat_activity` have, too. */
  query: string
  sql: string
  calls: number
  rows: number
  totalMs: number
  meanMs: number
  maxMs: number
  /** Pages of 8 kB that were found in memory, and that were not. */
  hit: number
  read: number
}

/** What statements can be ordered by, dearest first. */
const orders = { total: 'total_exec_time', mean: 'mean_exec_time', max: 'max_exec_time', calls: 'calls' } as const

export type StatementOrder = keyof typeof orders
export const statementOrders = Object.keys(orders) as StatementOrder[]

const UNDEFINED_TABLE = '42P01'
const NOT_LOADED = '55000'

/**
 * The dearest statements of this database, of all processes that use it.
 * @throws Unprocessable  the database does not count them (422); the embedded one does
 * @see https://www.postgresql.org/docs/current/pgstatstatements.html
 */
export async function statementStatistics(
  session: Session,
  order: StatementOrder,
  count: number,
): Promise<StatementStatistics[]> {
  // Only what the server itself sends: texts of other kinds may hold values.
  const statement = sql`select s.queryid::text as query, s.query as sql, s.calls::float8 as calls, s.rows::float8 as rows,
      s.total_exec_time as "totalMs", s.mean_exec_time as "meanMs", s.max_exec_time as "maxMs",
      s.shared_blks_hit::float8 as hit, s.shared_blks_read::float8 as read
    from pg_stat_statements s
    where s.dbid = (select d.oid from pg_database d where d.datname = current_database())
      and s.query ~* '^\\s*(select|insert|update|delete|merge|with)\\M'
    order by s.${raw(orders[order])} desc limit ${count}`
  try {
    return await session.query<StatementStatistics>(statement)
  } catch (cause) {
    const { code } = cause as { code?: string }
    if (code !== UNDEFINED_TABLE && code !== NOT_LOADED) throw cause
    throw new Unprocessable(
      'The database does not count its statements: it needs shared_preload_libraries = pg_stat_statements in its settings, and `create extension pg_stat_statements` in this database',
      { cause },
    )
  }
}

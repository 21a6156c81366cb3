import type { Session } from './database.js'
import { type Sql, sql } from './sql.js'

/** About how many rows a SELECT has, by what the database keeps of its values; it is not run. */
export async function rowsExpected(session: Session, statement: Sql): Promise<number> {
  const [row] = await session.quick<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>(
    sql`explain (format json) ${statement}`,
  )
  return row!['QUERY PLAN'][0].Plan['Plan Rows']
}

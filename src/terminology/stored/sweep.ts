import type { Database } from '../../db/database.js'
import { join, raw, sql } from '../../db/sql.js'

/** Key of the advisory locks by which others see that a load still runs. */
export const LOADING = 7_460_001

/** Takes a code system away: nobody finds it any more; its tables go with a later sweep. */
export async function retire(database: Database, tenant: number, id: number): Promise<void> {
  await database.query(sql`
    update code_system set status = 'old', at = now() where tenant = ${tenant} and id = ${id} and status = 'whole'`)
}

/** Drops what was replaced or removed so long ago that nobody reads it any more, and what a load that died has left. */
export async function sweep(database: Database): Promise<void> {
  const gone = await database.query<{ id: number }>(sql`
    select id from code_system
    where at < now() - interval '1 minute'
      and (status = 'old' or (status = 'loading' and pg_try_advisory_xact_lock(${LOADING}, id)))`)
  for (const { id } of gone) await drop(database, id)
}

/** Drops all that is of a code system. */
export async function drop(database: Database, id: number): Promise<void> {
  const tables = await database.query<{ name: string }>(sql`
    select p.oid::regclass::text as name
    from pg_class t join pg_class p on p.relname = t.relname || ${`_${id}`} and p.relnamespace = t.relnamespace
    where t.relkind = 'p' and p.relkind = 'r' and pg_table_is_visible(t.oid)`)
  if (tables.length)
    await database.query(
      sql`drop table ${join(
        tables.map(({ name }) => raw(name)),
        ', ',
      )}`,
    )
  await database.query(sql`delete from code_system where id = ${id}`)
}

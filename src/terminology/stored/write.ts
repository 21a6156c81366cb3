import type { Database } from '../../db/database.js'
import { raw, sql } from '../../db/sql.js'
import type { Draft } from './draft.js'
import type { Hierarchy } from './hierarchy.js'
import type { Beside, Identity, Report } from './put.js'
import { putInto, writeConcepts } from './put-rows.js'
import { drop, LOADING, sweep } from './sweep.js'
import { parted, partition } from './tables.js'

/**
 * Writes the tables of a code system under a number of its own, gives them their indexes, and only then puts it in the
 * place of what was loaded with this url and version before. What fails leaves everything as it was.
 *
 * @returns the number of the code system
 * @throws Unprocessable  the draft's hierarchy is none
 */
export async function write(
  database: Database,
  draft: Draft,
  identity: Identity,
  report: Report,
  beside?: Beside,
): Promise<number> {
  await sweep(database)
  report(`${draft.size} concepts are numbered`)
  const numbers = draft.hierarchy()
  // The lock is held as long as we live; without a statement that writes, this transaction holds nobody up.
  return database.transaction(async (guard) => {
    const id = await begin(database, identity, draft, numbers)
    await guard.query(sql`select pg_advisory_xact_lock(${LOADING}, ${id})`)
    try {
      const tables = [...parted, ...(beside?.tables ?? [])]
      for (const table of tables)
        await database.query(raw(`create table ${partition(table, id)} (like ${table} including defaults)`))
      const put = putInto(database, id)
      await writeConcepts(put, draft, numbers, report)
      await beside?.write(put, numbers)
      report('Indexes are built')
      for (const table of tables) await attach(database, table, id)
      await database.query(raw(`analyze ${tables.map((table) => partition(table, id)).join(', ')}`))
      await publish(database, id, identity)
    } catch (cause) {
      await drop(database, id)
      throw cause
    }
    return id
  })
}

async function begin(
  database: Database,
  { tenant, kind, header, details }: Identity,
  { size, kept }: Draft,
  { arrival }: Hierarchy,
): Promise<number> {
  const weights = Buffer.alloc(2 * size)
  for (const [at, from] of arrival.entries()) weights.writeUInt16LE(kept[from]!.weight, 2 * at)
  const [row] = await database.query<{ id: number }>(sql`
    insert into code_system (tenant, kind, url, version, status, header, details, concepts, weights)
    values (${tenant}, ${kind}, ${header.url}, ${header.version}, 'loading', ${JSON.stringify(header)},
      ${JSON.stringify(details)}, ${size}, ${weights})
    returning id`)
  return row!.id
}

/** The partition becomes part of its table, and gets the indexes of that. */
function attach(database: Database, table: string, id: number): Promise<unknown> {
  return database.transaction(async (transaction) => {
    await transaction.query(raw(`set local maintenance_work_mem = '256MB'`))
    await transaction.query(raw('set local statement_timeout = 0'))
    await transaction.query(raw(`alter table ${table} attach partition ${partition(table, id)} for values in (${id})`))
  })
}

function publish(database: Database, id: number, { tenant, header }: Identity): Promise<unknown> {
  return database.transaction(async (transaction) => {
    await transaction.query(sql`
      update code_system set status = 'old', at = now()
      where status = 'whole' and tenant = ${tenant} and url = ${header.url} and version = ${header.version}`)
    await transaction.query(sql`update code_system set status = 'whole', at = now() where id = ${id}`)
  })
}

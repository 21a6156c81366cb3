import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrate, rollback } from '../../src/db/migrate.js'
import { type FreshDatabase, freshDatabase } from '../support/database.js'

let database: FreshDatabase
let client: pg.Client
beforeAll(async () => {
  database = await freshDatabase()
  client = new pg.Client(database.connection)
  await client.connect()
})
afterAll(async () => {
  await client?.end()
  await database.drop()
})

/** Tables, columns, indexes, views and sequences, but for those in which knex keeps its own account. */
async function schema(): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(`
    select format('%s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) as line
      from information_schema.columns where table_schema = 'public' and table_name not like 'migration%'
    union all select indexdef from pg_indexes where schemaname = 'public' and tablename not like 'migration%'
    union all select pg_get_viewdef(c.oid) from pg_class c where relkind = 'v' and relnamespace = 'public'::regnamespace
    union all select sequencename from pg_sequences where schemaname = 'public' and sequencename not like 'migration%'
    order by 1`)
  return rows.map(({ line }) => line)
}

it('goes forward, back to nothing, and forward to the same again', async () => {
  expect(await schema()).toEqual([])
  const names = await migrate(database.connection)
  expect(names).toEqual([...names].sort())
  expect(names[0]).toBe('0001_resource_store')
  const first = await schema()
  expect(first.length).toBeGreaterThan(50)
  expect(await migrate(database.connection)).toEqual([])

  expect((await rollback(database.connection, true)).sort()).toEqual(names)
  expect(await schema()).toEqual([])
  expect(await migrate(database.connection)).toEqual(names)
  expect(await schema()).toEqual(first)
})

it('is done once when several servers start together', async () => {
  await rollback(database.connection, true)
  const ran = await Promise.allSettled([migrate(database.connection), migrate(database.connection)])
  const done = ran.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  expect(new Set(done).size).toBe(done.length)
  expect(done).toContain('0001_resource_store')
})

import type { Knex } from 'knex'
import knexPackage from 'knex'
import type pg from 'pg'
import * as resourceStore from '../../migrations/0001_resource_store.js'
import * as searchRegistry from '../../migrations/0002_search_registry.js'
import * as vocabulary from '../../migrations/0003_vocabulary.js'
import * as asyncRequest from '../../migrations/0004_async_request.js'
import * as bulkExport from '../../migrations/0005_bulk_export.js'
import * as codeSystems from '../../migrations/0006_code_systems.js'
import * as snomed from '../../migrations/0007_snomed.js'
import * as definitions from '../../migrations/0008_definitions.js'
import * as referenceIntegrity from '../../migrations/0009_reference_integrity.js'
import * as closure from '../../migrations/0010_closure.js'

interface Migration {
  up(db: Knex): PromiseLike<unknown>
  down(db: Knex): PromiseLike<unknown>
  config?: { transaction: boolean }
}

/** In order; an applied one is never edited. */
const migrations: readonly [name: string, migration: Migration][] = [
  ['0001_resource_store', resourceStore],
  ['0002_search_registry', searchRegistry],
  ['0003_vocabulary', vocabulary],
  ['0004_async_request', asyncRequest],
  ['0005_bulk_export', bulkExport],
  ['0006_code_systems', codeSystems],
  ['0007_snomed', snomed],
  ['0008_definitions', definitions],
  ['0009_reference_integrity', referenceIntegrity],
  ['0010_closure', closure],
]

const source: Knex.MigrationSource<(typeof migrations)[number]> = {
  getMigrations: async () => [...migrations],
  getMigrationName: ([name]) => name,
  getMigration: async ([, migration]) => migration as Knex.Migration,
}

function withKnex<T>(connection: string | pg.ClientConfig, work: (db: Knex) => Promise<T>): Promise<T> {
  const db = knexPackage({
    client: 'pg',
    connection: connection as Knex.PgConnectionConfig,
    pool: { min: 0, max: 1 },
    migrations: { migrationSource: source, tableName: 'migration', disableMigrationsListValidation: false },
  })
  return work(db).finally(() => db.destroy())
}

/**
 * Brings the database to this release's schema. Several servers may start at once: knex holds a lock.
 *
 * @returns names of the migrations that ran now
 */
export function migrate(connection: string | pg.ClientConfig): Promise<string[]> {
  return withKnex(connection, async (db) => {
    const [, names] = await db.migrate.latest()
    return names as string[]
  })
}

/** Takes back the migrations of the last run, or all of them. */
export function rollback(connection: string | pg.ClientConfig, all = false): Promise<string[]> {
  return withKnex(connection, async (db) => {
    const [, names] = await db.migrate.rollback(undefined, all)
    return names as string[]
  })
}

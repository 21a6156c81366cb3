import type { Knex } from 'knex'

/**
 * How often a tenant's definitions (profiles, value sets and what else others name by a url) have changed: what a process
 * made of them holds as long as this number stays. docs/decisions/0019-definitions-in-layers.md
 */
export const up = (db: Knex) =>
  db.raw(`
  create table definition_revision (
    tenant integer primary key,
    revision bigint not null
  );
`)

export const down = (db: Knex) => db.raw('drop table definition_revision')

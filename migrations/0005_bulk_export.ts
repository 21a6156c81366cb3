import type { Knex } from 'knex'

/** Exports that were asked for, until they are no longer kept: what each is of, never what is in it. */
export const up = (db: Knex) =>
  db.raw(`
  create table bulk_export (
    tenant integer not null,
    id text collate "C" not null,
    subject text not null,              -- whose it is: nobody else learns of it
    asked json not null,                -- types, patients and the like, as src/bulk/kept.ts has it
    at timestamptz not null,            -- the instant whose state is exported
    began xid8 not null default pg_current_xact_id(), -- what was being written by then may have an earlier instant
    manifest text,                      -- once that has ended
    expires timestamptz not null,
    primary key (tenant, id)
  );
  create index bulk_export_expires on bulk_export (expires);
`)

export const down = (db: Knex) => db.raw('drop table bulk_export')

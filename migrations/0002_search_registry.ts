import type { Knex } from 'knex'

/**
 * Search parameters that tenants define, and the jobs that bring what is stored into the index.
 * docs/decisions/0010-custom-search-parameters.md
 */
export const up = (db: Knex) =>
  db.raw(`
  create table search_registry (
    tenant integer primary key,
    epoch integer not null,             -- rises when what a write indexes changes
    revision integer not null           -- rises when anything below changes
  );

  create table search_parameter (
    tenant integer not null,
    id text collate "C" not null,       -- of the SearchParameter
    definition json not null,           -- what of it the index goes by
    epoch integer not null,             -- writes since this epoch have indexed it
    indexed boolean not null,           -- and so has all that was stored before
    primary key (tenant, id)
  );

  -- Goes before the rows of every write, in their transaction: a process that does not know of a change yet must not
  -- write by what it knows. The lock is shared; a reindex waits for it, and so for the writes that came before.
  create function search_registry_fence(of_tenant integer, known integer, lock bigint) returns void language plpgsql as $$
  begin
    perform pg_advisory_xact_lock_shared(lock);
    if known <> coalesce((select g.epoch from search_registry g where g.tenant = of_tenant), 0) then
      raise exception 'the search registry has changed' using errcode = 'IN001';
    end if;
  end $$;

  create table reindex_job (
    tenant integer not null,
    id text collate "C" not null,
    epoch integer not null,             -- of the registry when it was asked for
    parameter text,                     -- id of the SearchParameter it is for; null: for all
    status text not null,               -- queued, in-progress, completed, failed, cancelled
    note text,                          -- why it failed, or what it could not do
    created timestamptz not null default now(),
    started timestamptz,
    ended timestamptz,
    before timestamptz,                 -- what was written later is in the index without it
    runner text,                        -- the process that is at it, until lease
    lease timestamptz,
    primary key (tenant, id)
  );
  create index reindex_job_open on reindex_job (created) where status in ('queued', 'in-progress');

  create table reindex_progress (
    tenant integer not null,
    job text collate "C" not null,
    type smallint not null,
    position bigint not null,           -- rid of the last row that was looked at
    until bigint,                       -- rid of the last one that is to be; null: not begun
    pass smallint not null default 1,
    total bigint not null default 0,    -- rows that there were at the beginning
    done bigint not null default 0,     -- rows looked at
    older bigint not null default 0,    -- of those: last written before reindex_job.before
    changed bigint not null default 0,  -- of those: had another index entry
    finished boolean not null default false,
    primary key (tenant, job, type)
  );
`)

export const down = (db: Knex) =>
  db.raw(`
  drop table reindex_progress, reindex_job;
  drop function search_registry_fence(integer, integer, bigint);
  drop table search_parameter, search_registry;
`)

import type { Knex } from 'knex'

/** Requests with `Prefer: respond-async`: what was asked, and what came of it until it is no longer kept. */
export const up = (db: Knex) =>
  db.raw(`
  create table async_request (
    tenant integer not null,
    id text collate "C" not null,
    subject text not null,              -- whose it is: nobody else learns of it
    request json not null,              -- without its body
    body text,                          -- until it is answered
    created timestamptz not null default now(),
    runner text,                        -- the process that is at it, until lease
    lease timestamptz not null default '-infinity',
    answer text,                        -- a Bundle of type batch-response
    expires timestamptz,                -- when the answer is forgotten
    primary key (tenant, id)
  );
  create index async_request_open on async_request (lease) where answer is null;
  create index async_request_expires on async_request (expires) where answer is not null;
`)

export const down = (db: Knex) => db.raw('drop table async_request')

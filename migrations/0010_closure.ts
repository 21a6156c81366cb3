import type { Knex } from 'knex'

/**
 * The tables of `$closure`, by the name that a client gave them: which concepts it uses, and which of them subsume which,
 * each with the version of the table that brought it, so that a client that lost count is told the rest again.
 */
export const up = (db: Knex) =>
  db.raw(`
  create table closure (
    tenant integer not null,
    name text not null,
    version integer not null default 0,
    primary key (tenant, name)
  );
  create table closure_concept (
    tenant integer not null,
    name text not null,
    system text not null,
    code text not null,
    primary key (tenant, name, system, code),
    foreign key (tenant, name) references closure on delete cascade
  );
  create table closure_relation (
    tenant integer not null,
    name text not null,
    version integer not null,
    system text not null,
    -- The narrower, and the wider that subsumes it.
    code text not null,
    subsumer text not null,
    primary key (tenant, name, version, system, code, subsumer),
    foreign key (tenant, name) references closure on delete cascade
  );
`)

export const down = (db: Knex) => db.raw('drop table closure_relation, closure_concept, closure')

import type { Knex } from 'knex'

/**
 * The store of resources and its search index. docs/decisions/0002-storage-layout.md has the measurements behind it.
 *
 * `resource`   one thin row per logical id: identity, current version, and what most searches ask
 * `version`    every version of everything, append-only, content as JSONB
 * `superseded` where the older versions are in time, for history; nothing is written here on create
 * `*_value`    only what needs order or prefix: strings, quantities and numbers, further dates
 * `total`      kept counts of tokens and types; `total_delta` what the transactions since the last fold added
 */
export const up = (db: Knex) =>
  db.raw(`
  create extension if not exists pg_trgm;

  -- Taken in blocks: rid is the order of first arrival, gaps do not matter.
  create sequence resource_rid as bigint increment by 1024;

  create table resource (
    tenant integer not null,
    type smallint not null,
    deleted boolean not null,
    narrow smallint not null,           -- bit 1: rows in string_value, 2: quantity_value, 4: date_value
    version integer not null,
    rid bigint not null,
    key bigint not null,                -- 64-bit hash of tenant, type and id; references hold the same
    at timestamptz not null,            -- meta.lastUpdated
    patient bigint not null,            -- key of the one patient; 0: none; 1: several, see ref
    date_lo timestamptz not null,       -- the type's main date as a half-open range; -infinity twice: none
    date_hi timestamptz not null,
    id text collate "C" not null,
    tok bigint[] not null,              -- hashes of tokens and uris
    ref bigint[] not null,              -- target key xor the parameter's salt
    txt bigint[] not null,              -- hashes of words, for _text, _content and :text
    primary key (tenant, type, rid),
    unique (tenant, key)
  ) with (autovacuum_vacuum_insert_scale_factor = 0.1, autovacuum_analyze_scale_factor = 0.2);

  create index resource_updated on resource (tenant, type, at, rid);
  -- One patient's rows by date: Observation?patient=X&_sort=-date, Appointment?patient=X&date=ge...
  create index resource_patient on resource (tenant, type, patient, date_lo, rid) where not deleted;
  create index resource_date on resource (tenant, type, date_lo, rid) where not deleted;
  -- The short pending list keeps inserts cheap and bounds what a lookup has to scan (decision 0002).
  create index resource_tok on resource using gin (tok) with (fastupdate = on, gin_pending_list_limit = 256);
  create index resource_ref on resource using gin (ref) with (fastupdate = on, gin_pending_list_limit = 256);
  create index resource_txt on resource using gin (txt) with (fastupdate = on, gin_pending_list_limit = 256);

  create table version (
    tenant integer not null,
    version integer not null,
    rid bigint not null,
    at timestamptz not null,
    method smallint not null,           -- 1 POST, 2 PUT, 3 PATCH, 4 DELETE
    content jsonb,                      -- null for a delete
    verbatim text,                      -- the same as it came, where jsonb would write a number otherwise (1e2)
    primary key (tenant, rid, version)
  ) with (toast_tuple_target = 8160, autovacuum_vacuum_insert_scale_factor = 0.1);
  alter table version alter column content set storage main;

  -- Nothing is planned by these: each statement has one index that can answer it. To look into them would cost
  -- an analyze of a busy table seconds.
  alter table resource alter column tok set statistics 0, alter column ref set statistics 0, alter column txt set statistics 0;
  alter table version alter column content set statistics 0, alter column verbatim set statistics 0;

  create table superseded (
    tenant integer not null,
    type smallint not null,
    version integer not null,
    rid bigint not null,
    at timestamptz not null,
    primary key (tenant, type, at, rid, version)
  );

  create table string_value (
    tenant integer not null,
    param bigint not null,              -- hash of type and parameter
    rid bigint not null,
    value text collate "C" not null,    -- lower case, without accents
    exact text collate "C" not null
  );
  create index string_value_prefix on string_value (tenant, param, value, rid);
  create index string_value_contains on string_value using gin (value gin_trgm_ops) with (fastupdate = on, gin_pending_list_limit = 256);
  create index string_value_rid on string_value (tenant, rid);

  create table quantity_value (
    tenant integer not null,
    param bigint not null,
    rid bigint not null,
    unit bigint not null,               -- hash of the unit's system and code; 0: a plain number
    unit_code bigint not null,          -- hash of the unit's code or text alone
    value numeric not null
  );
  create index quantity_value_order on quantity_value (tenant, param, value, rid);
  create index quantity_value_rid on quantity_value (tenant, rid);

  create table date_value (
    tenant integer not null,
    param bigint not null,
    rid bigint not null,
    lo timestamptz not null,
    hi timestamptz not null
  );
  create index date_value_order on date_value (tenant, param, lo, rid);
  create index date_value_rid on date_value (tenant, rid);

  -- The longest main date per type: turns "ends after x" into a range on its start.
  create table date_span (
    tenant integer not null,
    type smallint not null,
    span interval not null,
    primary key (tenant, type)
  );

  create table total (
    tenant integer not null,
    hash bigint not null,
    n bigint not null,
    primary key (tenant, hash)
  ) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
  create table total_delta (
    tenant integer not null,
    hashes bigint[] not null,
    ns integer[] not null
  ) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
  alter table total_delta alter column hashes set storage main;
  alter table total_delta alter column ns set storage main;

  create table idempotency (
    tenant integer not null,
    key text not null,
    request bytea not null,             -- SHA-256 of method, url and body
    at timestamptz not null default now(),
    status smallint not null,
    headers jsonb not null,
    body text,
    primary key (tenant, key)
  );
  create index idempotency_at on idempotency (at);

  create table resource_type (
    code smallint primary key,
    name text not null unique
  );

  -- Keys of our own, made once: 'cursor' seals the links to further pages.
  create table secret (
    name text primary key,
    value bytea not null
  );

  -- For SQL and views: every current resource as FHIR has it.
  create view current_resource as
    select r.tenant, t.name as type, r.id, r.version, r.at as last_updated, v.content
    from resource r join resource_type t on t.code = r.type
    join version v on v.tenant = r.tenant and v.rid = r.rid and v.version = r.version
    where not r.deleted;
`)

export const down = (db: Knex) =>
  db.raw(`
  drop view current_resource;
  drop table secret, resource_type, idempotency, total_delta, total, date_span, date_value, quantity_value, string_value, superseded, version, resource;
  drop sequence resource_rid;
`)

import type { Knex } from 'knex'

/**
 * Code systems that a loader filled, each version a partition of every table: it is loaded without indexes, gets them when
 * it is attached, and is removed by dropping it. docs/decisions/0023-code-systems-as-ordinals.md has the measurements.
 *
 * The concepts of a system are numbered 0, 1 … so that what is below one is few intervals; a set of them is kept as its
 * runs (src/terminology/stored/ordinals.ts).
 */
export const up = (db: Knex) =>
  db.raw(`
  create table code_system (
    id integer generated always as identity primary key,
    tenant integer not null,            -- 0: for all of them
    kind text not null,                 -- its loader: icd10cm, loinc …
    url text not null,
    version text not null,
    status text not null,               -- loading; whole; old: replaced or removed, to be dropped
    header json not null,               -- the CodeSystem without its concepts
    details json not null,              -- what else the loader has to say: files with their hashes, counts
    concepts integer not null,
    weights bytea not null,             -- two bytes for each ordinal: the lower, the earlier it is found
    at timestamptz not null default now()
  );
  create unique index code_system_canonical on code_system (tenant, url, version) where status = 'whole';

  create table concept (
    system integer not null,
    ordinal integer not null,
    key text collate "C" not null,      -- the code as it is compared: folded where case means nothing
    code text not null,
    display text,
    inactive boolean not null,
    abstract boolean not null,
    status text,
    parents integer[] not null,
    children bytea,                     -- null: none
    below bytea,                        -- itself and all below it; null: itself alone
    details json not null               -- definition, designations, properties, codes of the parents
  ) partition by list (system);
  create unique index concept_ordinal on concept (system, ordinal);
  create unique index concept_key on concept (system, key);

  -- The concepts that have a value of a property; with the value '' all that have any.
  create table posting (
    system integer not null,
    property text collate "C" not null,
    value text collate "C" not null,
    ordinals bytea not null
  ) partition by list (system);
  -- An entry of an index has a largest size.
  create index posting_value on posting (system, property, left(value, 200));

  create table word (
    system integer not null,
    kind smallint not null,             -- 1: words of any text, 2: by how they begin; 3 and 4: of the first word of the
                                        -- display the same; 5: words of the display
    word text collate "C" not null,
    ordinals bytea not null
  ) partition by list (system);
  create unique index word_word on word (system, kind, word);
`)

export const down = (db: Knex) => db.raw('drop table word, posting, concept, code_system')

import type { Knex } from 'knex'

/**
 * What SNOMED CT has beside concepts, each version of it a partition (0006). Numbers of concepts are those of `concept`;
 * docs/decisions/0024-snomed-relationships-as-arrays.md says why relationships are no rows.
 */
export const up = (db: Knex) =>
  db.raw(`
  -- Of each attribute, and of is-a, all relationships: source, group, target; source, group … as int4, little-endian.
  create table snomed_relationship (
    system integer not null,
    type text collate "C" not null,
    triples bytea not null
  ) partition by list (system);
  create unique index snomed_relationship_type on snomed_relationship (system, type);

  create table snomed_value (
    system integer not null,
    type text collate "C" not null,
    source integer not null,
    role_group integer not null,
    value text collate "C" not null     -- #10.5, "text", true
  ) partition by list (system);
  create index snomed_value_type on snomed_value (system, type);
  create index snomed_value_source on snomed_value (system, source);

  create table snomed_description (
    system integer not null,
    concept integer not null,
    id text collate "C" not null,
    effective integer not null,         -- 20250901
    active boolean not null,
    module text collate "C" not null,
    language text collate "C" not null,
    type text collate "C" not null,
    term text not null,
    preferred integer[] not null,       -- numbers of reference sets
    acceptable integer[] not null
  ) partition by list (system);
  create index snomed_description_concept on snomed_description (system, concept);
  -- Text definitions, which the index of words leaves out.
  create index snomed_description_definition on snomed_description (system, concept) where type = '900000000000550004';

  create table snomed_refset (
    system integer not null,
    number integer not null,
    id text collate "C" not null
  ) partition by list (system);
  create unique index snomed_refset_id on snomed_refset (system, id);

  -- Members that are concepts.
  create table snomed_member (
    system integer not null,
    refset integer not null,            -- number of the reference set
    component integer not null,         -- number of the concept
    effective integer not null,
    active boolean not null,
    module text collate "C" not null,
    target text collate "C",            -- targetComponentId or mapTarget
    fields json not null                -- all others of its own, by name
  ) partition by list (system);
  create index snomed_member_component on snomed_member (system, refset, component);
  create index snomed_member_target on snomed_member (system, refset, left(target, 100)) where target is not null;
`)

export const down = (db: Knex) =>
  db.raw('drop table snomed_member, snomed_refset, snomed_description, snomed_value, snomed_relationship')

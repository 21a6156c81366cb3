import type { Knex } from 'knex'

/**
 * The units and profiles that resources name, each once: `value-quantity=5|http://unitsofmeasure.org|g/L` asks for every
 * unit that measures the same, `_profile:below=http://example.org` for every profile under that path. Neither can be read
 * back from hashes, and both are few where resources are many.
 */
export const up = (db: Knex) =>
  db.raw(`
  create table vocabulary (
    tenant integer not null,
    kind smallint not null,             -- 1: unit of UCUM, 2: profile
    term text collate "C" not null
  );
  -- Not by the term itself: an entry of an index has a largest size.
  create unique index vocabulary_term on vocabulary (tenant, kind, md5(term));

  insert into vocabulary
    select distinct r.tenant, 1, unit #>> '{}' from resource r
    join version v on v.tenant = r.tenant and v.rid = r.rid and v.version = r.version,
      jsonb_path_query(v.content, '$.** \\? (@.system == "http://unitsofmeasure.org").code', '{}', true) unit
    where not r.deleted and r.narrow & 2 <> 0 and jsonb_typeof(unit) = 'string'
    on conflict do nothing;
  insert into vocabulary
    select distinct r.tenant, 2, profile #>> '{}' from resource r
    join version v on v.tenant = r.tenant and v.rid = r.rid and v.version = r.version,
      jsonb_path_query(v.content, '$.meta.profile[*]') profile
    where not r.deleted and jsonb_typeof(profile) = 'string'
    on conflict do nothing;

  -- Contained resources are indexed under the negative of their tenant; SQL finds them in what contains them.
  create or replace view current_resource as
    select r.tenant, t.name as type, r.id, r.version, r.at as last_updated, v.content
    from resource r join resource_type t on t.code = r.type
    join version v on v.tenant = r.tenant and v.rid = r.rid and v.version = r.version
    where not r.deleted and r.tenant > 0;
`)

export const down = (db: Knex) =>
  db.raw(`
  create or replace view current_resource as
    select r.tenant, t.name as type, r.id, r.version, r.at as last_updated, v.content
    from resource r join resource_type t on t.code = r.type
    join version v on v.tenant = r.tenant and v.rid = r.rid and v.version = r.version
    where not r.deleted;
  drop table vocabulary;
`)

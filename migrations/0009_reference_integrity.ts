import type { Knex } from 'knex'

/**
 * What a write refers to must be there, and what is referred to is not deleted: Observation?subject=Patient/1 never
 * finds what leads nowhere. docs/decisions/0021-writes-are-judged-and-references-checked-behind-the-rows.md
 *
 * These go behind the rows of a write, in their transaction and message, when the transaction itself is all that can
 * still change what they see: its own rows are there, and the locks keep out those who would take away a target, or
 * would refer to what is being deleted. Each statement of a volatile function sees what was committed before it.
 */
export const up = (db: Knex) =>
  db.raw(`
  -- Slots stand for resources: two that share one only wait for each other. In order, so that nobody waits in a circle.
  create function reference_locks(shared integer[], exclusive integer[]) returns void language plpgsql as $$
  declare
    one record;
  begin
    for one in
      select s.slot, bool_or(s.alone) as alone
      from (select unnest(shared) as slot, false as alone union all select unnest(exclusive), true) s
      group by s.slot order by s.slot
    loop
      if one.alone then perform pg_advisory_xact_lock(4, one.slot);
      else perform pg_advisory_xact_lock_shared(4, one.slot);
      end if;
    end loop;
  end $$;

  -- A version that was there can still be read when the resource is deleted.
  create function reference_targets(of_tenant integer, keys bigint[], versions integer[]) returns void language plpgsql as $$
  declare
    missing text;
  begin
    select string_agg(t.i::text, ',') into missing
    from unnest(keys, versions) with ordinality t(key, version, i)
    where not exists (
      select from resource r
      where r.tenant = of_tenant and r.key = t.key and (not r.deleted or t.version > 0) and r.version >= t.version);
    if missing is not null then
      raise exception 'what is referred to is not there' using errcode = 'IN002', detail = missing;
    end if;
  end $$;

  -- hashes: what resource.ref holds of those who refer to what is deleted; free: types that may go on doing so.
  create function reference_referrers(of_tenant integer, hashes bigint[], free smallint[], most integer)
    returns void language plpgsql as $$
  declare
    found json;
  begin
    select json_build_object('total', count(*),
      'first', json_agg(json_build_array(f.type, f.id) order by f.type, f.rid) filter (where f.n <= most)) into found
    from (
      select r.type, r.rid, r.id, row_number() over (order by r.type, r.rid) as n from resource r
      where r.ref && hashes and (r.tenant + 0) = of_tenant and not r.deleted and r.type <> all (free)) f;
    if (found ->> 'total')::bigint > 0 then
      raise exception 'it is referred to' using errcode = 'IN003', detail = found::text;
    end if;
  end $$;
`)

export const down = (db: Knex) =>
  db.raw(`
  drop function reference_referrers(integer, bigint[], smallint[], integer);
  drop function reference_targets(integer, bigint[], integer[]);
  drop function reference_locks(integer[], integer[]);
`)

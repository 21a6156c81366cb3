import type { Context } from '../base/context.js'
import type { Session } from '../db/database.js'
import { sql } from '../db/sql.js'
import type { Clause } from './clause.js'
import type { Bare, Finder, Found } from './find.js'
import { orderOf } from './order.js'

/**
 * The `max` newest Observations of each group: those of equal codes, newest effective first, what has no time last.
 * Codes are equal when one Observation has both as codings, however many steps lead from one to the other; without
 * a coding it is the text that counts. One statement, from the rows of the subject.
 *
 * @param clauses  one of them names the subject, whose rows lie together
 * @see https://hl7.org/fhir/R4/observation-operation-lastn.html
 */
export async function newestByCode(
  session: Session,
  finder: Finder,
  ctx: Pick<Context, 'tenant' | 'signal'>,
  clauses: readonly Clause[],
  max: number,
): Promise<Found[]> {
  const matches = await finder.rowsOf(ctx, 'Observation', clauses, orderOf(ctx.tenant, 'Observation', '-date', clauses))
  const rows = await session.query<Bare>(
    sql`with recursive found as materialized (${matches}),
      coded as materialized (
        select f.rid, c.code from found f
        join version v on v.tenant = ${ctx.tenant} and v.rid = f.rid and v.version = f.version
        cross join lateral (
          select coalesce(k ->> 'system', '') || E'\n' || (k ->> 'code') as code
          from jsonb_array_elements(v.content #> '{code,coding}') k where k ? 'code'
          union all
          select E'\t' || coalesce(lower(v.content #>> '{code,text}'), f.rid::text)
          where not coalesce(jsonb_path_exists(v.content, '$.code.coding[*].code'), false)) c),
      same as materialized (
        select distinct a.code as one, b.code as other from coded a join coded b on b.rid = a.rid and b.code <> a.code),
      reached (code, other) as (
        select distinct code, code from coded
        union select r.code, s.other from reached r join same s on s.one = r.other),
      groups as (select code, min(other collate "C") as name from reached group by code),
      placed as (select c.rid, min(g.name collate "C") as name from coded c join groups g on g.code = c.code group by c.rid),
      ranked as (
        select f.*, p.name, row_number() over (partition by p.name order by f.s0 desc, f.rid desc) as n
        from found f join placed p on p.rid = f.rid)
      select rid, id, key, version, type from ranked where n <= ${max} order by name, s0 desc, rid desc`,
    ctx.signal,
  )
  return finder.printed(ctx, rows)
}

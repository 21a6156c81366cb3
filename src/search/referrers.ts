import type { Context } from '../base/context.js'
import type { Session } from '../db/database.js'
import { bigints, sql } from '../db/sql.js'
import { resourceTypes } from '../fhir/definitions.js'
import { containerKey, tenantInside } from './contained.js'
import type { Bare, Finder, Found } from './find.js'
import { keyOf } from './hash.js'
import { paramOf } from './names.js'
import { type Parameters, standard } from './parameters.js'
import { refsOf } from './where.js'

/**
 * Resources of every type that refer to one by an element that some search parameter has, be it in what they contain:
 * a look-up each in the index of references. They are locked until the transaction ends, in the order of their keys,
 * as all writes lock.
 */
export async function referrersOf(
  session: Session,
  finder: Finder,
  { tenant, signal }: Pick<Context, 'tenant' | 'signal'>,
  named: { type: string; id: string },
  limit: number,
  parameters: Parameters = standard,
): Promise<Found[]> {
  const inside = tenantInside(tenant)
  const contained = await session.query<{ id: string }>(
    sql`select r.id from resource r
      where r.ref && ${bigints(elements(inside, named, parameters))}::bigint[] and (r.tenant + 0) = ${inside}`,
    signal,
  )
  const containers = contained.map(({ id }) => containerKey(tenant, id))
  const rows = await session.query<Bare>(
    sql`with found as (
        select r.key from resource r
        where r.ref && ${bigints(elements(tenant, named, parameters))}::bigint[] and (r.tenant + 0) = ${tenant} and not r.deleted
        union select unnest(${bigints(containers)}::bigint[]))
      select r.type, r.rid, r.id, r.key, r.version from resource r
      where r.tenant = ${tenant} and r.key in (select key from found) and not r.deleted
      order by r.key limit ${limit} for update of r`,
    signal,
  )
  return finder.printed({ tenant }, rows)
}

/** What an element of `ref` is in whoever refers to the resource. */
function elements(tenant: number, { type, id }: { type: string; id: string }, parameters: Parameters): bigint[] {
  const salts = resourceTypes.flatMap((from) =>
    [...parameters.of(from).values()]
      .filter((one) => one.type === 'reference' && (one.targets.length === 0 || one.targets.includes(type)))
      .map(({ code }) => paramOf(tenant, from, code)),
  )
  return refsOf([...new Set(salts)], [keyOf(tenant, type, id)])
}

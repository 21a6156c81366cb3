import type { Session } from '../db/database.js'
import { bigints, sql } from '../db/sql.js'
import type { Link } from '../search/entry.js'

/** For each link whether there is what it leads to; undefined leads elsewhere, which is as good as there. */
export async function areThere(
  session: Session,
  tenant: number,
  links: readonly (Link | undefined)[],
): Promise<boolean[]> {
  const own = links.filter((one) => one !== undefined)
  if (own.length === 0) return links.map(() => true)
  const rows = await session.quick<{ key: bigint; version: number; deleted: boolean }>(sql`
    select r.key, r.version, r.deleted from resource r
    where r.tenant = ${tenant} and r.key = any(${bigints(own.map(({ key }) => key))}::bigint[])`)
  const found = new Map(rows.map((row) => [row.key, row]))
  return links.map((link) => {
    if (!link) return true
    const row = found.get(link.key)
    // A version that was there can still be read when the resource is deleted.
    return row !== undefined && (link.version === 0 ? !row.deleted : link.version <= row.version)
  })
}

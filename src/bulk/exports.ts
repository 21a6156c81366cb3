import { randomBytes } from 'node:crypto'
import type { Context } from '../base/context.js'
import { NotFound } from '../base/errors.js'
import type { Database } from '../db/database.js'
import { sql } from '../db/sql.js'

/** What an export is of. */
export interface Asked {
  /** URL of the kick-off */
  request: string
  types: readonly string[]
  /** Only what was last updated after this instant. */
  since?: string
  /** As `_elements` has them: `identifier`, `Patient.name` */
  elements?: readonly string[]
  /** Ids of the patients whose compartments are exported; absent: everything there is. */
  patients?: 'all' | readonly string[]
}

export interface Export {
  id: string
  asked: Asked
  /** the instant whose state is exported, and when the export is forgotten: milliseconds since 1970 */
  at: number
  expires: number
  /** Every write that was under way at the kick-off has ended: what is of an earlier instant can be seen. */
  settled: boolean
  manifest: string | null
}

type Caller = Pick<Context, 'tenant' | 'principal'>

/** @returns the id under which it is asked after */
export async function addExport(db: Database, caller: Caller, asked: Asked, keepSeconds: number): Promise<string> {
  await db.query(sql`delete from bulk_export where expires < now()`)
  const id = randomBytes(18).toString('base64url')
  const { tenant, principal } = caller
  await db.query(sql`insert into bulk_export (tenant, id, subject, asked, at, expires)
    values (${tenant}, ${id}, ${principal.subject}, ${JSON.stringify(asked)}::json, ${new Date().toISOString()},
      now() + make_interval(secs => ${keepSeconds}))`)
  return id
}

/** @throws NotFound  there is none, it is somebody else's, or it is no longer kept (404) */
export async function exportOf(db: Database, { tenant, principal }: Caller, id: string): Promise<Export> {
  const [row] = await db.query<Export & Record<string, unknown>>(sql`
    select id, asked, (extract(epoch from at) * 1000)::float8 as at,
      (extract(epoch from expires) * 1000)::float8 as expires,
      pg_snapshot_xmin(pg_current_snapshot()) > began as settled, manifest
    from bulk_export
    where tenant = ${tenant} and id = ${id} and subject = ${principal.subject} and expires >= now()`)
  if (!row) throw unknown()
  return row
}

/** The manifest is made once: every later look sees the same. */
export async function keepManifest(db: Database, tenant: number, id: string, manifest: string): Promise<string> {
  const [row] = await db.query<{ manifest: string }>(sql`
    update bulk_export set manifest = coalesce(manifest, ${manifest}) where tenant = ${tenant} and id = ${id}
    returning manifest`)
  if (!row) throw unknown()
  return row.manifest
}

/** @throws NotFound  as `exportOf` */
export async function removeExport(db: Database, { tenant, principal }: Caller, id: string): Promise<void> {
  const gone = await db.query(sql`delete from bulk_export
    where tenant = ${tenant} and id = ${id} and subject = ${principal.subject} and expires >= now() returning id`)
  if (gone.length === 0) throw unknown()
}

/** One answer for what is not there and what is not theirs. */
export const unknown = () =>
  new NotFound('There is no such export here: it was cancelled, it is no longer kept, or it is not yours')

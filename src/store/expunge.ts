import { Conflict } from '../base/errors.js'
import type { Session } from '../db/database.js'
import { bigints, join, raw, type Sql, sql } from '../db/sql.js'
import { typeCode, typeName } from '../fhir/type-codes.js'

/** What is to be removed for good. */
export interface Expunge {
  /** undefined: of every type */
  type?: string
  /** of one resource */
  key?: bigint
  /** resources whose newest version is a delete, with all of their versions */
  deleted: boolean
  /** versions that are not the newest one */
  previous: boolean
  /** resources and versions at most */
  limit: number
}

/** What was removed. */
export interface Expunged {
  /** `Patient/1`: the resource with all of its versions; `Patient/2/_history/3`: this version */
  names: string[]
  resources: number
  /** of the resources that were removed, too */
  versions: number
  /** nothing is left of what was to be removed; `limit` was enough */
  complete: boolean
}

interface Target {
  type: number
  id: string
  rid: bigint
}

/** Where a resource has rows under its number. */
const TABLES = ['version', 'string_value', 'quantity_value', 'date_value']

/**
 * Removes rows, which nothing brings back. Resources that are not deleted keep their newest version.
 * @throws Conflict  some of it is there again, or still: then nothing was removed (409)
 */
export async function expunge(session: Session, tenant: number, what: Expunge): Promise<Expunged> {
  const limit = what.limit + 1
  const resources = what.deleted ? await deletedOnes(session, tenant, what, limit) : []
  const room = limit - resources.length
  const versions = what.previous && room > 0 ? await previousOnes(session, tenant, what, room) : []
  const [gone, old] = [resources.slice(0, what.limit), versions.slice(0, Math.max(what.limit - resources.length, 0))]

  const removed = await removeResources(session, tenant, gone)
  await removeVersions(session, tenant, old)
  return {
    names: [
      ...gone.map(({ type, id }) => `${typeName(type)}/${id}`),
      ...old.map(({ type, id, version }) => `${typeName(type)}/${id}/_history/${version}`),
    ],
    resources: gone.length,
    versions: removed + old.length,
    complete: resources.length + versions.length <= what.limit,
  }
}

const isWanted = ({ type, key }: Expunge): Sql => sql`
  ${type === undefined ? raw('') : sql`and r.type = ${typeCode(type)}`} ${key === undefined ? raw('') : sql`and r.key = ${key}`}`

const deletedOnes = (session: Session, tenant: number, what: Expunge, limit: number): Promise<Target[]> =>
  session.query<Target & Record<string, unknown>>(sql`
    select r.type, r.id, r.rid from resource r
    where r.tenant = ${tenant} and r.deleted ${isWanted(what)} order by r.type, r.rid limit ${limit} for update`)

/** Of what is deleted, and removed already, there are none any more. */
const previousOnes = (session: Session, tenant: number, what: Expunge, limit: number): Promise<(Target & Place)[]> =>
  session.query(sql`
    select r.type, r.id, r.rid, s.version, s.at
    from superseded s join resource r on r.tenant = s.tenant and r.type = s.type and r.rid = s.rid
    where s.tenant = ${tenant} ${what.type === undefined ? raw('') : sql`and s.type = ${typeCode(what.type)}`} ${isWanted(what)}
      ${what.deleted ? raw('and not r.deleted') : raw('')}
    order by s.type, s.at, s.rid, s.version limit ${limit}`)

/** @returns how many versions they had */
async function removeResources(session: Session, tenant: number, gone: readonly Target[]): Promise<number> {
  if (gone.length === 0) return 0
  const types = new Map(gone.map(({ rid, type }) => [rid, type]))
  const rids = bigints(types.keys())
  const versions = await session.query<Omit<Place, 'type'> & Record<string, unknown>>(
    sql`select rid, version, at from version where tenant = ${tenant} and rid = any(${rids}::bigint[])`,
  )
  const places = placesOf(versions.map((one) => ({ ...one, type: types.get(one.rid)! })))
  await session.query(sql`delete from superseded s using ${places} where ${isAt(tenant)}`)
  for (const table of TABLES)
    await session.query(sql`delete from ${raw(table)} where tenant = ${tenant} and rid = any(${rids}::bigint[])`)
  const rows = await session.query(sql`
    delete from resource r using unnest(${rids}::bigint[], ${`{${[...types.values()]}}`}::smallint[]) o(rid, type)
    where r.tenant = ${tenant} and r.type = o.type and r.rid = o.rid and r.deleted returning 1`)

  const left = await session.query(sql`
    select 1 from superseded s, ${places} where ${isAt(tenant)}
    ${join(
      TABLES.map(
        (table) => sql`union all select 1 from ${raw(table)} where tenant = ${tenant} and rid = any(${rids}::bigint[])`,
      ),
      ' ',
    )} limit 1`)
  if (rows.length !== gone.length || left.length > 0)
    throw new Conflict('Something that was to be removed is still there; nothing was removed')
  return versions.length
}

async function removeVersions(session: Session, tenant: number, old: readonly Place[]): Promise<void> {
  if (old.length === 0) return
  const places = placesOf(old)
  const versions = await session.query(sql`
    delete from version v using ${places} where v.tenant = ${tenant} and v.rid = o.rid and v.version = o.version returning 1`)
  const rows = await session.query(sql`delete from superseded s using ${places} where ${isAt(tenant)} returning 1`)
  if (versions.length !== old.length || rows.length !== old.length)
    throw new Conflict('Not all versions that were to be removed were there; nothing was removed')
}

/** Where `superseded` has a version. */
interface Place {
  type: number
  rid: bigint
  version: number
  at: string
}

const placesOf = (places: readonly Place[]): Sql => sql`unnest(
  ${`{${places.map(({ type }) => type)}}`}::smallint[], ${bigints(places.map(({ rid }) => rid))}::bigint[],
  ${`{${places.map(({ version }) => version)}}`}::int[], ${places.map(({ at }) => at)}::timestamptz[]) o(type, rid, version, at)`

const isAt = (tenant: number): Sql =>
  sql`s.tenant = ${tenant} and s.type = o.type and s.at = o.at and s.rid = o.rid and s.version = o.version`

/** What is there, some of it, so that it can be deleted. */
export async function someOf(session: Session, tenant: number, limit: number): Promise<{ type: string; id: string }[]> {
  const rows = await session.query<{ type: number; id: string }>(
    sql`select r.type, r.id from resource r where r.tenant = ${tenant} and not r.deleted order by r.type, r.rid limit ${limit}`,
  )
  return rows.map(({ type, id }) => ({ type: typeName(type), id }))
}

/** Answers that are kept to be given again hold resources, too. Those that are still to come are left to their requests. */
export async function forgetAnswers(session: Session, tenant: number): Promise<void> {
  await session.query(sql`delete from idempotency where tenant = ${tenant} and status <> 0`)
  await session.query(sql`delete from async_request where tenant = ${tenant} and answer is not null`)
}

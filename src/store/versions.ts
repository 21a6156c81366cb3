import { Gone, NotFound } from '../base/errors.js'
import type { Session } from '../db/database.js'
import { bigints, raw, type Sql, sql } from '../db/sql.js'
import { resourceTypes } from '../fhir/definitions.js'
import { typeCode, typeName } from '../fhir/type-codes.js'
import { keyOf } from '../search/hash.js'
import { contentText } from '../search/layout.js'
import type { Stored } from './store.js'

/** One version in a history. A delete has no content. */
export interface Version {
  type: string
  id: string
  version: number
  at: number
  /** 1 POST, 2 PUT, 3 PATCH, 4 DELETE, as `METHODS` says */
  method: number
  /** The resource came to be, or came back, by it. */
  created: boolean
  content: string | null
  /** where it stands: lastUpdated as PostgreSQL's text, and row id */
  position: { at: string; rid: string }
}

/**
 * @throws NotFound  no such resource, or it never had this version (404)
 * @throws Gone      this version is the delete (410)
 * @see https://hl7.org/fhir/R4/http.html#vread
 */
export async function vread(
  session: Session,
  tenant: number,
  type: string,
  id: string,
  version: string,
): Promise<Stored> {
  const number = /^\d{1,9}$/.test(version) ? Number(version) : 0
  const [row] = await session.query<Stored & { content: string | null }>(sql`
    select v.version, (extract(epoch from v.at) * 1000)::float8 as at, ${contentText} as content
    from resource r join version v on v.tenant = r.tenant and v.rid = r.rid and v.version = ${number}
    where r.tenant = ${tenant} and r.key = ${keyOf(tenant, type, id)} and r.id = ${id} and r.type = ${typeCode(type)}`)
  if (!row) throw new NotFound(`${type}/${id} has no version ${version.slice(0, 20)}`)
  if (row.content === null) throw new Gone(`Version ${number} of ${type}/${id} is its deletion`)
  return row
}

export interface HistoryQuery {
  /** undefined: all */
  types?: readonly string[]
  key?: bigint
  /** instants as text */
  since?: string
  /** versions that were current at some time in this range */
  at?: readonly [from: string, to: string]
  limit: number
  /** versions older than this position */
  after?: { at: string; rid: string }
}

/**
 * Versions, newest first. The current ones are found by `resource`, the older by `superseded`: a create writes
 * nothing for history to find it.
 * @see https://hl7.org/fhir/R4/http.html#history
 */
export async function history(session: Session, tenant: number, query: HistoryQuery): Promise<Version[]> {
  const { types, key, since, at, limit, after } = query
  const bounds = (row: Sql): Sql => sql`
    ${since === undefined ? raw('') : sql`and ${row}.at >= ${since}::timestamptz`}
    ${
      at
        ? sql`and ${row}.at < ${at[1]}::timestamptz and not exists (select from version n
      where n.tenant = ${tenant} and n.rid = ${row}.rid and n.version = ${row}.version + 1 and n.at <= ${at[0]}::timestamptz)`
        : raw('')
    }
    ${after ? sql`and (${row}.at, ${row}.rid) < (${after.at}::timestamptz, ${after.rid}::bigint)` : raw('')}`
  const newest = (row: Sql): Sql => sql`order by ${row}.at desc, ${row}.rid desc limit ${limit}`
  const s = raw('s')
  const r = raw('r')
  const candidates =
    key === undefined
      ? sql`(select t.code as type, c.* from unnest(${(types ?? resourceTypes).map(typeCode)}::smallint[]) t(code), lateral (
        (select r.rid, r.version, r.at from resource r where r.tenant = ${tenant} and r.type = t.code ${bounds(r)} ${newest(r)})
        union all
        (select s.rid, s.version, s.at from superseded s where s.tenant = ${tenant} and s.type = t.code ${bounds(s)} ${newest(s)})) c)`
      : sql`(select x.type, v.rid, v.version, v.at from resource x join version v on v.tenant = x.tenant and v.rid = x.rid
        where x.tenant = ${tenant} and x.key = ${key} ${bounds(raw('v'))} ${newest(raw('v'))})`
  const rows = await session.query<{
    type: number
    id: string
    version: number
    ms: number
    method: number
    created: boolean
    content: string | null
    at: string
    rid: bigint
  }>(sql`
    select h.type, r.id, v.version, (extract(epoch from v.at) * 1000)::float8 as ms, v.method, ${contentText} as content, h.at, h.rid,
      v.version = 1 or exists (select from version p
        where p.tenant = v.tenant and p.rid = v.rid and p.version = v.version - 1 and p.content is null) as created
    from (select * from ${candidates} c order by c.at desc, c.rid desc limit ${limit}) h
    join version v on v.tenant = ${tenant} and v.rid = h.rid and v.version = h.version
    join resource r on r.tenant = ${tenant} and r.type = h.type and r.rid = h.rid
    order by h.at desc, h.rid desc`)
  return rows.map((row) => ({
    type: typeName(row.type),
    id: row.id,
    version: row.version,
    at: row.ms,
    method: row.method,
    created: row.created,
    content: row.content,
    position: { at: row.at, rid: String(row.rid) },
  }))
}

/** One version of a resource, by name. */
export interface VersionName {
  type: string
  id: string
  version: number
}

/** The contents of versions in the order of their names; undefined for a deletion, and for what never was. */
export async function contentsOf(
  session: Session,
  tenant: number,
  names: readonly VersionName[],
): Promise<(string | undefined)[]> {
  const keys = names.map(({ type, id }) => keyOf(tenant, type, id))
  const rows = await session.query<{ n: number; content: string | null }>(sql`
    select k.n::int as n, ${contentText} as content
    from unnest(${bigints(keys)}::bigint[], ${`{${names.map(({ version }) => version).join()}}`}::integer[])
      with ordinality k(key, version, n)
    join resource r on r.tenant = ${tenant} and r.key = k.key
    join version v on v.tenant = r.tenant and v.rid = r.rid and v.version = k.version`)
  const contents = new Map(rows.map(({ n, content }) => [n, content ?? undefined]))
  return names.map((_, i) => contents.get(i + 1))
}

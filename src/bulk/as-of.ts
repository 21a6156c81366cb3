import type { Database } from '../db/database.js'
import { bigints, raw, type Sql, sql } from '../db/sql.js'
import { resourceTypes } from '../fhir/definitions.js'
import { parseJson } from '../fhir/json.js'
import { typeCode, typeName } from '../fhir/type-codes.js'
import { patientRefs, patientsOf } from '../search/compartment.js'
import { keyOf } from '../search/hash.js'
import { contentText } from '../search/layout.js'
import type { Resource } from '../store/write.js'
import type { Asked } from './exports.js'

/** Rows at a time: each may hold an attachment of many megabytes. */
const BATCH = 32

/** What is exported, and the state of which instant: milliseconds since 1970. */
export interface View extends Pick<Asked, 'since' | 'patients'> {
  tenant: number
  at: number
}

interface Row {
  /** The index says that it belongs; else its content tells. */
  sure: boolean
  content: string | null
  [column: string]: unknown
}

/** Of all types those that the tenant has rows of, be they deleted or too new. */
export async function typesPresent(db: Database, tenant: number): Promise<Set<string>> {
  const rows = await db.query<{ code: number }>(sql`
    select t.code from unnest(${resourceTypes.map(typeCode)}::smallint[]) t(code)
    where exists (select from resource r where r.tenant = ${tenant} and r.type = t.code)`)
  return new Set(rows.map(({ code }) => typeName(code)))
}

/** The resources of a type as they were at the instant, batch by batch, as JSON texts. */
export async function* resourcesAt(db: Database, view: View, type: string, signal?: AbortSignal) {
  for await (const rows of candidates(db, view, type, contentText, BATCH, signal))
    yield rows.flatMap(({ belongs, content }) => (belongs ? [content!] : []))
}

/** How many these are; undefined when more than `most` would have to be looked at to tell. */
export async function countAt(
  db: Database,
  view: View,
  type: string,
  most: number,
  signal?: AbortSignal,
): Promise<number | undefined> {
  let n = 0
  let seen = 0
  for await (const rows of candidates(db, view, type, raw('null::text'), BATCH * 32, signal)) {
    n += rows.filter(({ belongs }) => belongs).length
    seen += rows.length
    if (seen > most) return undefined
  }
  return n
}

async function* candidates(
  db: Database,
  view: View,
  type: string,
  content: Sql,
  batch: number,
  signal: AbortSignal | undefined,
) {
  const { patients } = view
  const some = patients === undefined || patients === 'all' ? undefined : new Set(patients)
  const belongs = ({ sure, content }: Row) => {
    if (sure) return true
    const own = patientsOf(parseJson(content!) as Resource)
    return some ? [...own].some((id) => some.has(id)) : own.size > 0
  }
  for await (const rows of db.batches<Row>(statement(view, type, content), batch, signal))
    yield rows.map((row) => ({ belongs: belongs(row), content: row.content }))
}

/**
 * Versions are never changed, so the state of an instant is still there: of what has not changed since the current
 * version, of the rest the newest one up to it. Both in one statement, as a write between two would move a resource
 * from the one to the other. The index knows only the current version: of older ones the content has to tell whose
 * they are.
 *
 * @param content  what is wanted of those that surely belong
 */
function statement(view: View, type: string, content: Sql): Sql {
  const { tenant, since, patients } = view
  const at = new Date(view.at).toISOString()
  const after = (row: Sql) => (since === undefined ? raw('') : sql`and ${row}.at > ${since}::timestamptz`)
  const columns = (sure: Sql) =>
    sql`${sure} as sure, case when ${sure} then ${content} else ${contentText} end as content`
  const whole = !patients || type === 'Patient'
  const row = sql`r.tenant = ${tenant} and r.type = ${typeCode(type)} ${named(view, type)}`
  const current = !whole && patients !== 'all' ? ofPatients(tenant, type, patients) : row
  return sql`
    select ${columns(raw(whole || patients !== 'all' ? 'true' : 'r.patient <> 0'))}
    from resource r join version v on v.tenant = r.tenant and v.rid = r.rid and v.version = r.version
    where ${current} and r.at <= ${at}::timestamptz and not r.deleted ${after(raw('r'))}
    union all
    select ${columns(raw(whole ? 'true' : 'false'))}
    from resource r, lateral (select v.at, v.content, v.verbatim from version v
      where v.tenant = r.tenant and v.rid = r.rid and v.at <= ${at}::timestamptz
      order by v.version desc limit 1) v
    where ${row} and r.at > ${at}::timestamptz and v.content is not null ${after(raw('v'))}`
}

/** Of patients who are named, themselves. */
function named({ tenant, patients }: View, type: string): Sql {
  if (type !== 'Patient' || !patients || patients === 'all') return raw('')
  return sql`and r.key = any(${bigints(patients.map((id) => keyOf(tenant, 'Patient', id)))}::bigint[])`
}

/** The sums keep all indexes out but that of the references, which leads to few. */
const ofPatients = (tenant: number, type: string, patients: readonly string[]): Sql =>
  sql`r.ref && ${bigints(patientRefs(tenant, type, patients))}::bigint[]
    and (r.tenant + 0) = ${tenant} and (r.type + 0) = ${typeCode(type)}`

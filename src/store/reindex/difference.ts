import type { Session } from '../../db/database.js'
import { bigints, raw, sql } from '../../db/sql.js'
import { rowIdInside, tenantInside } from '../../search/contained.js'
import type { Entry } from '../../search/entry.js'
import { narrowOf } from '../../search/layout.js'

/** What the index holds of a resource, in a form that can be compared. */
export interface Indexed {
  rid: bigint
  /** bits: what there is of it beside the row */
  narrow: number
  patient: bigint
  /** milliseconds since 1970; both -Infinity: none */
  date_lo: number
  date_hi: number
  /** `{1,2}` */
  tok: string
  ref: string
  txt: string
}

const ms = (column: string) => sql`(extract(epoch from ${raw(column)}) * 1000)::float8`
/** `Indexed` of a `resource r` */
export const indexedColumns = sql`r.rid, r.narrow, r.patient, ${ms('r.date_lo')} as date_lo, ${ms('r.date_hi')} as date_hi,
  r.tok::text as tok, r.ref::text as ref, r.txt::text as txt`

/** Rows of the value tables, as text, by row id. */
export type Values = ReadonlyMap<bigint, readonly string[]>

/** @param rids  rows whose `narrow` says that there are values */
export async function valuesOf(session: Session, tenant: number, rids: readonly bigint[]): Promise<Values> {
  const values = new Map<bigint, string[]>()
  if (rids.length === 0) return values
  const of = sql`v.tenant = ${tenant} and v.rid = any(${bigints(rids)}::bigint[])`
  const at = (column: string) => sql`trim_scale(extract(epoch from ${raw(column)}) * 1000)::text`
  const rows = await session.query<{ rid: bigint; kind: string; param: bigint; a: string; b: string; c: string }>(sql`
    select v.rid, 's' as kind, v.param, v.value as a, v.exact as b, '' as c from string_value v where ${of}
    union all
    select v.rid, 'q', v.param, v.unit::text, v.unit_code::text, v.value::text from quantity_value v where ${of}
    union all
    select v.rid, 'd', v.param, ${at('v.lo')}, ${at('v.hi')}, '' from date_value v where ${of}`)
  for (const { rid, kind, param, a, b, c } of rows) {
    const text = kind === 'd' ? dateText(param, Number(a), Number(b)) : `${kind} ${param}\t${a}\t${b}\t${c}`
    const those = values.get(rid)
    if (those) those.push(text)
    else values.set(rid, [text])
  }
  return values
}

/** What the index holds of the resources within those of these keys, by row id, with its values. */
export async function insideOf(session: Session, tenant: number, keys: readonly bigint[]) {
  const inside = new Map<bigint, { row: Indexed; values: readonly string[] }>()
  if (keys.length === 0) return inside
  const of = tenantInside(tenant)
  const rows = await session.query<Indexed & Record<string, unknown>>(
    sql`select ${indexedColumns} from resource r where r.ref && ${bigints(keys)}::bigint[] and (r.tenant + 0) = ${of}`,
  )
  const values = await valuesOf(
    session,
    of,
    rows.map(({ rid }) => rid),
  )
  for (const row of rows) inside.set(row.rid, { row, values: values.get(row.rid) ?? [] })
  return inside
}

/** Whether the index holds something else of what a resource contains. */
export function differsInside(
  inside: Awaited<ReturnType<typeof insideOf>>,
  container: bigint,
  contained: Entry['contained'] = [],
): boolean {
  return contained.some(({ id, entry }) => {
    const found = inside.get(rowIdInside(container, id))
    return !found || differs(found.row, found.values, { ...entry, ref: new Set([...entry.ref, container]) })
  })
}

/** Whether the index holds something else of a resource than its entry says. */
export function differs(indexed: Indexed, values: readonly string[], entry: Entry): boolean {
  const [lo, hi] = entry.date ?? [-Infinity, -Infinity]
  return (
    indexed.narrow !== narrowOf(entry) ||
    indexed.patient !== entry.patient ||
    instant(indexed.date_lo) !== instant(lo) ||
    instant(indexed.date_hi) !== instant(hi) ||
    !same(indexed.tok, entry.tok) ||
    !same(indexed.ref, entry.ref) ||
    !same(indexed.txt, entry.txt) ||
    texts(entry).join('\n') !== [...values].sort().join('\n')
  )
}

function same(array: string, set: ReadonlySet<bigint>): boolean {
  const stored = array.length > 2 ? array.slice(1, -1).split(',') : []
  return stored.length === set.size && stored.every((hash) => set.has(BigInt(hash)))
}

function texts({ strings, quantities, dates }: Entry): string[] {
  return [
    ...strings.map(({ param, value, exact }) => `s ${param}\t${value}\t${exact}\t`),
    ...quantities.map(({ param, unit, unitCode, value }) => `q ${param}\t${unit}\t${unitCode}\t${plain(value)}`),
    ...dates.map(({ param, range: [lo, hi] }) => dateText(param, lo, hi)),
  ].sort()
}

const dateText = (param: bigint, lo: number, hi: number) => `d ${param}\t${instant(lo)}\t${instant(hi)}`

/** What lies beyond FHIR's calendar is stored as infinity by updates, and as it is by creates. */
const instant = (ms: number): number => (ms >= 253_402_300_800_000 ? Infinity : ms)

/** A decimal as PostgreSQL writes it: without an exponent, and without a sign before zero. */
function plain(digits: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d*))?[eE]([+-]?\d+)$/.exec(digits)
  if (!parts) return digits.replace(/^-(?=[0.]*$)/, '')
  const [, sign, whole = '', fraction = '', exponent] = parts
  const point = whole.length + Number(exponent)
  const all = whole + fraction
  const padded = point > all.length ? all.padEnd(point, '0') : point <= 0 ? '0'.repeat(1 - point) + all : all
  const at = Math.max(point, 1)
  const tail = padded.slice(at)
  return sign + padded.slice(0, at).replace(/^0+(?=\d)/, '') + (tail && `.${tail}`)
}

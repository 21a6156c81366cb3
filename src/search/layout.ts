import { CopyRows } from '../db/copy.js'
import type { Session } from '../db/database.js'
import { bigints, raw, type Sql, sql } from '../db/sql.js'
import { type Entry, NO_PATIENT } from './entry.js'
import { isCounted } from './hash.js'

/** One current row of `resource`, and what its value tables get. */
export interface Row {
  tenant: number
  /** number of the type, see fhir/type-codes.ts */
  type: number
  rid: bigint
  key: bigint
  id: string
  version: number
  /** meta.lastUpdated, milliseconds since 1970 */
  at: number
  /** What it is found by; a deleted resource is found by nothing. */
  entry: Entry | undefined
}

/** Bits of `resource.narrow`: what else there is of it. */
const STRINGS = 1
const QUANTITIES = 2
const DATES = 4
/** There are rows of resources that it contains. */
export const CONTAINED = 8

export const narrowOf = (entry: Entry | undefined) =>
  entry
    ? (entry.strings.length && STRINGS) |
      (entry.quantities.length && QUANTITIES) |
      (entry.dates.length && DATES) |
      (entry.contained ? CONTAINED : 0)
    : 0

const COLUMNS = [
  'tenant',
  'type',
  'deleted',
  'narrow',
  'version',
  'rid',
  'key',
  'at',
  'patient',
  'date_lo',
  'date_hi',
  'id',
  'tok',
  'ref',
  'txt',
]
const NONE: readonly bigint[] = []

/** Gathers what a transaction writes to the search tables. */
export class SearchRows {
  private readonly created: CopyRows
  private readonly strings = new CopyRows('string_value', ['tenant', 'param', 'rid', 'value', 'exact'], 1024)
  private readonly quantities = new CopyRows(
    'quantity_value',
    ['tenant', 'param', 'rid', 'unit', 'unit_code', 'value'],
    1024,
  )
  private readonly dates = new CopyRows('date_value', ['tenant', 'param', 'rid', 'lo', 'hi'], 1024)
  private readonly updated: string[] = []
  private readonly cleared = new Map<number, bigint[]>()
  /** Longest main date by type, milliseconds. */
  readonly spans = new Map<number, number>()
  /** Units and profiles that are named. */
  readonly terms = { unit: new Set<string>(), profile: new Set<string>() }

  constructor(
    private readonly tenant: number,
    expected: number,
  ) {
    this.created = new CopyRows('resource', COLUMNS, 1024 + expected * 400)
  }

  create(row: Row) {
    const { entry } = row
    const [lo, hi] = entry?.date ?? [-Infinity, -Infinity]
    this.created
      .row()
      .int4(row.tenant)
      .int2(row.type)
      .bool(entry === undefined)
      .int2(narrowOf(entry))
      .int4(row.version)
      .int8(row.rid)
      .int8(row.key)
      .timestamp(row.at)
      .int8(entry?.patient ?? NO_PATIENT)
      .timestamp(lo)
      .timestamp(hi)
      .text(row.id)
      .int8s(entry ? [...entry.tok] : NONE)
      .int8s(entry ? [...entry.ref] : NONE)
      .int8s(entry ? [...entry.txt] : NONE)
    this.values(row)
  }

  /** @param narrow  what the row's `narrow` was: those value rows go */
  update(row: Row, narrow: number) {
    const { entry } = row
    const [lo, hi] = entry?.date ?? [-Infinity, -Infinity]
    this.updated.push(
      `{"type":${row.type},"rid":${row.rid},"version":${row.version},"at":"${timestamp(row.at)}","deleted":${!entry},` +
        `"narrow":${narrowOf(entry)},"patient":${entry?.patient ?? NO_PATIENT},"date_lo":"${timestamp(lo)}","date_hi":"${timestamp(hi)}",` +
        `"tok":[${entry ? [...entry.tok].join() : ''}],"ref":[${entry ? [...entry.ref].join() : ''}],"txt":[${entry ? [...entry.txt].join() : ''}]}`,
    )
    for (const bit of [STRINGS, QUANTITIES, DATES]) {
      if (!(narrow & bit)) continue
      const rids = this.cleared.get(bit)
      if (rids) rids.push(row.rid)
      else this.cleared.set(bit, [row.rid])
    }
    this.values(row)
  }

  private values({ tenant, rid, type, entry }: Row) {
    if (!entry) return
    for (const { param, value, exact } of entry.strings)
      this.strings.row().int4(tenant).int8(param).int8(rid).text(value).text(exact)
    for (const { param, unit, unitCode, value, ucum } of entry.quantities) {
      this.quantities.row().int4(tenant).int8(param).int8(rid).int8(unit).int8(unitCode).numeric(value)
      if (ucum !== undefined) this.terms.unit.add(ucum)
    }
    if (entry.profiles) for (const profile of entry.profiles) this.terms.profile.add(profile)
    for (const { param, range } of entry.dates)
      this.dates.row().int4(tenant).int8(param).int8(rid).timestamp(range[0]).timestamp(range[1])
    if (entry.date) {
      const span = entry.date[1] - entry.date[0]
      if (span > (this.spans.get(type) ?? 0)) this.spans.set(type, span)
    }
  }

  get tables(): CopyRows[] {
    return [this.created, this.strings, this.quantities, this.dates]
  }

  /** The statements that must run before the COPYs: old value rows go, changed rows change. */
  statements(): Sql[] {
    const tables: Record<number, Sql> = {
      [STRINGS]: sql`string_value`,
      [QUANTITIES]: sql`quantity_value`,
      [DATES]: sql`date_value`,
    }
    const statements = [...this.cleared].map(
      ([bit, rids]) =>
        sql`delete from ${tables[bit]!} where tenant = ${this.tenant} and rid = any(${bigints(rids)}::bigint[])`,
    )
    if (this.updated.length)
      statements.push(sql`
        update resource r set version = x.version, at = x.at, deleted = x.deleted, narrow = x.narrow, patient = x.patient,
          date_lo = x.date_lo, date_hi = x.date_hi, tok = x.tok, ref = x.ref, txt = x.txt
        from json_to_recordset(${`[${this.updated.join()}]`}::json) as x(type smallint, rid bigint, version integer, at timestamptz,
          deleted boolean, narrow smallint, patient bigint, date_lo timestamptz, date_hi timestamptz, tok bigint[], ref bigint[], txt bigint[])
        where r.tenant = ${this.tenant} and r.type = x.type and r.rid = x.rid`)
    return statements
  }
}

/** The content of a `version v` as FHIR JSON: as PostgreSQL prints it, or as it came where that would change a number. */
export const contentText = raw('coalesce(v.verbatim, v.content::text)')

// jsonb keeps every digit of a decimal, but writes 1e2 as 100 and -0 as 0. A string that looks like it does no harm.
const CHANGED = /(?:":|[[,])(?:-?\d[\d.]*[eE][+-]?\d|-0(?:\.0*)?[,\]}])/

/** What `version.verbatim` holds: null for nearly everything. */
export const verbatim = (content: string): string | null => (CHANGED.test(content) ? content : null)

/** PostgreSQL's text of an instant; FHIR's years end at 9999, half-open ranges one day later. */
export function timestamp(ms: number): string {
  if (ms === Infinity || ms >= 253_402_300_800_000) return 'infinity'
  return ms === -Infinity ? '-infinity' : new Date(ms).toISOString()
}

/** How kept totals change when `before` (hashes of the old row) becomes `after`. */
export class TotalChanges {
  private readonly changes = new Map<bigint, number>()

  add(hash: bigint, n: number) {
    this.changes.set(hash, (this.changes.get(hash) ?? 0) + n)
  }

  replace(before: Iterable<bigint>, after: Iterable<bigint>) {
    for (const hash of before) if (isCounted(hash)) this.add(hash, -1)
    for (const hash of after) if (isCounted(hash)) this.add(hash, 1)
  }

  /** Rows short enough to stay in line: a reader adds up all that are not folded yet. */
  rows(tenant: number): CopyRows {
    const rows = new CopyRows('total_delta', ['tenant', 'hashes', 'ns'], 4096)
    const changes = [...this.changes].filter(([, n]) => n !== 0)
    for (let i = 0; i < changes.length; i += 500) {
      const part = changes.slice(i, i + 500)
      rows
        .row()
        .int4(tenant)
        .int8s(part.map(([hash]) => hash))
        .int4s(part.map(([, n]) => n))
    }
    return rows
  }
}

/** The spans that this process knows to be recorded in a database, so that the usual write asks nobody. */
const recorded = new WeakMap<Session, Map<string, number>>()
const DAY = 86_400_000
/** What is longer counts as endless: it can be taken from no year of FHIR's without leaving PostgreSQL's calendar. */
export const LONGEST_SPAN_DAYS = 100_000

/**
 * Makes `date_span` at least as long as these, before the rows are there and in a transaction of its own: a span that
 * is too long costs a search some rows, a lock held until the end of a bundle costs all other bundles their turn.
 */
export async function widenSpans(db: Session, tenant: number, spans: ReadonlyMap<number, number>): Promise<void> {
  let known = recorded.get(db)
  if (!known) {
    known = new Map()
    recorded.set(db, known)
  }
  for (const [type, span] of spans) {
    const name = `${tenant} ${type}`
    if (span <= (known.get(name) ?? 0)) continue
    // Rounded up to a power of two days, else every slightly longer period would be a write.
    const days = Math.min(2 ** Math.ceil(Math.log2(Math.max(span / DAY, 1))), LONGEST_SPAN_DAYS + 1)
    // Not by a session of the pool: the transaction that waits for this holds one, and so may all the others.
    await db.quick(sql`
      insert into date_span as d (tenant, type, span) values (${tenant}, ${type}, make_interval(days => ${days}))
      on conflict (tenant, type) do update set span = excluded.span where d.span < excluded.span`)
    known.set(name, days > LONGEST_SPAN_DAYS ? Infinity : days * DAY)
  }
}

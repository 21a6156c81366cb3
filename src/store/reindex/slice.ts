import type { Database, Transaction } from '../../db/database.js'
import { bigints, sql } from '../../db/sql.js'
import { parseJson } from '../../fhir/json.js'
import { typeName } from '../../fhir/type-codes.js'
import { ContainedRows } from '../../search/contained.js'
import type { Entry } from '../../search/entry.js'
import { entryOf } from '../../search/indexers.js'
import { CONTAINED, contentText, SearchRows, TotalChanges, widenSpans } from '../../search/layout.js'
import type { Registries } from '../../search/registries.js'
import { recordTerms } from '../../search/vocabulary.js'
import { hashesOf } from '../changes.js'
import type { Resource } from '../write.js'
import { differs, differsInside, type Indexed, indexedColumns, insideOf, valuesOf } from './difference.js'

/** Where a reindex stands in one type. */
export interface Place {
  tenant: number
  job: string
  /** number of the type */
  type: number
  /** rid of the row that was looked at last, and of the last one that is to be */
  position: bigint
  until: bigint
  /** instant: what was written before is what has to be looked at */
  before: string
}

interface Row extends Indexed {
  key: bigint
  id: string
  version: number
  at: number
  older: boolean
  /** null: the resource is deleted */
  content: string | null
}

/**
 * Looks at the next rows of a type, by row id, and rewrites the index of those whose entry is another one now.
 * A row that is written meanwhile is left to its writer: that knows the same parameters, or is refused.
 *
 * @returns whether there are further rows
 */
export async function slice(
  transaction: Transaction,
  { db, registries }: { db: Database; registries: Registries },
  place: Place,
  size: number,
): Promise<boolean> {
  const { tenant, job, type } = place
  const parameters = await registries.forWrite(transaction, tenant)
  const rows = await read(transaction, place, size)
  const own = parameters.indexers(typeName(type))
  const values = await valuesOf(
    transaction,
    tenant,
    rows.filter(({ narrow }) => narrow !== 0).map(({ rid }) => rid),
  )
  const inside = await insideOf(
    transaction,
    tenant,
    rows.filter(({ narrow }) => narrow & CONTAINED).map(({ key }) => key),
  )
  const wrong = new Map<bigint, { row: Row; entry: Entry }>()
  for (const row of rows) {
    if (row.content === null) continue
    const entry = entryOf(tenant, parseJson(row.content) as Resource, own)
    if (differs(row, values.get(row.rid) ?? [], entry) || differsInside(inside, row.key, entry.contained))
      wrong.set(row.rid, { row, entry })
  }

  const locked = await transaction.query<{ rid: bigint; version: number }>(sql`
    select r.rid, r.version from resource r where r.tenant = ${tenant}
      and r.key = any(${bigints([...wrong.values()].map(({ row }) => row.key))}::bigint[]) order by r.key for update`)
  const search = new SearchRows(tenant, 0)
  const contained = new ContainedRows(tenant)
  const totals = new TotalChanges()
  let changed = 0
  for (const { rid, version } of locked) {
    const { row, entry } = wrong.get(rid)!
    if (row.version !== version) continue
    search.update({ ...row, tenant, type, entry }, row.narrow)
    contained.add(typeName(type), { ...row, tenant, type, entry }, row.narrow)
    totals.replace(hashesOf(row.tok), entry.tok)
    changed++
  }
  await widenSpans(db, tenant, search.spans)
  await recordTerms(db, tenant, search.terms)
  await contained.announce(db)
  for (const statement of [...search.statements(), ...contained.statements()]) await transaction.query(statement)
  await transaction.query(sql`
    update reindex_progress p set position = ${rows.at(-1)?.rid ?? place.until},
      done = p.done + ${rows.filter(({ content }) => content !== null).length}::int,
      older = p.older + ${rows.filter(({ older }) => older).length}::int, changed = p.changed + ${changed}::int
    where p.tenant = ${tenant} and p.job = ${job} and p.type = ${type}`)
  const tables = [...search.tables, ...contained.tables, totals.rows(tenant)]
  await registries.fenced(tenant, transaction.copyAndCommit(tables, { before: parameters.fence }))
  return rows.length === size
}

function read(transaction: Transaction, { tenant, type, position, until, before }: Place, size: number) {
  return transaction.query<Row>(sql`
    select ${indexedColumns}, r.key, r.id, r.version, (extract(epoch from r.at) * 1000)::float8 as at,
      r.at < ${before}::timestamptz as older, ${contentText} as content
    from resource r join version v on v.tenant = r.tenant and v.rid = r.rid and v.version = r.version
    where r.tenant = ${tenant} and r.type = ${type} and r.rid > ${position} and r.rid <= ${until}
    order by r.rid limit ${size}`)
}

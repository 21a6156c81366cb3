import type { CodeSystem } from '@medplum/fhirtypes'
import { CopyRows } from '../../db/copy.js'
import type { Database } from '../../db/database.js'
import { join, raw, sql } from '../../db/sql.js'
import type { Draft } from './draft.js'
import type { Hierarchy } from './hierarchy.js'
import { Ordinals } from './ordinals.js'
import { parted, partition } from './tables.js'

/** What a code system is, beside its concepts. */
export interface Identity {
  /** 0: for all tenants */
  tenant: number
  /** Its loader: `icd10cm` */
  kind: string
  /** With url and version; its concepts are none. */
  header: CodeSystem & { url: string; version: string }
  /** What else the loader has to say. */
  details: Record<string, unknown>
}

export type Report = (line: string) => void

/** Further tables of one kind of system, written under its number before it can be seen. */
export interface Beside {
  /** Tables that are parted by code system, like `concept`. */
  tables: readonly string[]
  /** @param table  name of the partition of one of them */
  write(
    copy: (rows: CopyRows) => Promise<void>,
    partition: (table: string) => string,
    numbers: Hierarchy,
  ): Promise<void>
}

/** Rows that one message takes. */
const BATCH = 20_000
/** Key of the advisory locks by which others see that a load still runs. */
const LOADING = 7_460_001

/**
 * Writes the tables of a code system under a number of its own, gives them their indexes, and only then puts it in the
 * place of what was loaded with this url and version before. What fails leaves everything as it was.
 *
 * @returns the number of the code system
 * @throws Unprocessable  the draft's hierarchy is none
 */
export async function write(
  database: Database,
  draft: Draft,
  { tenant, kind, header, details }: Identity,
  report: Report,
  beside?: Beside,
): Promise<number> {
  await sweep(database)
  report(`${draft.size} concepts are numbered`)
  const numbers = draft.hierarchy()
  const weights = Buffer.alloc(2 * draft.size)
  numbers.arrival.forEach((from, at) => weights.writeUInt16LE(draft.kept[from]!.weight, 2 * at))

  // The lock is held as long as we live; without a statement that writes, this transaction holds nobody up.
  return database.transaction(async (guard) => {
    const [row] = await database.query<{ id: number }>(sql`
      insert into code_system (tenant, kind, url, version, status, header, details, concepts, weights)
      values (${tenant}, ${kind}, ${header.url}, ${header.version}, 'loading', ${JSON.stringify(header)},
        ${JSON.stringify(details)}, ${draft.size}, ${weights})
      returning id`)
    const { id } = row!
    await guard.query(sql`select pg_advisory_xact_lock(${LOADING}, ${id})`)
    const tables = [...parted, ...(beside?.tables ?? [])]
    for (const table of tables)
      await database.query(raw(`create table ${partition(table, id)} (like ${table} including defaults)`))
    const copy = (rows: CopyRows) => database.transaction((transaction) => transaction.copy([rows]))

    report('Concepts are written')
    await batches(
      copy,
      () => conceptRows(id),
      concepts(draft, numbers),
      (rows, row) => conceptRow(rows, id, row),
    )
    report('Words and values of properties are written')
    await batches(
      copy,
      () => wordRows(id),
      draft.words.numbered(numbers.ordinal),
      (rows, [term, ordinals]) =>
        rows.row().int4(id).int2(Number(term[0])).text(term.slice(1)).bytes(ordinals.encode()),
    )
    await batches(
      copy,
      () => postingRows(id),
      draft.values.numbered(numbers.ordinal),
      (rows, [term, ordinals]) => {
        const cut = term.indexOf('\n')
        rows
          .row()
          .int4(id)
          .text(term.slice(0, cut))
          .text(term.slice(cut + 1))
          .bytes(ordinals.encode())
      },
    )
    if (beside) await beside.write(copy, (table) => partition(table, id), numbers)

    report('Indexes are built')
    for (const table of tables)
      await database.transaction(async (transaction) => {
        await transaction.query(raw(`set local maintenance_work_mem = '256MB'`))
        await transaction.query(
          raw(`alter table ${table} attach partition ${partition(table, id)} for values in (${id})`),
        )
      })
    await database.query(raw(`analyze ${tables.map((table) => partition(table, id)).join(', ')}`))
    await database.transaction(async (transaction) => {
      await transaction.query(sql`
        update code_system set status = 'old', at = now()
        where status = 'whole' and tenant = ${tenant} and url = ${header.url} and version = ${header.version}`)
      await transaction.query(sql`update code_system set status = 'whole', at = now() where id = ${id}`)
    })
    return id
  })
}

/** Takes a code system away: nobody finds it any more; its tables go with the next sweep. */
export async function retire(database: Database, tenant: number, id: number): Promise<void> {
  await database.query(sql`
    update code_system set status = 'old', at = now() where tenant = ${tenant} and id = ${id} and status = 'whole'`)
}

/** Drops what was replaced or removed a while ago, and what a load that died has left. */
export async function sweep(database: Database): Promise<void> {
  const gone = await database.query<{ id: number }>(sql`
    select id from code_system
    where (status = 'old' and at < now() - interval '1 minute')
      or (status = 'loading' and at < now() - interval '1 minute' and pg_try_advisory_xact_lock(${LOADING}, id))`)
  for (const { id } of gone) {
    const tables = await database.query<{ name: string }>(sql`
      select c.oid::regclass::text as name from pg_class c
      where c.relkind = 'r' and c.relname ~ ${`^[a-z_]+_${id}$`} and pg_table_is_visible(c.oid)
        and split_part(c.relname, ${`_${id}`}, 1) in (select relname from pg_class where relkind = 'p')`)
    if (tables.length)
      await database.query(
        sql`drop table ${join(
          tables.map(({ name }) => raw(name)),
          ', ',
        )}`,
      )
    await database.query(sql`delete from code_system where id = ${id}`)
  }
}

async function batches<T>(
  copy: (rows: CopyRows) => Promise<void>,
  open: () => CopyRows,
  items: Iterable<T>,
  add: (rows: CopyRows, item: T) => void,
): Promise<void> {
  let rows = open()
  for (const item of items) {
    add(rows, item)
    if (rows.rows < BATCH) continue
    await copy(rows)
    rows = open()
  }
  await copy(rows)
}

const conceptRows = (id: number) =>
  new CopyRows(
    partition('concept', id),
    'system,ordinal,key,code,display,inactive,abstract,status,parents,children,below,details'.split(','),
  )
const wordRows = (id: number) => new CopyRows(partition('word', id), ['system', 'kind', 'word', 'ordinals'])
const postingRows = (id: number) => new CopyRows(partition('posting', id), ['system', 'property', 'value', 'ordinals'])

/** Of each property its values, and those that have any of them; also who has children or parents. */
function* valuesOf(draft: Draft, { ordinal, children, parents }: Hierarchy): Generator<[string, Ordinals]> {
  yield* draft.values.numbered(ordinal)
  const all = [...children.keys()]
  yield ['child\n', Ordinals.of(all.filter((at) => children[at]))]
  yield ['parent\n', Ordinals.of(all.filter((at) => parents[at]!.length > 0))]
}

interface Numbered {
  ordinal: number
  draft: Draft
  numbers: Hierarchy
}

function* concepts(draft: Draft, numbers: Hierarchy): Generator<Numbered> {
  for (let ordinal = 0; ordinal < draft.size; ordinal++) yield { ordinal, draft, numbers }
}

function conceptRow(rows: CopyRows, id: number, { ordinal, draft, numbers }: Numbered) {
  const { key, code, display, inactive, abstract, status, details } = draft.kept[numbers.arrival[ordinal]!]!
  const children = numbers.children[ordinal]
  const below = numbers.below[ordinal]
  rows.row().int4(id).int4(ordinal).text(key).text(code)
  if (display === undefined) rows.null()
  else rows.text(display)
  rows.bool(inactive).bool(abstract)
  if (status === undefined) rows.null()
  else rows.text(status)
  rows.int4s(numbers.parents[ordinal]!)
  if (children) rows.bytes(children.encode())
  else rows.null()
  if (below) rows.bytes(below.encode())
  else rows.null()
  rows.text(details)
}

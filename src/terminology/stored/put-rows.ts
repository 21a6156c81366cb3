import { CopyRows } from '../../db/copy.js'
import type { Database } from '../../db/database.js'
import type { Draft, Kept } from './draft.js'
import type { Hierarchy } from './hierarchy.js'
import { Ordinals } from './ordinals.js'
import { wordRows } from './postings.js'
import type { Put, Report } from './put.js'
import { partition } from './tables.js'

/** Rows that one message takes. */
const BATCH = 20_000

/** Writes into the partitions of one code system. */
export function putInto(database: Database, id: number): Put {
  const copy = (rows: CopyRows) => database.transaction((transaction) => transaction.copy([rows]))
  return async (table, columns, items, add) => {
    const open = () => new CopyRows(partition(table, id), ['system', ...columns])
    let rows = open()
    let taken = Promise.resolve()
    for (const item of items) {
      add(rows.row().int4(id), item)
      if (rows.rows < BATCH) continue
      // While PostgreSQL takes a batch, the next one is made.
      await taken
      taken = copy(rows)
      rows = open()
    }
    await taken
    await copy(rows)
  }
}

const CONCEPT = 'ordinal,key,code,display,inactive,abstract,status,parents,children,below,details'.split(',')

/** The tables that every code system has. */
export async function writeConcepts(put: Put, draft: Draft, numbers: Hierarchy, report: Report): Promise<void> {
  const { arrival, ordinal } = numbers
  report('Concepts are written')
  await put('concept', CONCEPT, arrival.entries(), (row, [at, from]) => conceptRow(row, at, draft.kept[from]!, numbers))
  report('Words and values of properties are written')
  await put('word', ['kind', 'word', 'ordinals'], wordRows(draft.words, ordinal), (row, [kind, word, ordinals]) =>
    row.int2(kind).text(word).bytes(ordinals.encode()),
  )
  await put('posting', ['property', 'value', 'ordinals'], valuesOf(draft, numbers), (row, [term, ordinals]) => {
    const cut = term.indexOf('\n')
    row.text(term.slice(0, cut))
    row.text(term.slice(cut + 1)).bytes(ordinals.encode())
  })
}

/** Of each property its values, and those that have any of them; also who has children or parents. */
function* valuesOf(draft: Draft, { ordinal, children, parents }: Hierarchy): Generator<[string, Ordinals]> {
  yield* draft.values.numbered(ordinal)
  const all = [...children.keys()]
  yield ['child\n', Ordinals.of(all.filter((at) => children[at]))]
  yield ['parent\n', Ordinals.of(all.filter((at) => parents[at]!.length > 0))]
}

function conceptRow(row: CopyRows, at: number, kept: Kept, { parents, children, below }: Hierarchy) {
  const { key, code, display, inactive, abstract, status, details } = kept
  row.int4(at).text(key).text(code)
  optional(row, display, (value) => row.text(value))
  row.bool(inactive).bool(abstract)
  optional(row, status, (value) => row.text(value))
  row.int4s(parents[at]!)
  optional(row, children[at], (set) => row.bytes(set.encode()))
  optional(row, below[at], (set) => row.bytes(set.encode()))
  row.text(details)
}

function optional<T>(row: CopyRows, value: T | undefined, write: (value: T) => void) {
  if (value === undefined) row.null()
  else write(value)
}

import { FhirError, Invalid, TooCostly, Unprocessable } from '../base/errors.js'
import type { Database } from '../db/database.js'
import type { Sql } from '../db/sql.js'
import { SEVERAL } from './select.js'
import type { CompiledView } from './view.js'

/** A row: its resource, and JSON text by column, null where there is no value. */
export interface Row {
  readonly rid: bigint
  readonly cells: readonly (string | null)[]
}

/** Rows that PostgreSQL is asked for at a time, and that are held. */
const BATCH = 1000

/**
 * The rows of a view, batch by batch; they are there as long as somebody takes them.
 *
 * @throws Unprocessable  the data has several values for a column that takes one, or values the view cannot compute
 *   with (422)
 */
export async function* rowsOf(db: Database, view: CompiledView, statement: Sql, signal?: AbortSignal) {
  try {
    for await (const batch of db.batches<Record<string, string | null> & { rid: bigint }>(statement, BATCH, signal)) {
      yield batch.map((row): Row => ({ rid: row.rid, cells: view.columns.map((_, i) => cell(view, row, i)) }))
    }
  } catch (cause) {
    throw explained(cause)
  }
}

function cell({ columns }: CompiledView, row: Record<string, unknown>, i: number): string | null {
  const text = row[`c${i}`] as string | null
  if (text !== SEVERAL) return text
  const { name, at } = columns[i]!
  throw new Unprocessable(
    `Column ${name} has several values in one row: take one of them, as by first(), or make it a collection`,
    { expression: [at] },
  )
}

/** What PostgreSQL can find wrong only when it looks at the data; anything else is passed on as it is. */
function explained(cause: unknown): unknown {
  const code = (cause as { code?: unknown }).code
  if (cause instanceof FhirError || typeof code !== 'string') return cause
  if (code === '21000')
    return new Unprocessable(
      'An operator or function of the view is given several values where it takes one: choose by first() or where()',
      { cause },
    )
  if (code === '2201B') return new Invalid('A regular expression in the view is not one', { cause })
  if (code.startsWith('22'))
    return new Unprocessable('The data has a value that the view cannot compute with: not a number, date or boolean', {
      cause,
    })
  if (code.startsWith('54')) return new TooCostly('The view is too large for one statement', { cause })
  return cause
}

import type { Release, ReleaseFile } from '../../release/release.js'
import { lines, type Record, wrongLine } from '../../release/text.js'

/** A table that may come without a header. */
export interface Positional {
  /** The columns in their order. */
  readonly columns: readonly string[]
  readonly delimiter: string
  /** Names in a header, by column; without one that begins so the first line is a row. */
  readonly header: RegExp
}

/** The rows of a table whose columns are known by their place, with or without a header before them. */
export async function* positional(
  release: Release,
  file: ReleaseFile,
  { columns, delimiter, header }: Positional,
): AsyncGenerator<Record<string>> {
  for await (const { number, text } of lines(release, file)) {
    if (text.trim() === '' || (number === 1 && header.test(text))) continue
    const values = text.split(delimiter)
    if (values.length < 2) throw wrongLine(file, number, `“${text.slice(0, 40)}”`, columns.join(delimiter))
    yield { line: number, get: (column) => values[columns.indexOf(column)]?.trim() ?? '' }
  }
}

import { StringDecoder } from 'node:string_decoder'
import { type Options, parse } from 'csv-parse'
import { Unprocessable } from '../../base/errors.js'
import type { Release, ReleaseFile } from './release.js'

/** A line of a file, counted from 1. */
export interface Line {
  readonly number: number
  readonly text: string
}

const BOM = '\uFEFF'

/** @param encoding  of old fixed-width files that is not UTF-8 */
export async function* lines(
  release: Release,
  file: ReleaseFile,
  encoding: 'utf8' | 'latin1' = 'utf8',
): AsyncGenerator<Line> {
  const decoder = new StringDecoder(encoding)
  let rest = ''
  let number = 0
  for await (const chunk of await release.open(file)) {
    const texts = (rest + decoder.write(chunk as Buffer)).split('\n')
    rest = texts.pop()!
    for (const text of texts) {
      number++
      yield { number, text: clean(text, number) }
    }
  }
  rest += decoder.end()
  if (rest) yield { number: number + 1, text: clean(rest, number + 1) }
}

const clean = (text: string, number: number) =>
  (number === 1 && text.startsWith(BOM) ? text.slice(1) : text).replace(/\r$/, '')

/** A line that is not what it should be. */
export const wrongLine = (file: ReleaseFile, line: number, found: string, expected: string) =>
  new Unprocessable(`${file.path}, line ${line}: ${found}; expected ${expected}`)

/** A row of a table by the names of its columns. */
export interface Record<Column extends string> {
  readonly line: number
  /** Text of a column, '' where the file has no such column. */
  get(column: Column): string
}

export interface Columns<Column extends string> {
  readonly required: readonly Column[]
  readonly optional?: readonly Column[]
  /** Other names of a column in other releases; case and what is between words make no difference. */
  readonly also?: Partial<{ readonly [C in Column]: readonly string[] }>
}

/** How a table is written. */
export interface Form {
  delimiter?: ',' | '\t' | '|'
  /** No quotes: a `"` is just a character. */
  plain?: boolean
  encoding?: 'utf8' | 'latin1'
}

/**
 * The rows of a table whose first line names its columns, in any order.
 * @throws Unprocessable  a column is missing, or a row has not as many values as the header (422)
 */
export async function* table<Column extends string>(
  release: Release,
  file: ReleaseFile,
  columns: Columns<Column>,
  { delimiter = ',', plain = false, encoding = 'utf8' }: Form = {},
): AsyncGenerator<Record<Column>> {
  const options: Options = {
    delimiter,
    bom: true,
    encoding,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    ...(plain ? { quote: null } : { relax_quotes: true }),
  }
  const stream = await release.open(file)
  const parser = stream.pipe(parse(options))
  stream.on('error', (cause) => parser.destroy(cause))
  let places: Map<Column, number> | undefined
  let width = 0
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (!places) {
        places = placesOf(file, columns, record)
        width = record.length
        continue
      }
      if (record.length !== width && record.length !== width + 1)
        throw wrongLine(file, info.lines, `${record.length} columns`, `${width}, as many as the header names`)
      const at = places
      yield { line: info.lines, get: (column) => record[at.get(column) ?? -1] ?? '' }
    }
  } catch (cause) {
    const { code, lines: line } = cause as { code?: string; lines?: number }
    if (!code?.startsWith('CSV_')) throw cause
    throw wrongLine(file, line ?? 1, 'a quote that is not closed, or stands where none may', 'a table')
  }
  if (!places) throw wrongLine(file, 1, 'nothing', `a header with ${columns.required.join(', ')}`)
}

function placesOf<Column extends string>(
  file: ReleaseFile,
  { required, optional = [], also = {} }: Columns<Column>,
  header: readonly string[],
): Map<Column, number> {
  const named = new Map(header.map((name, at) => [folded(name), at]))
  const places = new Map<Column, number>()
  for (const column of [...required, ...optional]) {
    const names = [column, ...((also as { [name: string]: readonly string[] })[column] ?? [])]
    const at = names.map((name) => named.get(folded(name))).find((place) => place !== undefined)
    if (at !== undefined) places.set(column, at)
  }
  const missing = required.filter((column) => !places.has(column))
  if (missing.length)
    throw wrongLine(file, 1, `a header without ${missing.join(', ')}`, `the columns ${required.join(', ')}`)
  return places
}

const folded = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '')

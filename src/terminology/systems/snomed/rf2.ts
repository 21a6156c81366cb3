import { StringDecoder } from 'node:string_decoder'
import type { Release, ReleaseFile } from '../../release/release.js'
import { wrongLine } from '../../release/text.js'

/** A row of a file in release format 2: its values in the order of the columns that were asked for. */
export interface Row {
  readonly file: ReleaseFile
  readonly line: number
  readonly cells: readonly string[]
}

/**
 * Reads files in release format 2: tab-separated, with a header, without quotes. Of a component that several of the files
 * have (an edition and its extension) the latest counts.
 *
 * @param columns  names as in the header; the first three are `id`, `effectiveTime` and `active`
 * @param visit  given each row; of millions, waiting for each would take longer than reading it
 * @throws Unprocessable  a column is missing, or a line is none of such a file (422)
 * @see https://docs.snomed.org/snomed-ct-specifications/snomed-ct-release-file-specification
 */
export async function eachRow(
  release: Release,
  files: readonly ReleaseFile[],
  columns: readonly string[],
  visit: (row: Row) => void,
): Promise<void> {
  const [only, ...others] = files
  if (only && others.length === 0) return eachRowIn(release, only, columns, visit)
  const latest = new Map<string, Row>()
  for (const file of files)
    await eachRowIn(release, file, columns, (row) => {
      const known = latest.get(row.cells[0]!)
      if (!known || known.cells[1]! <= row.cells[1]!) latest.set(row.cells[0]!, row)
    })
  for (const row of latest.values()) visit(row)
}

async function eachRowIn(
  release: Release,
  file: ReleaseFile,
  columns: readonly string[],
  visit: (row: Row) => void,
): Promise<void> {
  const decoder = new StringDecoder('utf8')
  let reader: ((text: string, line: number) => Row) | undefined
  let rest = ''
  let line = 0
  const read = (text: string) => {
    line++
    const whole = text.endsWith('\r') ? text.slice(0, -1) : text
    if (!reader) reader = readerOf(file, whole.replace(/^\uFEFF/, ''), columns)
    else if (whole !== '') visit(reader(whole, line))
  }
  for await (const chunk of await release.open(file)) {
    const texts = (rest + decoder.write(chunk as Buffer)).split('\n')
    rest = texts.pop()!
    for (const text of texts) read(text)
  }
  read(rest + decoder.end())
}

function readerOf(file: ReleaseFile, header: string, columns: readonly string[]) {
  const names = header.split('\t')
  const missing = columns.filter((name) => !names.includes(name))
  if (missing.length) throw wrongLine(file, 1, `a header without ${missing.join(', ')}`, columns.join(', '))
  const places = columns.map((name) => names.indexOf(name))
  return (text: string, line: number): Row => {
    const values = text.split('\t')
    if (values.length !== names.length)
      throw wrongLine(file, line, `${values.length} values`, `${names.length} separated by tabs, as in the header`)
    const cells = places.map((place) => values[place]!)
    if (!/^\d{8}$/.test(cells[1]!)) throw wrongLine(file, line, `the effectiveTime ${cells[1]}`, 'eight digits')
    if (cells[2] !== '0' && cells[2] !== '1') throw wrongLine(file, line, `active ${cells[2]}`, '0 or 1')
    return { file, line, cells }
  }
}

/** Names of the columns of a file. */
export async function headerOf(file: ReleaseFile): Promise<readonly string[]> {
  const stream = await file.open()
  let text = ''
  for await (const chunk of stream) {
    text += String(chunk)
    if (text.includes('\n')) break
  }
  stream.destroy()
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/, 1)[0]!
    .split('\t')
}

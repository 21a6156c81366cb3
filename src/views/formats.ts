import { Invalid, NotAcceptable } from '../base/errors.js'
import type { Exchange } from '../rest/exchange.js'
import type { Row } from './rows.js'

/** How a table is written. */
export interface Format {
  readonly contentType: string
  /** @param names  of the columns */
  write(names: readonly string[], rows: AsyncIterable<readonly Row[]>): AsyncGenerator<string>
}

type Name = 'json' | 'ndjson' | 'csv'

/** What Accept may call a format; the first is its own name. */
const mediaTypes: Record<Name, readonly string[]> = {
  ndjson: ['application/x-ndjson', 'application/ndjson', 'application/fhir+ndjson'],
  json: ['application/json', 'application/fhir+json', 'text/json'],
  csv: ['text/csv'],
}

/**
 * The format of an answer: as `_format` says, in the body or the URL, else `Accept`, else NDJSON.
 *
 * @param header  whether CSV begins with the names of the columns
 * @throws Invalid  there is no such format (400)
 * @throws NotAcceptable  Accept names only what there is not (406)
 * @see https://sql-on-fhir.org/ig/operations-common.html#content-negotiation
 */
export function formatOf({ accept, format }: Exchange, asked: string | undefined, header: boolean): Format {
  const wanted = asked ?? format
  if (wanted === undefined) return formats[preferred(accept)](header)
  const name = names.find((one) => one === wanted || mediaTypes[one].includes(wanted))
  if (!name) throw new Invalid(`_format=${wanted.slice(0, 64)} cannot be served; there is ${names.join(', ')}`)
  return formats[name](header)
}

const names = Object.keys(mediaTypes) as Name[]

/** The first in the header that there is; what has a lower weight comes after. */
function preferred(accept = '*/*'): Name {
  const ranges = accept.split(',').map((range) => {
    const [type = '', ...parameters] = range
      .toLowerCase()
      .split(';')
      .map((part) => part.trim())
    const weight = parameters.find((one) => one.startsWith('q='))?.slice(2)
    return { type, weight: weight === undefined ? 1 : Number(weight) || 0 }
  })
  for (const { type, weight } of ranges.sort((a, b) => b.weight - a.weight)) {
    const found = names.find((name) => mediaTypes[name].includes(type))
    if (weight > 0 && found) return found
    if (weight > 0 && ['', '*/*', 'application/*', 'application/octet-stream'].includes(type)) return 'ndjson'
  }
  throw new NotAcceptable(
    `Accept: ${accept.slice(0, 100)} cannot be served; there is ${names.map((name) => mediaTypes[name][0]).join(', ')}`,
  )
}

const formats: Record<Name, (header: boolean) => Format> = {
  json: () => ({ contentType: 'application/json', write: json }),
  ndjson: () => ({ contentType: 'application/x-ndjson', write: ndjson }),
  csv: (header) => ({
    contentType: `text/csv; charset=utf-8; header=${header ? 'present' : 'absent'}`,
    write: (names, rows) => csv(names, rows, header),
  }),
}

/** A row as a JSON object; cells are JSON already. */
function objectWriter(names: readonly string[]): (row: Row) => string {
  const keys = names.map((name, i) => `${i ? ',' : '{'}${JSON.stringify(name)}:`)
  return ({ cells }) => `${keys.map((key, i) => key + (cells[i] ?? 'null')).join('')}}`
}

async function* json(names: readonly string[], batches: AsyncIterable<readonly Row[]>) {
  const object = objectWriter(names)
  let before = '['
  for await (const rows of batches) {
    yield before + rows.map(object).join(',\n')
    before = ',\n'
  }
  yield before === '[' ? '[]' : ']'
}

async function* ndjson(names: readonly string[], batches: AsyncIterable<readonly Row[]>) {
  const object = objectWriter(names)
  for await (const rows of batches) yield rows.map((row) => `${object(row)}\n`).join('')
}

/** https://www.rfc-editor.org/rfc/rfc4180 */
async function* csv(names: readonly string[], batches: AsyncIterable<readonly Row[]>, header: boolean) {
  let before = header ? `${names.join(',')}\r\n` : ''
  for await (const rows of batches) {
    yield before + rows.map(({ cells }) => `${cells.map(field).join(',')}\r\n`).join('')
    before = ''
  }
  if (before) yield before
}

/** Nothing is no value, `""` is an empty text; a list or an object is its JSON. */
function field(cell: string | null): string {
  if (cell === null) return ''
  const text: string = cell.startsWith('"') ? JSON.parse(cell) : cell
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import { brotliCompress, createBrotliCompress, createGzip, gzip, constants as zlib } from 'node:zlib'
import type { Config } from '../base/config.js'
import { Spliced, type Text } from '../base/spliced.js'
import type { Answer } from '../rest/exchange.js'
import { quality } from './negotiate.js'

// Levels that keep up with the database: the highest take many times as long for a tenth less.
const gzipOptions = { level: 4 }
const brotliOptions = {
  params: { [zlib.BROTLI_PARAM_QUALITY]: 4, [zlib.BROTLI_PARAM_MODE]: zlib.BROTLI_MODE_TEXT },
}

const codings = {
  br: {
    whole: (text: Buffer) => promisify(brotliCompress)(text, brotliOptions),
    stream: (): Transform => createBrotliCompress(brotliOptions),
  },
  gzip: {
    whole: (text: Buffer) => promisify(gzip)(text, gzipOptions),
    stream: (): Transform => createGzip(gzipOptions),
  },
}
export type Coding = keyof typeof codings

/**
 * How a body is to be compressed: as the client likes best, where there is something to save or the client does not
 * take it as it is; undefined for not at all, which is also the answer to a header that leaves nothing.
 *
 * @param accepted  `Accept-Encoding`
 * @param body      absent for one that comes piece by piece, and is taken for long
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding
 */
export function codingOf(
  accepted: string,
  body: Answer['body'],
  { compressFromBytes: from }: Pick<Config, 'compressFromBytes'>,
): Coding | undefined {
  if (from === 0) return undefined
  const isShort = typeof body === 'string' && body.length < from && Buffer.byteLength(body) < from
  // Most answers are short, and few clients refuse them as they are.
  if (isShort && !/identity|\*/i.test(accepted)) return undefined
  const weights = new Map<string, number>()
  for (const part of accepted.toLowerCase().split(',')) {
    const [name = '', q] = part.trim().split(/\s*;\s*q=/)
    weights.set(name.replace(/^x-gzip$/, 'gzip'), quality(q))
  }
  const any = weights.get('*')
  if (isShort && (weights.get('identity') ?? any ?? 1) > 0) return undefined
  const weight = (name: string) => weights.get(name) ?? any ?? 0
  const [best] = (Object.keys(codings) as Coding[]).sort((a, b) => weight(b) - weight(a))
  return weight(best!) > 0 ? best : undefined
}

/** An answer as it goes out. */
export type Sent = Omit<Answer, 'body' | 'stream'> & { body?: Text }

export async function compressed({ body, headers, ...answer }: Answer, coding: Coding): Promise<Sent> {
  const bytes = await codings[coding].whole(body instanceof Spliced ? body.bytes() : Buffer.from(body!))
  return { ...answer, headers: { ...headers, 'Content-Encoding': coding }, body: bytes }
}

/** Compresses what is written to it. */
export const compressor = (coding: Coding): Transform => codings[coding].stream()

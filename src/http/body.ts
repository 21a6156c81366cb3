import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import { Invalid, TooLong, UnsupportedMediaType } from '../base/errors.js'
import { stringifyJson } from '../fhir/json.js'
import { parseXml } from '../fhir/xml/parse.js'
import { bodyTypes, formatNamed, parseMediaType } from './negotiate.js'

const patchTypes = ['application/json-patch+json', 'application/xml-patch+xml']
const form = 'application/x-www-form-urlencoded'

const decoders: Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
}

/** Whether the head of a request announces a body. https://www.rfc-editor.org/rfc/rfc9112#section-6.3 */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/**
 * The media type of a body, when it is one that may be sent there.
 *
 * @param path  decoded segments below the FHIR base
 * @param others  what an operation takes instead of FHIR
 * @returns     lower case, without parameters: `application/fhir+json`
 * @throws UnsupportedMediaType  names what may be sent (415)
 */
export function acceptedType(
  header: string | undefined,
  method: string,
  path: readonly string[],
  others: readonly string[] = [],
): string {
  const { type, parameters } = parseMediaType(header ?? '')
  const isSearch = method === 'POST' && path.at(-1) === '_search'
  const special = isSearch ? [form] : method === 'PATCH' ? patchTypes : others
  const supported = (isSearch ? special : [...bodyTypes, ...special]).join(', ')
  if (!header) throw new UnsupportedMediaType(`The body has no Content-Type; supported here: ${supported}`)
  const isFhir = !isSearch && bodyTypes.includes(type) && formatNamed(header) !== undefined
  if (!isFhir && !special.includes(type)) {
    throw new UnsupportedMediaType(`Content-Type ${type} is not supported here; supported: ${supported}`)
  }
  const { charset = 'utf-8' } = parameters
  if (charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    throw new UnsupportedMediaType(`The charset ${charset} is not supported; FHIR is UTF-8`)
  }
  return type
}

/**
 * What is sent as FHIR XML, as JSON: below the door there is only that.
 * @throws Invalid  not FHIR XML; says what stands where (400)
 */
export function asJson(type: string, body: string): { contentType: string; body: string } {
  if (body === '' || formatNamed(type) !== 'xml') return { contentType: type, body }
  return { contentType: 'application/fhir+json', body: stringifyJson(parseXml(body)) }
}

/**
 * The body as text, as received: inflated, without a byte order mark.
 *
 * @param limit  largest size in bytes, as sent and inflated
 * @throws TooLong  as soon as the size is known to be over the limit (413); what is still on its way is not read
 * @throws UnsupportedMediaType  an unknown Content-Encoding (415)
 * @throws Invalid  not what Content-Encoding says, or not UTF-8 (400)
 */
export async function readBody(req: IncomingMessage, limit: number): Promise<string> {
  const encoding = req.headers['content-encoding']?.trim().toLowerCase() || 'identity'
  const decode = decoders[encoding]
  if (!decode && encoding !== 'identity') {
    throw new UnsupportedMediaType(`Content-Encoding ${encoding} is not supported; gzip, deflate and br are`)
  }
  if (Number(req.headers['content-length']) > limit) throw tooLong(limit)
  const bytes = await receive(req, limit)
  return textOf(decode ? await inflated(bytes, decode, encoding, limit) : bytes)
}

function receive(req: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    req.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) {
        chunks.push(chunk)
      } else {
        chunks.length = 0
        reject(tooLong(limit))
      }
    })
    req.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)))
    req.on('error', reject)
  })
}

async function inflated(
  bytes: Buffer,
  decode: (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>,
  encoding: string,
  limit: number,
): Promise<Buffer> {
  try {
    return await decode(bytes, { maxOutputLength: limit })
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong(limit)
    throw new Invalid(`The body is not ${encoding}, as Content-Encoding says`, { cause })
  }
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Invalid('The body is not UTF-8')
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return bytes.toString('utf8', marked ? 3 : 0)
}

function tooLong(limit: number): TooLong {
  return new TooLong(`The body is larger than ${limit} bytes, the most that is accepted`)
}

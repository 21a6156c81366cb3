import { type FileHandle, open } from 'node:fs/promises'
import { type Readable, Transform } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import { Unprocessable } from '../../base/errors.js'

/** A file in a zip archive. */
export interface ZipEntry {
  readonly name: string
  /** Of the file, not of what is packed. */
  readonly size: number
  open(): Promise<Readable>
}

/** https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3 and 4.5.3 */
const END = { signature: 0x06054b50, size: 22, longestComment: 0xffff }
const END64_LOCATOR = { signature: 0x07064b50, size: 20 }
const END64 = { signature: 0x06064b50, size: 56 }
const CENTRAL = { signature: 0x02014b50, size: 46 }
const LOCAL = { signature: 0x04034b50, size: 30 }
const ZIP64_EXTRA = 1
const STORED = 0
const DEFLATED = 8

/**
 * The files in a zip archive, read by its central directory; nothing is unpacked but what is opened, and that streams.
 * @throws Unprocessable  it is no zip archive, or a broken one (422)
 */
export async function zipEntries(path: string): Promise<ZipEntry[]> {
  const file = await open(path)
  try {
    const directory = await directoryOf(file, path)
    return [...entriesOf(directory, path)]
  } finally {
    await file.close()
  }
}

async function directoryOf(file: FileHandle, path: string): Promise<Buffer> {
  const { size } = await file.stat()
  const tail = await part(file, Math.max(0, size - END.size - END.longestComment), size)
  const at = endIn(tail)
  if (at < 0) throw new Unprocessable(`${path} is no whole zip archive: its directory is missing at the end`)
  let length = tail.readUInt32LE(at + 12)
  let offset = tail.readUInt32LE(at + 16)
  const locator = at - END64_LOCATOR.size
  if (locator >= 0 && tail.readUInt32LE(locator) === END64_LOCATOR.signature) {
    const start = Number(tail.readBigUInt64LE(locator + 8))
    const end64 = await part(file, start, start + END64.size)
    if (end64.length < END64.size || end64.readUInt32LE(0) !== END64.signature) throw broken(path)
    length = Number(end64.readBigUInt64LE(40))
    offset = Number(end64.readBigUInt64LE(48))
  }
  const directory = await part(file, offset, offset + length)
  if (directory.length < length) throw broken(path)
  return directory
}

/** Where the end of the directory begins; its comment, which may look like one, reaches to the end of the file. */
function endIn(tail: Buffer): number {
  const signature = littleEndian(END.signature)
  for (let at = tail.length - END.size; at >= 0; at--) {
    at = tail.lastIndexOf(signature, at)
    if (at < 0 || at + END.size + tail.readUInt16LE(at + 20) === tail.length) return at
  }
  return -1
}

function* entriesOf(directory: Buffer, path: string): Generator<ZipEntry> {
  for (let at = 0; at < directory.length; ) {
    if (at + CENTRAL.size > directory.length || directory.readUInt32LE(at) !== CENTRAL.signature) throw broken(path)
    const flags = directory.readUInt16LE(at + 8)
    const method = directory.readUInt16LE(at + 10)
    const crc = directory.readUInt32LE(at + 16)
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      directory.readUInt16LE(at + field),
    ) as [number, number, number]
    const name = directory.toString('utf8', at + CENTRAL.size, at + CENTRAL.size + nameLength)
    const extraStart = at + CENTRAL.size + nameLength
    const [size, packed, offset] = sizes(directory, at, directory.subarray(extraStart, extraStart + extraLength))
    at = extraStart + extraLength + commentLength
    if (name.endsWith('/')) continue
    const packing = { name: `${path}: ${name}`, method, encrypted: (flags & 1) === 1, crc, size, packed, offset }
    yield { name, size, open: () => unpacked(path, packing) }
  }
}

/** Numbers that do not fit into 32 bits stand in an extra field, those only, in this order. */
function sizes(directory: Buffer, at: number, extra: Buffer): [size: number, packed: number, offset: number] {
  const short = [24, 20, 42].map((field) => directory.readUInt32LE(at + field))
  let long: Buffer = Buffer.alloc(0)
  for (let i = 0; i + 4 <= extra.length; i += 4 + extra.readUInt16LE(i + 2))
    if (extra.readUInt16LE(i) === ZIP64_EXTRA) long = extra.subarray(i + 4, i + 4 + extra.readUInt16LE(i + 2))
  let taken = 0
  const whole = short.map((value) => {
    if (value !== 0xffffffff || long.length < taken + 8) return value
    taken += 8
    return Number(long.readBigUInt64LE(taken - 8))
  })
  return whole as [number, number, number]
}

interface Packing {
  name: string
  method: number
  encrypted: boolean
  crc: number
  size: number
  packed: number
  offset: number
}

async function unpacked(
  path: string,
  { name, method, encrypted, crc, size, packed, offset }: Packing,
): Promise<Readable> {
  if (encrypted) throw new Unprocessable(`${name} is encrypted; unpack the archive and load the folder`)
  if (method !== STORED && method !== DEFLATED)
    throw new Unprocessable(`${name} is packed by method ${method}; unpack the archive and load the folder`)
  const file = await open(path)
  const local = await part(file, offset, offset + LOCAL.size)
  if (local.length < LOCAL.size || local.readUInt32LE(0) !== LOCAL.signature) {
    await file.close()
    throw broken(path)
  }
  const start = offset + LOCAL.size + local.readUInt16LE(26) + local.readUInt16LE(28)
  if (packed === 0) await file.close()
  const raw = packed === 0 ? empty() : file.createReadStream({ start, end: start + packed - 1 })
  const checked = checking(name, crc, size)
  const through = method === DEFLATED && packed > 0 ? [createInflateRaw(), checked] : [checked]
  let stream: Readable = raw
  for (const next of through) {
    stream.on('error', (cause) => next.destroy(cause))
    stream = stream.pipe(next)
  }
  return stream
}

const empty = () => new Transform().end()

/** Passes everything on, and fails at the end when it is not what was packed. */
function checking(name: string, crc: number, size: number): Transform {
  let sum = 0
  let length = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sum = crc32(chunk, sum)
      length += chunk.length
      done(null, chunk)
    },
    flush(done) {
      const right = sum === crc && length === size
      done(right ? null : new Unprocessable(`${name} is damaged: its checksum is not what the archive says`))
    },
  })
}

async function part(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.max(0, to - from))
  const { bytesRead } = await file.read(buffer, 0, buffer.length, from)
  return buffer.subarray(0, bytesRead)
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

const broken = (path: string) => new Unprocessable(`${path} is a zip archive whose directory is damaged`)

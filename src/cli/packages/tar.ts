import type { Readable } from 'node:stream'

export interface TarFile {
  /** As the archive has it: `package/ValueSet-colours.json` */
  path: string
  content: Buffer
}

const BLOCK = 512
/** Kinds of entries: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html */
const FILE = new Set(['0', '\0'])
const LONG_NAME = 'L'
const EXTENDED = 'x'

/**
 * The files of a tar archive in their order, one after the other in memory.
 *
 * @throws Error  it is no tar archive, or ends too early
 */
export async function* tarFiles(archive: Readable): AsyncGenerator<TarFile> {
  const bytes = new Bytes(archive)
  let longName: string | undefined
  for (;;) {
    const header = await bytes.take(BLOCK)
    if (header === undefined || header.every((byte) => byte === 0)) return
    if (!hasItsSum(header)) throw new Error('it is no tar archive')
    const size = Number.parseInt(textOf(header, 124, 12), 8)
    const kind = String.fromCharCode(header[156]!)
    const padded = Math.ceil(size / BLOCK) * BLOCK
    const content = padded === 0 ? Buffer.alloc(0) : await bytes.take(padded)
    if (content === undefined) throw new Error('it ends too early')
    const data = content.subarray(0, size)
    if (kind === LONG_NAME) longName = textOf(data, 0, size)
    else if (kind === EXTENDED) longName = /(?:^|\n)\d+ path=([^\n]*)\n/.exec(data.toString())?.[1] ?? longName
    else {
      const prefix = textOf(header, 257, 5) === 'ustar' ? textOf(header, 345, 155) : ''
      const path = longName ?? [prefix, textOf(header, 0, 100)].filter(Boolean).join('/')
      longName = undefined
      if (FILE.has(kind)) yield { path, content: Buffer.from(data) }
    }
  }
}

const textOf = (bytes: Buffer, start: number, length: number): string =>
  bytes
    .subarray(start, start + length)
    .toString()
    .replace(/\0.*$/s, '')
    .trim()

/** The sum of a header's bytes, those of the sum itself as blanks. */
function hasItsSum(header: Buffer): boolean {
  const sum = header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 0x20 : byte), 0)
  return sum === Number.parseInt(textOf(header, 148, 8), 8)
}

/** A stream, by numbers of bytes. */
class Bytes {
  private readonly chunks: AsyncIterator<Buffer>
  private held: Buffer[] = []
  private size = 0

  constructor(stream: Readable) {
    this.chunks = stream[Symbol.asyncIterator]()
  }

  /** @returns undefined at the end */
  async take(length: number): Promise<Buffer | undefined> {
    while (this.size < length) {
      const { value, done } = await this.chunks.next()
      if (done) return undefined
      this.held.push(value)
      this.size += value.length
    }
    const all = Buffer.concat(this.held)
    this.held = [all.subarray(length)]
    this.size -= length
    return all.subarray(0, length)
  }
}

import { crc32, deflateRawSync } from 'node:zlib'

interface Twists {
  /** 0 stored, 8 deflated */
  method?: 0 | 8
  /** What the directory says the method is. */
  claimed?: number
  zip64?: boolean
  comment?: string
  flags?: number
  crc?: number
  /** In place of that of an entry of the directory. */
  signature?: number
}

/** A zip archive as others write it, or one with something wrong. */
export function zip(files: Record<string, string>, twists: Twists = {}): Buffer {
  const { method = 8, claimed = method, zip64 = false, comment = '', flags = 0, signature = 0x02014b50 } = twists
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text)
    const packed = method === 8 ? deflateRawSync(content) : content
    const crc = twists.crc ?? crc32(content)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50)
    local.writeUInt16LE(name.length, 26)
    parts.push(local, Buffer.from(name), packed)
    const extra = zip64 ? Buffer.alloc(28) : Buffer.alloc(0)
    if (zip64) {
      extra.writeUInt16LE(1)
      extra.writeUInt16LE(24, 2)
      for (const [i, value] of [content.length, packed.length, offset].entries())
        extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i)
    }
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(signature)
    entry.writeUInt16LE(flags, 8)
    entry.writeUInt16LE(claimed, 10)
    entry.writeUInt32LE(crc, 16)
    entry.writeUInt32LE(zip64 ? 0xffffffff : packed.length, 20)
    entry.writeUInt32LE(zip64 ? 0xffffffff : content.length, 24)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt16LE(extra.length, 30)
    entry.writeUInt32LE(zip64 ? 0xffffffff : offset, 42)
    directory.push(entry, Buffer.from(name), extra)
    offset += local.length + name.length + packed.length
  }
  const listed = Buffer.concat(directory)
  const end64 = zip64 ? endOf64(listed.length, offset) : Buffer.alloc(0)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  end.writeUInt32LE(zip64 ? 0xffffffff : listed.length, 12)
  end.writeUInt32LE(zip64 ? 0xffffffff : offset, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...parts, listed, end64, end, Buffer.from(comment, 'latin1')])
}

/** The long end of the directory, and where it is. */
function endOf64(length: number, offset: number): Buffer {
  const end = Buffer.alloc(56)
  end.writeUInt32LE(0x06064b50)
  end.writeBigUInt64LE(BigInt(length), 40)
  end.writeBigUInt64LE(BigInt(offset), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50)
  locator.writeBigUInt64LE(BigInt(offset + length), 8)
  return Buffer.concat([end, locator])
}

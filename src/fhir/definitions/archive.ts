import { createHash } from 'node:crypto'
import { fstatSync, openSync, readSync } from 'node:fs'
import { freeze } from '../../base/freeze.js'
import { Lately } from '../../base/lately.js'
import { type Canonicals, type CanonicalType, urlsOf } from '../library.js'

// An archive is JSON texts, one behind the other; then its index as JSON; then in eight bytes where that begins. It is
// never in memory as a whole: what somebody asks for is read and parsed then.

/** Where a text stands, in bytes. */
type Place = readonly [offset: number, length: number]

interface Index {
  /** Of the content: two archives that say the same have the same. */
  readonly revision: string
  /** Type → url → its versions, the one that is meant without a version first. */
  readonly places: Readonly<Record<string, Readonly<Record<string, readonly Place[]>>>>
}

const TRAILER = 8

/** @param resources  of several with one url the one that is meant without a version comes first */
export function archiveOf(resources: Iterable<Canonicals[CanonicalType]>): Buffer {
  const texts: Buffer[] = []
  const places: Record<string, Record<string, Place[]>> = {}
  const digest = createHash('sha256')
  let offset = 0
  for (const resource of resources) {
    const text = Buffer.from(JSON.stringify(resource))
    places[resource.resourceType] ??= {}
    const ofType = places[resource.resourceType]!
    for (const url of urlsOf(resource)) {
      ofType[url] ??= []
      ofType[url].push([offset, text.length])
    }
    texts.push(text)
    digest.update(text)
    offset += text.length
  }
  const index: Index = { revision: digest.digest('base64url').slice(0, 16), places }
  const trailer = Buffer.alloc(TRAILER)
  trailer.writeBigUInt64LE(BigInt(offset))
  return Buffer.concat([...texts, Buffer.from(JSON.stringify(index)), trailer])
}

/** Characters of JSON whose values stay parsed: what is used all the time is kept in better shape by who uses it. */
const KEPT = 4 * 1024 * 1024

export class Archive {
  readonly revision: string
  private readonly file: number
  private readonly places: Index['places']
  private readonly parsed = new Lately<object>(KEPT)
  /** What somebody still has is not made a second time: others know things by the object. */
  private readonly held = new Map<string, WeakRef<object>>()

  constructor(path: string) {
    this.file = openSync(path, 'r')
    const end = fstatSync(this.file).size - TRAILER
    const start = Number(this.bytes(end, TRAILER).readBigUInt64LE())
    const index: Index = JSON.parse(this.bytes(start, end - start).toString())
    this.revision = index.revision
    this.places = index.places
  }

  /** In the order in which they were put in; frozen. */
  withUrl<T extends CanonicalType>(type: T, url: string): readonly Canonicals[T][] {
    const ofType = this.places[type]
    if (!ofType || !Object.hasOwn(ofType, url)) return []
    return ofType[url]!.map((place) => this.at(place) as Canonicals[T])
  }

  /** Every url of a type. */
  urls(type: CanonicalType): string[] {
    return Object.keys(this.places[type] ?? {})
  }

  private at([offset, length]: Place): unknown {
    const key = String(offset)
    const kept = this.parsed.get(key)
    if (kept) return kept
    const value: object = this.held.get(key)?.deref() ?? freeze(JSON.parse(this.bytes(offset, length).toString()))
    this.parsed.set(key, value, length)
    this.held.set(key, new WeakRef(value))
    return value
  }

  private bytes(offset: number, length: number): Buffer {
    const buffer = Buffer.allocUnsafe(length)
    if (readSync(this.file, buffer, 0, length, offset) !== length) throw new Error('the archive ends too early')
    return buffer
  }
}

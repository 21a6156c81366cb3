import xxhash from 'xxhash-wasm'

const { h64 } = await xxhash()

/** Texts that occur again and again (codes, presence marks); identifiers come once and would only push them out. */
const LIMIT = 20_000
let recent = new Map<string, bigint>()

/** 64 bits of a text as PostgreSQL's bigint. */
export function hash(text: string): bigint {
  return BigInt.asIntN(64, h64(text))
}

/** As `hash`, remembered. */
export function hashOften(text: string): bigint {
  let value = recent.get(text)
  if (value === undefined) {
    value = hash(text)
    if (recent.size >= LIMIT) recent = new Map()
    recent.set(text, value)
  }
  return value
}

/**
 * A hash in `resource.tok` is odd when its total is kept, even when it is not (identifiers and the like, whose totals
 * would be as many as the resources): what an update takes away is then known from the hashes alone.
 */
export const counted = (value: bigint): bigint => value | 1n
export const uncounted = (value: bigint): bigint => value & ~1n
export const isCounted = (value: bigint): boolean => (value & 1n) === 1n

/** Identity of `type/id` within a tenant, as references and `resource.key` hold it. 0 and 1 are taken (layout). */
export function keyOf(tenant: number, type: string, id: string): bigint {
  const key = hash(`${tenant} ${type}/${id}`)
  return key === 0n || key === 1n ? key + 2n : key
}

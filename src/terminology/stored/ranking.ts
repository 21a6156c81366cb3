import { Ordinals } from './ordinals.js'

/** How well a word is found: whose display has it whole, and whose begins with it. */
interface Found {
  readonly whole: Ordinals
  readonly first: Ordinals
}

/** Weights have 16 bits; they are parted into groups, to sort only what the page needs. */
const WEIGHTS = 65_536
const GROUP_BITS = 6
/** More than any system has concepts. */
const ORDINALS = 2 ** 31

/**
 * The best of what was found, from the offset on: what has more of the words whole comes first, then what begins with one
 * of them, then by weight, then in the order of the system.
 *
 * @param weights  by ordinal; the lower the better
 */
export function best(
  found: Ordinals,
  words: readonly Found[],
  weights: Uint16Array,
  offset: number,
  count: number,
): readonly number[] {
  const first = Ordinals.union(words.map((one) => one.first))
  const page: number[] = []
  let before = 0
  for (const part of byWhole(found, words))
    for (const kind of [part.and(first), part.minus(first)]) {
      const { size } = kind
      if (before + size > offset && page.length < count) {
        const skip = Math.max(0, offset - before)
        page.push(...lightest(kind, weights, skip, count - page.length))
      }
      before += size
      // What comes after the page need not be told apart.
      if (page.length >= count) return page
    }
  return page
}

/** By weight, and of one weight in the order of the system. */
function lightest(of: Ordinals, weights: Uint16Array, offset: number, count: number): number[] {
  const groups = new Int32Array(WEIGHTS >> GROUP_BITS)
  of.each((ordinal) => groups[weights[ordinal]! >> GROUP_BITS]!++)
  let last = 0
  let candidates = 0
  for (; last < groups.length; last++) {
    candidates += groups[last]!
    if (candidates >= offset + count) break
  }
  // Weight and ordinal in one number: to sort these takes no comparison of ours.
  const numbers = new Float64Array(candidates)
  let at = 0
  of.each((ordinal) => {
    const weight = weights[ordinal]!
    if (weight >> GROUP_BITS <= last) numbers[at++] = weight * ORDINALS + ordinal
  })
  return Array.from(numbers.sort().subarray(offset, offset + count), (number) => number % ORDINALS)
}

/** By how many of the words they have whole, most first; each part is found when it is asked for. */
function* byWhole(found: Ordinals, words: readonly Found[]): Generator<Ordinals> {
  let left = found
  for (let least = words.length; least > 0 && !left.isEmpty; least--) {
    const part = withAtLeast(least, left, words, 0)
    yield part
    left = left.minus(part)
  }
  yield left
}

function withAtLeast(least: number, found: Ordinals, words: readonly Found[], from: number): Ordinals {
  if (least === 0) return found
  if (words.length - from < least || found.isEmpty) return Ordinals.none
  const having = withAtLeast(least - 1, found.and(words[from]!.whole), words, from + 1)
  return words.length - from === least ? having : having.or(withAtLeast(least, found, words, from + 1))
}

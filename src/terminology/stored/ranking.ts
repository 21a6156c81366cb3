import type { Ordinals } from './ordinals.js'

/** How well words are found: where the display begins with one, and where all of them are whole words. */
interface Found {
  readonly whole: Ordinals
  readonly first: Ordinals
}

/** The weights of one kind of match; each kind comes before the next. */
const KIND = 65_536
/** Kinds and weights together are parted into so many groups, to sort only what the page needs. */
const GROUP = 64

/**
 * The best of what was found, from the offset on: what begins with one of the words before what does not, then what has
 * them as whole words, then by weight, then in the order of the system.
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
  const first = words.reduce((all, one) => all.or(one.first), found.minus(found)).and(found)
  const whole = words.reduce((all, one) => all.and(one.whole), found)
  const parts = [first.and(whole), first.minus(whole), whole.minus(first), found.minus(first).minus(whole)]
  const groups = new Int32Array((parts.length * KIND) / GROUP)
  parts.forEach((part, kind) => {
    part.each((ordinal) => groups[Math.floor((kind * KIND + weights[ordinal]!) / GROUP)]!++)
  })
  let last = 0
  for (let sum = 0; last < groups.length; last++) {
    sum += groups[last]!
    if (sum >= offset + count) break
  }
  const ranked: [rank: number, ordinal: number][] = []
  parts.forEach((part, kind) => {
    part.each((ordinal) => {
      const rank = kind * KIND + weights[ordinal]!
      if (Math.floor(rank / GROUP) <= last) ranked.push([rank, ordinal])
    })
  })
  ranked.sort(([a, i], [b, j]) => a - b || i - j)
  return ranked.slice(offset, offset + count).map(([, ordinal]) => ordinal)
}

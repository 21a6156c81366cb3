import type { Concept, Narrowing } from './provider.js'

/** Words as they are compared: small letters, without accents. `Diabète, type-2` → `diabete`, `type`, `2` */
export function wordsOf(text: string): string[] {
  return plain(text).match(/[\p{L}\p{N}]+/gu) ?? []
}

/** Letters without their accents, small. */
export const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()

/**
 * How well a concept answers what somebody types: every word is the beginning of one in the display, one designation
 * or the code. The lower the better; undefined is not at all.
 */
export type Ranking = (concept: Pick<Concept, 'code' | 'display' | 'designations'>) => number | undefined

/** @param text  what was typed */
export function rankingOf(text: string): Ranking {
  const sought = wordsOf(text)
  const whole = sought.join(' ')
  return ({ code, display = '', designations }) => {
    if (sought.length === 0) return 0
    const byCode = plain(code)
    if (byCode === plain(text.trim())) return 0
    const best = rankOf(sought, whole, display)
    if (best !== undefined) return best
    if (sought.length === 1 && byCode.startsWith(whole)) return RANKS.code
    const further = designations.flatMap(({ value }) => rankOf(sought, whole, value) ?? [])
    return further.length ? RANKS.designation + Math.min(...further) : undefined
  }
}

/** Of one kind the shorter text is the better; none is so long that it would pass into the next. */
const RANKS = { same: 1, begins: 2, word: 1e4, code: 2e4, designation: 3e4 }
const LONGEST = 9000

function rankOf(sought: readonly string[], whole: string, text: string): number | undefined {
  const words = wordsOf(text)
  if (!sought.every((one) => words.some((word) => word.startsWith(one)))) return undefined
  const all = words.join(' ')
  if (all === whole) return RANKS.same
  return (all.startsWith(whole) ? RANKS.begins : RANKS.word) + Math.min(all.length, LONGEST)
}

/** Those that the narrowing leaves, the best match first; without a text in the order they came in. */
export function narrowed<C extends Concept>(
  concepts: readonly C[],
  { text, activeOnly, selectableOnly }: Narrowing,
): C[] {
  const left = concepts.filter((one) => !(activeOnly && one.inactive) && !(selectableOnly && one.abstract))
  if (!text) return left
  const rank = rankingOf(text)
  return left
    .flatMap((concept) => {
      const at = rank(concept)
      return at === undefined ? [] : { concept, at }
    })
    .sort((a, b) => a.at - b.at)
    .map(({ concept }) => concept)
}

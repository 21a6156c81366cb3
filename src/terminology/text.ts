import type { Concept, Narrowing } from './provider.js'

/** Words as they are compared: small letters, without accents. `Diabète, type-2` → `diabete`, `type`, `2` */
export function wordsOf(text: string): string[] {
  // Most texts have nothing to take away, and a load has some millions of them.
  if (/^[ -~]*$/.test(text)) return text.toLowerCase().match(/[a-z0-9]+/g) ?? []
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
export type Ranking = (concept: Worded) => number | undefined

type Worded = Pick<Concept, 'code' | 'display' | 'designations'>

/** A text as it is compared. */
interface Words {
  readonly all: readonly string[]
  /** with one blank between each */
  readonly joined: string
}

interface Texts {
  readonly code: string
  readonly display: Words
  readonly designations: readonly Words[]
}

/** Whoever types asks for the same concepts with each letter. */
const known = new WeakMap<Worded, Texts>()

function textsOf(concept: Worded): Texts {
  let texts = known.get(concept)
  if (!texts) {
    const { code, display = '', designations } = concept
    const words = (text: string): Words => {
      const all = wordsOf(text)
      return { all, joined: all.join(' ') }
    }
    const current = designations.filter(({ inactive }) => !inactive)
    texts = { code: plain(code), display: words(display), designations: current.map(({ value }) => words(value)) }
    known.set(concept, texts)
  }
  return texts
}

/** @param text  what was typed */
export function rankingOf(text: string): Ranking {
  const sought = wordsOf(text)
  const whole = sought.join(' ')
  const asCode = plain(text.trim())
  return (concept) => {
    if (sought.length === 0) return 0
    const { code, display, designations } = textsOf(concept)
    if (code === asCode) return 0
    const best = rankOf(sought, whole, display)
    if (best !== undefined) return best
    if (asCode !== '' && code.startsWith(asCode)) return RANKS.code
    const further = designations.flatMap((one) => rankOf(sought, whole, one) ?? [])
    return further.length ? RANKS.designation + Math.min(...further) : undefined
  }
}

/** Of one kind the shorter text is the better; none is so long that it would pass into the next. */
const RANKS = { same: 1, begins: 2, word: 1e4, code: 2e4, designation: 3e4 }
const LONGEST = 9000

function rankOf(sought: readonly string[], whole: string, { all, joined }: Words): number | undefined {
  if (!sought.every((one) => all.some((word) => word.startsWith(one)))) return undefined
  if (joined === whole) return RANKS.same
  return (joined.startsWith(whole) ? RANKS.begins : RANKS.word) + Math.min(joined.length, LONGEST)
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

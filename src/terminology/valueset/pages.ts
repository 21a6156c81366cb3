import type { ValueSetComposeIncludeConcept } from '@medplum/fhirtypes'
import type { Concept, Narrowing, Page } from '../provider.js'
import { rankingOf } from '../text.js'
import type { Part, Parts } from './parts.js'

/** A concept of a part, as the value set shows it. */
export interface Member {
  readonly part: Part
  readonly concept: Concept
  readonly listed?: ValueSetComposeIncludeConcept
}

/** How many there are in each part; undefined where that cannot be told. */
export function sizesOf(parts: Parts, asked: Narrowing): Promise<(number | undefined)[]> {
  return Promise.all(parts.map(async (part) => (await ownWords(part, asked))?.length ?? part.selection.count(asked)))
}

/**
 * A page of all parts, one part after the other; with a text the best matches of all come first.
 * @param sizes  of the parts, as `sizesOf` says
 */
export async function pageOf(
  parts: Parts,
  sizes: readonly (number | undefined)[],
  { offset, count, ...asked }: Page,
): Promise<Member[]> {
  if (count === 0) return []
  if (asked.text && parts.length > 1) {
    // To be ranked among each other they need all of their words.
    const first = { ...asked, brief: false, offset: 0, count: offset + count }
    const all = await Promise.all(parts.map((part) => membersOf(part, first)))
    return bestFirst(all.flat(), asked.text).slice(offset, offset + count)
  }
  const page: Member[] = []
  let skipped = offset
  for (const [i, part] of parts.entries()) {
    const size = sizes[i] ?? Number.POSITIVE_INFINITY
    if (skipped >= size) {
      skipped -= size
      continue
    }
    page.push(...(await membersOf(part, { ...asked, offset: skipped, count: count - page.length })))
    skipped = 0
    if (page.length >= count) break
  }
  return page
}

async function membersOf(part: Part, asked: Page): Promise<Member[]> {
  const concepts = (await ownWords(part, asked))?.slice(asked.offset, asked.offset + asked.count)
  return (concepts ?? (await part.selection.page(asked))).map((concept) => ({
    part,
    concept,
    listed: part.listed.get(concept.code),
  }))
}

/**
 * What a text finds in a part whose codes have displays of the value set's own, which the system knows nothing of.
 * @returns undefined when the system's own search finds all
 */
async function ownWords({ selection, listed }: Part, asked: Narrowing): Promise<Concept[] | undefined> {
  const { text, ...others } = asked
  if (!text) return undefined
  const worded = [...listed.values()].filter(({ display, designation }) => display || designation?.length)
  if (worded.length === 0) return undefined
  const concepts = await selection.page({ ...others, offset: 0, count: Number.POSITIVE_INFINITY, brief: false })
  const rank = rankingOf(text)
  return concepts
    .flatMap((concept) => {
      const own = listed.get(concept.code)
      const designations = (own?.designation ?? []).map(({ value }) => ({ value: value! }))
      const at = rank({
        code: concept.code,
        display: own?.display ?? concept.display,
        designations: [...concept.designations, ...designations],
      })
      return at === undefined ? [] : { concept, at }
    })
    .sort((a, b) => a.at - b.at)
    .map(({ concept }) => concept)
}

function bestFirst(members: readonly Member[], text: string): Member[] {
  const rank = rankingOf(text)
  return members
    .map((member) => ({ member, at: rank(member.concept) ?? Number.POSITIVE_INFINITY }))
    .sort((a, b) => a.at - b.at)
    .map(({ member }) => member)
}

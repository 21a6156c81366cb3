import { describe, expect, it } from 'vitest'
import { Circle, hierarchyOf } from '../../../src/terminology/stored/hierarchy.js'
import { randomOf } from '../../search/random.js'

/** Which is above which, the plain way: up from each concept. */
function naive(parents: readonly (readonly number[])[]): Set<string> {
  const pairs = new Set<string>()
  const up = (from: number, at: number) => {
    if (pairs.has(`${at} ${from}`)) return
    pairs.add(`${at} ${from}`)
    for (const parent of parents[at]!) up(from, parent)
  }
  for (const concept of parents.keys()) up(concept, concept)
  return pairs
}

describe('hierarchyOf', () => {
  it('knows what is below in any graph without circles', () => {
    const random = randomOf(7)
    for (let round = 0; round < 60; round++) {
      const size = 1 + random.below(60)
      const place = Array.from({ length: size }, (_, i) => i).sort(() => random.next() - 0.5)
      // Parents stand before their children in a hidden order, and come in another.
      const parents = place.map((mine) =>
        place.flatMap((other, arrival) => (other < mine && random.next() < 2 / size ? [arrival] : [])),
      )
      const { ordinal, below } = hierarchyOf(parents)
      const pairs = naive(parents)
      let wrong = 0
      for (let above = 0; above < size; above++)
        for (let under = 0; under < size; under++) {
          const isBelow = above === under || (below[ordinal[above]!]?.has(ordinal[under]!) ?? false)
          wrong += isBelow === pairs.has(`${above} ${under}`) ? 0 : 1
        }
      expect(wrong).toBe(0)
    }
  })

  it('numbers a tree so that what is below is one run, siblings as they came', () => {
    //  0 ── 2 ── 4
    //  └── 3      1 is a second root
    const { arrival, below } = hierarchyOf([[], [], [0], [0], [2]])
    expect([...arrival]).toEqual([0, 2, 4, 3, 1])
    expect(below[0]!.bounds()).toEqual({ froms: [0], tos: [4] })
  })

  it.each([[[[1], [0]]], [[[], [2], [1]]], [[[0]]]])('refuses a circle: %j', (parents) => {
    expect(() => hierarchyOf(parents)).toThrow(Circle)
  })
})

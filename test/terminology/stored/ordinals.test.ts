import { describe, expect, it } from 'vitest'
import { Ordinals } from '../../../src/terminology/stored/ordinals.js'
import { randomOf } from '../../search/random.js'

const list = (set: Ordinals) => set.slice(0, Number.POSITIVE_INFINITY)

describe('Ordinals', () => {
  it.each([
    // a               b             and        or                    minus
    [[1, 2, 3], [3, 4], [3], [1, 2, 3, 4], [1, 2]],
    [[], [1], [], [1], []],
    [[0, 5, 9], [], [], [0, 5, 9], [0, 5, 9]],
    [
      [0, 1, 2, 3, 4, 5],
      [2, 3],
      [2, 3],
      [0, 1, 2, 3, 4, 5],
      [0, 1, 4, 5],
    ],
    [[7], [7], [7], [7], []],
  ])('%j and %j', (a, b, and, or, minus) => {
    const [x, y] = [Ordinals.of(a), Ordinals.of(b)]
    expect([list(x.and(y)), list(x.or(y)), list(x.minus(y))]).toEqual([and, or, minus])
  })

  it('is what a set of numbers is, for any', () => {
    const random = randomOf(23)
    for (let round = 0; round < 150; round++) {
      // Both short and long, sparse and dense: how two are put together depends on how many runs they have.
      const [a, b] = [draw(random), draw(random)]
      const [x, y] = [Ordinals.of(a), Ordinals.of(b)]
      const sorted = (numbers: Iterable<number>) => [...new Set(numbers)].sort((one, other) => one - other)
      expect(list(x)).toEqual(sorted(a))
      expect(list(x.and(y))).toEqual(sorted(a.filter((one) => b.includes(one))))
      expect(list(x.or(y))).toEqual(sorted([...a, ...b]))
      expect(list(x.minus(y))).toEqual(sorted(a.filter((one) => !b.includes(one))))
      expect(list(Ordinals.decode(x.encode()))).toEqual(list(x))
      expect(x.size).toBe(list(x).length)
      expect(x.slice(2, 3)).toEqual(list(x).slice(2, 5))
      expect(b.filter((one) => x.has(one))).toEqual(b.filter((one) => a.includes(one)))
    }
  })

  it.each([[[0]], [[0, 1, 2]], [[127, 128, 300_000, 300_001]], [[2 ** 30]]])('is written and read back: %j', (all) => {
    expect(list(Ordinals.decode(Ordinals.of(all).encode()))).toEqual(all)
  })

  it('gives its runs for SQL', () => {
    expect(Ordinals.of([1, 2, 3, 7]).bounds()).toEqual({ froms: [1, 7], tos: [4, 8] })
  })
})

function draw(random: ReturnType<typeof randomOf>): number[] {
  const most = random.pick([5, 50, 2000])
  return Array.from({ length: random.pick([0, 1, 20, 400]) }, () => random.below(most))
}

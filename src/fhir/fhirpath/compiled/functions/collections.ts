import { TooCostly } from '../../../../base/errors.js'
import { distinct, isAmong } from '../../equality.js'
import { children, type Item } from '../../item.js'
import { fromItem, itemsOf, kindOf, only, several, single, truth, type Value } from '../value.js'
import type { Compile } from './site.js'

export const at =
  (index: (length: number) => number): Compile =>
  ({ input: { type, one, all } }) =>
    one && index(1) === 0
      ? { type, one, all }
      : single(type, (focus, around) => {
          const values = all(focus, around)
          return values[index(values.length)]
        })

export const tail: Compile = ({ input: { type, all } }) => several(type, (focus, around) => all(focus, around).slice(1))

export const sole: Compile = ({ input }) => single(input.type, only(input, 'What single() is given'))

// ── Sets ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export const distinctness: Compile = ({ input }) => {
  const items = itemsOf(input)
  const areTexts = kindOf(input.type) === 'text'
  return truth((focus, around) => {
    const values = input.all(focus, around)
    if (values.length < 2) return true
    around.limits.spend(values.length)
    if (areTexts && values.every(isText)) return new Set(values).size === values.length
    return distinct(items(focus, around)).length === values.length
  })
}

const isText = (value: Value) => typeof value === 'string'

/** A function of two collections of one type, by the rules of the evaluator. */
export const combined =
  (run: (input: readonly Item[], other: readonly Item[]) => readonly Item[]): Compile =>
  ({ input, argument }) => {
    const other = argument(0)
    const [a, b] = [itemsOf(input), itemsOf(other)]
    const { type } = input
    return several(type, (focus, around) => {
      const [x, y] = [a(focus, around), b(focus, around)]
      around.limits.spend(x.length * y.length)
      const found = run(x, y)
      return type === undefined ? found : found.map(fromItem)
    })
  }

export const combine: Compile = ({ input, argument }) => {
  const other = argument(0)
  if (input.type === other.type) {
    return several(input.type, (focus, around) => [...input.all(focus, around), ...other.all(focus, around)])
  }
  const [a, b] = [itemsOf(input), itemsOf(other)]
  return several(undefined, (focus, around) => [...a(focus, around), ...b(focus, around)])
}

export const subset =
  (orientation: 'subsetOf' | 'supersetOf'): Compile =>
  ({ input, argument }) => {
    const [a, b] = [itemsOf(input), itemsOf(argument(0))]
    return truth((focus, around) => {
      const [x, y] = [a(focus, around), b(focus, around)]
      around.limits.spend(x.length * y.length)
      const [some, whole] = orientation === 'subsetOf' ? [x, y] : [y, x]
      return some.every((item) => isAmong(item, whole))
    })
  }

// ── Below ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** To find a child and what type it is takes as long as so many steps. */
const CHILD = 16

export const offspring: Compile = ({ input }) => {
  const items = itemsOf(input)
  return several(undefined, (focus, around) => {
    const found = items(focus, around).flatMap((item) => children(item))
    around.limits.spend(found.length * CHILD)
    return found
  })
}

export const descent: Compile = ({ input }) => {
  const items = itemsOf(input)
  return several(undefined, (focus, around) => {
    const found: Item[] = []
    const visit = (item: Item) => {
      const below = children(item)
      around.limits.spend(below.length * CHILD)
      for (const child of below) {
        found.push(child)
        visit(child)
      }
    }
    for (const item of items(focus, around)) visit(item)
    return found
  })
}

const MOST_REPEATED = 10_000

export const repeat: Compile = (site) => {
  const items = itemsOf(site.input)
  const project = itemsOf(site.applied(0))
  return several(undefined, (focus, around) => {
    const found: Item[] = []
    let level = items(focus, around)
    while (level.length > 0) {
      around.limits.spend(level.length)
      level = distinct(level.flatMap((item) => project(item, around))).filter((item) => !isAmong(item, found))
      found.push(...level)
      if (found.length > MOST_REPEATED) throw new TooCostly(`repeat() has found more than ${MOST_REPEATED} values`)
    }
    return found
  })
}

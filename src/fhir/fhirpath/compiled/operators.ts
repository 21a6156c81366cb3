import { Invalid } from '../../../base/errors.js'
import { calculate } from '../arithmetic.js'
import { distinct, equalCollections, equivalentCollections, isAmong, order } from '../equality.js'
import type { Item } from '../item.js'
import { asString, described, singleValue } from '../operands.js'
import type { Operator } from '../syntax.js'
import {
  type Around,
  type Compiled,
  condition,
  fromItem,
  itemsOf,
  kindOf,
  only,
  plain,
  several,
  single,
  truth,
  type Value,
} from './value.js'

/** @param of  `of '+' (at character 3)`, for a message */
type Compile = (left: Compiled, right: Compiled, of: string) => Compiled

// ── Logic ──────────────────────────────────────────────────────────────────────────────────────────────────────────

// https://hl7.org/fhirpath/N1/#boolean-logic: where one side decides alone, the other is not asked.
const logic =
  (compile: (left: Test, right: Test) => Test): Compile =>
  (left, right, of) =>
    truth(compile(condition(left, `The left side ${of}`), condition(right, `The right side ${of}`)))

type Test = (focus: Value, around: Around) => boolean | undefined

const and = logic((left, right) => (focus, around) => {
  const a = left(focus, around)
  if (a === false) return false
  const b = right(focus, around)
  return b === false ? false : a === undefined || b === undefined ? undefined : true
})

const or = logic((left, right) => (focus, around) => {
  const a = left(focus, around)
  if (a === true) return true
  const b = right(focus, around)
  return b === true ? true : a === undefined || b === undefined ? undefined : false
})

const xor = logic((left, right) => (focus, around) => {
  const a = left(focus, around)
  if (a === undefined) return undefined
  const b = right(focus, around)
  return b === undefined ? undefined : a !== b
})

const implies = logic((left, right) => (focus, around) => {
  const a = left(focus, around)
  if (a === false) return true
  const b = right(focus, around)
  return b === true ? true : a === undefined || b === undefined ? undefined : false
})

// ── Equality ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Whether values of both can be compared as they are. */
const areAlike = (left: Compiled, right: Compiled) => {
  const kind = kindOf(left.type)
  return kind !== 'other' && kind === kindOf(right.type)
}

function same(left: Compiled, right: Compiled): Test {
  const [a, b] = [itemsOf(left), itemsOf(right)]
  const items: Test = (focus, around) => equalCollections(a(focus, around), b(focus, around))
  const { one: x } = left
  const { one: y } = right
  if (!x || !y || !areAlike(left, right)) return items
  const isNumber = kindOf(left.type) === 'number'
  return (focus, around) => {
    const p = x(focus, around)
    const q = y(focus, around)
    if (p === undefined || q === undefined) return undefined
    if (typeof p === 'object' || typeof q === 'object') return items(focus, around)
    if (p === q) return true
    // Numbers that are not the same in writing may be the same in value.
    return isNumber && (typeof p === 'string' || typeof q === 'string') ? items(focus, around) : false
  }
}

const equal: Compile = (left, right) => truth(same(left, right))

const unequal: Compile = (left, right) => {
  const test = same(left, right)
  return truth((focus, around) => {
    const answer = test(focus, around)
    return answer === undefined ? undefined : !answer
  })
}

const equivalence =
  (wanted: boolean): Compile =>
  (left, right) => {
    const [a, b] = [itemsOf(left), itemsOf(right)]
    return truth((focus, around) => equivalentCollections(a(focus, around), b(focus, around)) === wanted)
  }

// ── Order ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const comparison =
  (holds: (order: number) => boolean): Compile =>
  (left, right, of) => {
    const [a, b] = [only(left, `The left side ${of}`), only(right, `The right side ${of}`)]
    const [x, y] = [itemsOf(left), itemsOf(right)]
    const areNumbers = kindOf(left.type) === 'number' && areAlike(left, right)
    const areMoments = left.type === right.type && (left.type === 'dateTime' || left.type === 'instant')
    return truth((focus, around) => {
      const p = a(focus, around)
      const q = b(focus, around)
      if (p === undefined || q === undefined) return undefined
      if (areNumbers && typeof p === 'number' && typeof q === 'number') return holds(p - q)
      if (areMoments && areOneForm(p, q)) return holds(p === q ? 0 : (p as string) < (q as string) ? -1 : 1)
      const [m] = x(focus, around)
      const [n] = y(focus, around)
      if (!singleValue([m!], 'It') || !singleValue([n!], 'It')) return undefined
      const relation = order(m!, n!)
      if (relation === 'unlike')
        throw new Invalid(`${described(m!)} and ${described(n!)} have no order: the sides ${of}`)
      return relation === undefined ? undefined : holds(relation)
    })
  }

/** Whole seconds of one offset, `2024-03-01T08:00:00+01:00`: their order is that of the texts. */
const areOneForm = (left: Value, right: Value) =>
  typeof left === 'string' &&
  typeof right === 'string' &&
  left.length === 25 &&
  right.length === 25 &&
  left.charCodeAt(19) === right.charCodeAt(19) &&
  left.slice(19) === right.slice(19)

// ── Collections ────────────────────────────────────────────────────────────────────────────────────────────────────

const membership =
  (orientation: 'in' | 'contains'): Compile =>
  (left, right, of) => {
    const [wanted, among] = orientation === 'in' ? [left, right] : [right, left]
    const find = only(wanted, `What is looked for ${of}`)
    const [item, items] = [itemsOf(wanted), itemsOf(among)]
    const areTexts = kindOf(wanted.type) === 'text' && areAlike(wanted, among)
    return truth((focus, around) => {
      const value = find(focus, around)
      if (value === undefined) return undefined
      if (areTexts && typeof value === 'string') {
        const values = among.all(focus, around)
        around.limits.spend(values.length)
        for (let i = 0; i < values.length; i++) if (plain(values[i]) === value) return true
        return false
      }
      const others = items(focus, around)
      around.limits.spend(others.length)
      return isAmong(item(focus, around)[0]!, others)
    })
  }

/** `|`: each value once. */
export const union: Compile = (left, right) => {
  const type = left.type === right.type ? left.type : undefined
  if (kindOf(left.type) === 'text' && areAlike(left, right)) {
    return several(left.type, (focus, around) => {
      const [a, b] = [left.all(focus, around), right.all(focus, around)]
      around.limits.spend(a.length + b.length)
      return eachOnce(a, b)
    })
  }
  const [a, b] = [itemsOf(left), itemsOf(right)]
  return several(type, (focus, around) => {
    const [p, q] = [a(focus, around), b(focus, around)]
    around.limits.spend(p.length + q.length)
    const found = distinct([...p, ...q])
    return type === undefined ? found : found.map(fromItem)
  })
}

function eachOnce(left: readonly Value[], right: readonly Value[]): readonly Value[] {
  if (left.length === 0 && right.length < 2) return right
  if (right.length === 0 && left.length < 2) return left
  const seen = new Set<unknown>()
  const values: Value[] = []
  for (const list of [left, right]) {
    for (const value of list) {
      // Two without a value are alike only if their extensions are, which makes no difference to any test.
      const key = plain(value) ?? value
      if (seen.has(key)) continue
      seen.add(key)
      values.push(value)
    }
  }
  return values
}

// ── Reckoning ──────────────────────────────────────────────────────────────────────────────────────────────────────

const concatenation: Compile = (left, right, of) => {
  const [a, b] = [itemsOf(left), itemsOf(right)]
  return single('System.String', (focus, around) => {
    const x = asString(a(focus, around), `The left side ${of}`) ?? ''
    const y = asString(b(focus, around), `The right side ${of}`) ?? ''
    around.limits.spend((x.length + y.length) >> 6)
    return x + y
  })
}

const arithmetic =
  (operator: '+' | '-' | '*' | '/' | 'div' | 'mod'): Compile =>
  (left, right, of) => {
    const [a, b] = [itemsOf(left), itemsOf(right)]
    const areCounts = operator === '+' && left.type === 'System.Integer' && right.type === 'System.Integer'
    if (areCounts && left.one && right.one) {
      const [x, y] = [left.one, right.one]
      return single('System.Integer', (focus, around) => {
        const sum = (x(focus, around) as number) + (y(focus, around) as number)
        return Number.isNaN(sum) ? undefined : sum
      })
    }
    return single(undefined, (focus, around): Item | undefined => {
      const x = singleValue(a(focus, around), `The left side ${of}`)
      const y = singleValue(b(focus, around), `The right side ${of}`)
      return x && y && calculate(operator, x, y)
    })
  }

export const operators: Record<Operator, Compile> = {
  and,
  or,
  xor,
  implies,
  '=': equal,
  '!=': unequal,
  '~': equivalence(true),
  '!~': equivalence(false),
  '<': comparison((order) => order < 0),
  '<=': comparison((order) => order <= 0),
  '>': comparison((order) => order > 0),
  '>=': comparison((order) => order >= 0),
  in: membership('in'),
  contains: membership('contains'),
  '|': union,
  '&': concatenation,
  '+': arithmetic('+'),
  '-': arithmetic('-'),
  '*': arithmetic('*'),
  '/': arithmetic('/'),
  div: arithmetic('div'),
  mod: arithmetic('mod'),
}

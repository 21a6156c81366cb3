import { Invalid, TooCostly } from '../../../base/errors.js'
import { calculate } from '../arithmetic.js'
import { distinct, isAmong, order, Seen } from '../equality.js'
import { ExactDecimal } from '../exact-decimal.js'
import { decimal, type Item, integer } from '../item.js'
import { asBoolean, asInteger, described, single, singleValue } from '../operands.js'
import type { Call, FunctionDefinition, Functions } from '../scope.js'
import type { Node } from '../syntax.js'
import { isOfType, typeArgument } from '../types.js'
import { matching } from './existence.js'

/** What an expression could find over and over: `repeat($this & 'a')` never ends by itself. */
const MOST_REPEATED = 100_000

const part = (pick: (call: Call) => readonly Item[], arguments_ = 0): FunctionDefinition => ({
  arity: [arguments_, arguments_],
  returns: 'input',
  needsOrder: true,
  run: pick,
})

const count = ({ argument, node }: Call) => asInteger(argument(0), `The argument of ${node.name}()`)

/** Items found by the projection of the items, of what that found, and so on. */
function repeated({ input, applied, node }: Call, isNew: (item: Item) => boolean): Item[] {
  const found: Item[] = []
  let level: readonly Item[] = input
  while (level.length > 0) {
    level = level.flatMap((item, i) => applied(0, [item], i)).filter(isNew)
    found.push(...level)
    if (found.length > MOST_REPEATED) throw new TooCostly(`${node.name}() has found more than ${MOST_REPEATED} values`)
  }
  return found
}

function repeatedOnce(call: Call): Item[] {
  const seen = new Seen()
  return repeated(call, (item) => seen.add(item))
}

// ── sort() ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A minus before a key means descending, of strings too. */
function keyOf(node: Node): { node: Node; isDescending: boolean } {
  let isDescending = false
  while (node.is === 'polarity') {
    if (node.sign === '-') isDescending = !isDescending
    node = node.operand
  }
  return { node, isDescending }
}

function sorted(call: Call): Item[] {
  const keys = call.node.args.map(keyOf)
  const rows = call.input.map((item) => ({
    item,
    keys:
      keys.length === 0
        ? [singleValue([item], 'A value')]
        : keys.map(({ node }) => singleValue(call.applied(node, [item]), 'A key of sort()')),
  }))
  rows.sort((a, b) => {
    for (const [i, key] of a.keys.entries()) {
      const relation = relationOf(key, b.keys[i])
      if (relation !== 0) return keys[i]?.isDescending ? -relation : relation
    }
    return 0
  })
  return rows.map(({ item }) => item)
}

/** What has no value comes first. */
function relationOf(a: Item | undefined, b: Item | undefined): number {
  if (!a || !b) return Number(!!a) - Number(!!b)
  const relation = order(a, b)
  if (relation === 'unlike') throw new Invalid(`sort() cannot order ${described(a)} and ${described(b)}`)
  return relation ?? 0
}

// ── Aggregates ─────────────────────────────────────────────────────────────────────────────────────────────────────

function extreme(call: Call, isBetter: (relation: number) => boolean): Item[] {
  const best = call.input.reduce<Item | undefined>(
    (best, item) =>
      best && !isBetter(relationOf(singleValue([item], 'A value'), best)) ? best : singleValue([item], 'A value'),
    undefined,
  )
  return best ? [best] : []
}

function sum({ input }: Call): Item[] {
  const values = input.map((item) => singleValue([item], 'A value'))
  let total = values[0]
  for (const value of values.slice(1)) total = total && value && calculate('+', total, value)
  return total ? [total] : []
}

function average(call: Call): Item[] {
  const [total] = sum(call)
  const mean = total && calculate('/', total, integer(call.input.length))
  return mean ? [mean.value instanceof ExactDecimal ? decimal(mean.value) : mean] : []
}

/** https://hl7.org/fhirpath/N1/#filtering-and-projection, #subsetting, #combining, #aggregates */
export const collections: Functions = {
  where: { arity: [1, 1], returns: 'input', perItem: true, run: (call) => matching(call) },
  select: {
    arity: [1, 1],
    returns: 'argument',
    perItem: true,
    run: ({ input, applied }) => input.flatMap((item, i) => applied(0, [item], i)),
  },
  repeat: { arity: [1, 1], perItem: 'found', run: (call) => repeatedOnce(call) },
  repeatAll: { arity: [1, 1], perItem: 'found', run: (call) => repeated(call, () => true) },
  ofType: {
    arity: [1, 1],
    takesType: true,
    run: ({ input, node }) => input.filter((item) => isOfType(item, typeArgument(node.args[0]!))),
  },

  single: { arity: [0, 0], returns: 'input', run: ({ input }) => one(single(input, 'What single() is given')) },
  first: part(({ input }) => input.slice(0, 1)),
  last: part(({ input }) => input.slice(-1)),
  tail: part(({ input }) => input.slice(1)),
  skip: part((call) => call.input.slice(Math.max(count(call) ?? 0, 0)), 1),
  take: part((call) => call.input.slice(0, Math.max(count(call) ?? 0, 0)), 1),
  intersect: {
    arity: [1, 1],
    returns: 'input',
    run: ({ input, argument }) => {
      const other = argument(0)
      return distinct(input.filter((item) => isAmong(item, other)))
    },
  },
  exclude: {
    arity: [1, 1],
    returns: 'input',
    run: ({ input, argument }) => {
      const other = argument(0)
      return input.filter((item) => !isAmong(item, other))
    },
  },

  union: { arity: [1, 1], returns: 'both', run: ({ input, argument }) => distinct([...input, ...argument(0)]) },
  combine: { arity: [1, 1], returns: 'both', run: ({ input, argument }) => [...input, ...argument(0)] },
  coalesce: {
    arity: [1, Number.POSITIVE_INFINITY],
    run: ({ node, argument }) => {
      for (const at of node.args.keys()) {
        const value = argument(at)
        if (value.length > 0) return value
      }
      return []
    },
  },
  sort: { arity: [0, Number.POSITIVE_INFINITY], returns: 'input', perItem: true, run: sorted },

  aggregate: {
    arity: [1, 2],
    perItem: true,
    run: ({ input, argument, applied }) =>
      input.reduce<readonly Item[]>((total, item, i) => applied(0, [item], i, total), argument(1)),
  },
  sum: { arity: [0, 0], run: sum },
  min: { arity: [0, 0], run: (call) => extreme(call, (relation) => relation < 0) },
  max: { arity: [0, 0], run: (call) => extreme(call, (relation) => relation > 0) },
  avg: { arity: [0, 0], run: average },

  iif: {
    arity: [2, 3],
    returns: 'branches',
    perItem: true,
    decides: true,
    run: ({ input, applied, node }) => {
      single(input, 'What iif() is given') // 2.0: a collection of several items is an error
      const criterion = asBoolean(applied(0, input), 'The criterion of iif()')
      if (criterion === true) return applied(1, input)
      return node.args[2] ? applied(2, input) : []
    },
  },
}

const one = (item: Item | undefined) => (item ? [item] : [])

import { Invalid } from '../../../base/errors.js'
import { distinct, isAmong } from '../equality.js'
import { bool, type Item, integer } from '../item.js'
import { asBoolean, described } from '../operands.js'
import type { Call, FunctionDefinition, Functions } from '../scope.js'

/** Items for which the criterion holds: not those for which it is false or empty. */
export function matching({ input, applied, node }: Call, at = 0): Item[] {
  return input.filter((item, i) => asBoolean(applied(at, [item], i), `The criterion of ${node.name}()`) === true)
}

const booleans = (decide: (values: boolean[]) => boolean): FunctionDefinition => ({
  arity: [0, 0],
  returns: 'System.Boolean',
  run: ({ input, node }) => {
    const wrong = input.find(({ value }) => typeof value !== 'boolean')
    if (wrong) throw new Invalid(`${node.name}() asks of booleans, but one value is ${described(wrong)}`)
    return [bool(decide(input.map(({ value }) => value === true)))]
  },
})

const test = (holds: (call: Call) => boolean, arity: FunctionDefinition['arity'] = [0, 0]): FunctionDefinition => ({
  arity,
  returns: 'System.Boolean',
  run: (call) => [bool(holds(call))],
})

const isSubset = (some: readonly Item[], all: readonly Item[]) => some.every((item) => isAmong(item, all))

/** https://hl7.org/fhirpath/N1/#existence */
export const existence: Functions = {
  empty: test(({ input }) => input.length === 0),
  exists: {
    ...test((call) => (call.node.args.length > 0 ? matching(call) : call.input).length > 0, [0, 1]),
    perItem: true,
  },
  all: { ...test((call) => matching(call).length === call.input.length, [1, 1]), perItem: true },
  allTrue: booleans((values) => values.every((value) => value)),
  anyTrue: booleans((values) => values.some((value) => value)),
  allFalse: booleans((values) => values.every((value) => !value)),
  anyFalse: booleans((values) => values.some((value) => !value)),
  subsetOf: test(({ input, argument }) => isSubset(input, argument(0)), [1, 1]),
  supersetOf: test(({ input, argument }) => isSubset(argument(0), input), [1, 1]),
  isDistinct: test(({ input }) => distinct(input).length === input.length),
  distinct: { arity: [0, 0], returns: 'input', run: ({ input }) => distinct(input) },
  count: { arity: [0, 0], returns: 'System.Integer', run: ({ input }) => [integer(input.length)] },
  not: {
    arity: [0, 0],
    returns: 'System.Boolean',
    run: ({ input }) => {
      const value = asBoolean(input, 'What not() negates')
      return value === undefined ? [] : [bool(!value)]
    },
  },
}

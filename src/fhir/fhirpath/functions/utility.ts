import { Invalid } from '../../../base/errors.js'
import { constant } from '../constants.js'
import { bool, children, type Item, temporal } from '../item.js'
import { asString, single } from '../operands.js'
import type { Call, Functions } from '../scope.js'
import { cast, isOfType, typeArgument, typeInfo } from '../types.js'

function descendants(items: readonly Item[]): Item[] {
  return items.flatMap((item) => {
    const below = children(item)
    return [...below, ...descendants(below)]
  })
}

function trace({ input, argument, applied, node, scope }: Call): readonly Item[] {
  const name = asString(argument(0), 'The name of trace()') ?? ''
  const items = node.args[1] ? input.flatMap((item, i) => applied(1, [item], i)) : input
  scope.session.traces.push({ name, items })
  return input
}

function defineVariable({ input, argument, applied, node, scope }: Call): readonly Item[] {
  const name = asString(argument(0), 'The name of defineVariable()')
  if (name === undefined) throw new Invalid('defineVariable() needs a name')
  if (scope.variables.has(name) || constant(name))
    throw new Invalid(`%${name} is already there; a name is defined once`)
  scope.variables.set(name, node.args[1] ? applied(1, input) : input)
  return input
}

/** https://hl7.org/fhirpath/N1/#tree-navigation, #utility-functions and #types */
export const utility: Functions = {
  children: { arity: [0, 0], returns: 'unordered', run: ({ input }) => input.flatMap((item) => children(item)) },
  descendants: { arity: [0, 0], returns: 'unordered', run: ({ input }) => descendants(input) },
  trace: { arity: [1, 2], returns: 'input', perItem: true, run: trace },
  defineVariable: { arity: [1, 2], returns: 'input', perItem: true, run: defineVariable },
  now: { arity: [0, 0], returns: 'System.DateTime', run: ({ scope }) => [temporal(scope.session.now)] },
  today: { arity: [0, 0], returns: 'System.Date', run: ({ scope }) => [temporal(scope.session.now.date)] },
  timeOfDay: { arity: [0, 0], returns: 'System.Time', run: ({ scope }) => [temporal(scope.session.now.time)] },
  type: { arity: [0, 0], run: ({ input }) => input.map(typeInfo) },
  is: {
    arity: [1, 1],
    returns: 'System.Boolean',
    takesType: true,
    run: ({ input, node }) => {
      const item = single(input, 'What is() asks about')
      return item ? [bool(isOfType(item, typeArgument(node.args[0]!)))] : []
    },
  },
  as: {
    arity: [1, 1],
    takesType: true,
    run: ({ input, node, scope }) => cast(input, typeArgument(node.args[0]!), scope, 'What as() casts'),
  },
}

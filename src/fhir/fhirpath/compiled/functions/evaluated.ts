import { functions as evaluated } from '../../functions.js'
import type { Limits } from '../../limits.js'
import type { Call, FunctionDefinition, Session } from '../../scope.js'
import { Temporal } from '../../temporal.js'
import { type Compiled, itemsOf, several } from '../value.js'
import type { Site } from './site.js'

/** As the evaluator does it, on items: what needs no argument for each of them. */
export function asEvaluated(site: Site): Compiled {
  const { node } = site
  const definition = evaluated[node.name] as FunctionDefinition
  const input = itemsOf(site.input)
  const args = definition.takesType ? [] : node.args.map((_, at) => itemsOf(site.argument(at)))
  return several(undefined, (focus, around) => {
    const given = input(focus, around)
    around.limits.spend(given.length)
    const call: Call = {
      node,
      input: given,
      scope: { session: new OneCall(around.limits), focus: given, variables: new Map() },
      argument: (at) => args[at]?.(focus, around) ?? [],
      applied: () => [],
    }
    return definition.run(call)
  })
}

class OneCall implements Session {
  readonly traces = []
  readonly asR4 = true
  constructor(readonly limits: Limits) {}

  /** Few ask. */
  get now(): Temporal {
    return Temporal.at(new Date())
  }
}

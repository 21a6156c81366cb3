import type { Constraint } from '../definitions.js'
import type { Rule } from './rule.js'

/**
 * What is said in prose of a type, and no structure can say, by the type's name: each rule sees every node of the type.
 */
export const rulesOfTypes: Readonly<Record<string, readonly Rule[]>> = {}

/**
 * @param type  of the node: a resource type, a data type, the path of a backbone, or a primitive (whose value is the node
 *   and whose `_name` is `at.twin`)
 * @returns undefined when there is nothing to check: something else checks it already
 */
export function invariant(_constraint: Constraint, _type: string): Rule | undefined {
  return undefined
}

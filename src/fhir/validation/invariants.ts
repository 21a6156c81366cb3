import { FhirError } from '../../base/errors.js'
import type { Constraint } from '../definitions.js'
import { compile, NotCompiled } from '../fhirpath/compiled/compile.js'
import { isPrimitive, plain, type Value } from '../fhirpath/compiled/value.js'
import { evaluate } from '../fhirpath/evaluate.js'
import { parse } from '../fhirpath/parser.js'
import { corrected } from './invariants/corrections.js'
import { elsewhere, natives } from './invariants/natives.js'
import { Scene, Unknown } from './invariants/scene.js'
import type { Json, Message, Place, Rule } from './rule.js'

/** Whether a node keeps to a constraint. */
type Test = (node: Value, scene: Scene) => boolean

/**
 * A constraint as a check, made once for each type that it stands on.
 *
 * @param type  of the node: a resource type, a data type, the path of a backbone, or a primitive (whose value is the node
 *   and whose `_name` is `at.twin`)
 * @returns undefined when there is nothing to check: something else checks it already
 * @see https://hl7.org/fhir/R4/conformance-rules.html#constraints
 */
export function invariant(constraint: Constraint, type: string): Rule | undefined {
  const { key, expression, bestPractice, human } = constraint
  if (elsewhere.has(expression)) return undefined
  const native = natives.get(expression)
  const message = messageOf(constraint)
  const complain = () => `does not keep to ${key}: ${human}`
  const severityAt = ({ settings }: Parameters<Rule>[1]) => (bestPractice ? settings.bestPractice : constraint.severity)
  if (native) {
    return (node, at) => {
      const severity = severityAt(at)
      if (severity === 'off') return
      for (const below of native(node as Json, at)) at.report(message, complain, { severity, below })
    }
  }

  const test = testOf(corrected(constraint), type)
  const takesTwin = isPrimitive(type)
  return (node, at) => {
    const severity = severityAt(at)
    if (severity === 'off') return
    const focus = takesTwin && at.twin ? { type, value: node, beside: at.twin as object } : node
    try {
      if (!test(focus, scene.set(at, focus))) at.report(message, complain, { severity })
    } catch (reason) {
      if (!(reason instanceof Unknown)) at.report(message, () => couldNot(key, reason), { severity })
    }
  }
}

export const scene = new Scene()

/**
 * Whether an expression holds on a node: undefined when that cannot be told, as something must be looked up first, or
 * the expression is wrong.
 */
export function isTrue(expression: string, type: string, node: unknown, at: Place): boolean | undefined {
  try {
    return testOf(expression, type)(node, scene.set(at, node))
  } catch {
    return undefined
  }
}

/** The name that HL7's validator gives it, and what it says. */
const messageOf = ({ source = '', key, human }: Constraint): Message => ({
  id: `${source}#${key}`,
  code: 'invariant',
  text: human,
})

const couldNot = (key: string, reason: unknown) =>
  `${key} could not be evaluated: ${reason instanceof FhirError ? reason.message : 'it does not suit what stands here'}`

// ── From text to test ──────────────────────────────────────────────────────────────────────────────────────────────

const tests = new Map<string, Test>()
/** R4 has some 240, a guide some hundred more. */
const testsAtMost = 5000

/** @param type  of the node that the expression is about */
export function testOf(expression: string, type: string): Test {
  const name = `${type} ${expression}`
  const known = tests.get(name)
  if (known) return known
  const test = made(expression, type)
  if (tests.size >= testsAtMost) tests.delete(tests.keys().next().value!)
  tests.set(name, test)
  return test
}

function made(expression: string, type: string): Test {
  try {
    const tree = parse(expression)
    try {
      const { type: found, one, all } = compile(tree, type)
      if (one && found === 'System.Boolean') return (node, scene) => one(node, scene) === true
      return (node, scene) => isMet(all(node, scene))
    } catch (reason) {
      if (!(reason instanceof NotCompiled)) throw reason
      return (node, scene) => isMet(evaluate(tree, scene.scope(node, type)))
    }
  } catch (reason) {
    // The profile is wrong, which whoever wrote it should hear: each time, as HL7's validator says it.
    return () => {
      throw reason
    }
  }
}

/** Nothing is not enough; something is, unless it is false. */
function isMet(values: readonly Value[]): boolean {
  const [first] = values
  return values.length > 1 || (first !== undefined && plain(first) !== false)
}

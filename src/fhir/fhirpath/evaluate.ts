import { Invalid } from '../../base/errors.js'
import { calculate } from './arithmetic.js'
import { constant } from './constants.js'
import { distinct, equalCollections, equivalentCollections, isAmong, order } from './equality.js'
import { ExactDecimal } from './exact-decimal.js'
import { functions } from './functions.js'
import { bool, children, type Item, integer, isA, quantity, text } from './item.js'
import { asBoolean, asInteger, asString, described, single, singleValue } from './operands.js'
import { Quantity } from './quantity.js'
import type { Call, Scope } from './scope.js'
import { type Node, type Operator, place } from './syntax.js'
import { cast, isOfType } from './types.js'

/**
 * The value of an expression that `check` has let pass: its functions are there, and have the arguments they take.
 * @throws Invalid  it cannot be evaluated on what it was given
 * @see https://hl7.org/fhirpath/N1/
 */
export function evaluate(node: Node, scope: Scope): readonly Item[] {
  const items = itemsOf(node, scope)
  scope.session.limits?.spend(1 + items.length)
  return items
}

function itemsOf(node: Node, scope: Scope): readonly Item[] {
  switch (node.is) {
    case 'literal':
      return node.items
    case 'member':
      return node.of ? childrenOf(evaluate(node.of, scope), node.name) : start(node.name, scope.focus)
    case 'call':
      return call(node, scope)
    case 'index': {
      const items = evaluate(node.of, scope)
      const index = asInteger(evaluate(node.index, within(scope)), `The index ${place(node)}`)
      const item = index === undefined ? undefined : items[index]
      return item ? [item] : []
    }
    case '$this':
      return scope.focus
    case '$index':
      return scope.index === undefined ? [] : [integer(scope.index)]
    case '$total':
      return scope.total ?? []
    case 'variable':
      return variable(node, scope)
    case 'polarity':
      return polarity(node, scope)
    case 'type': {
      const items = evaluate(node.operand, within(scope))
      const what = `What '${node.operator}' stands behind ${place(node)}`
      if (node.operator === 'as') return cast(items, node.type, scope, what)
      const item = single(items, what)
      return item ? [bool(isOfType(item, node.type))] : []
    }
    case 'operation': {
      const left = evaluate(node.left, within(scope))
      const right = evaluate(node.right, within(scope))
      return operators[node.operator](left, right, `of '${node.operator}' ${place(node)}`)
    }
  }
}

/** Variables that are defined inside are not known outside. */
const within = (scope: Scope): Scope => ({ ...scope, variables: new Map(scope.variables) })

const childrenOf = (items: readonly Item[], name: string) => items.flatMap((item) => children(item, name))

/** A path may start with the type of what it starts from: `Patient.name`. */
function start(name: string, focus: readonly Item[]): Item[] {
  return focus.flatMap((item) => (/^[A-Z]/.test(name) && isA(item.type, name) ? [item] : children(item, name)))
}

function variable({ name, ...node }: Node & { is: 'variable' }, { variables }: Scope): readonly Item[] {
  const found = variables.get(name) ?? constant(name)
  if (!found) throw new Invalid(`There is no variable %${name} ${place(node)}`)
  return found
}

function polarity({ sign, operand, ...node }: Node & { is: 'polarity' }, scope: Scope): Item[] {
  const item = singleValue(evaluate(operand, scope), `What '${sign}' stands before ${place(node)}`)
  if (!item) return []
  const { type, value } = item
  if (value instanceof ExactDecimal) return [{ type, value: sign === '-' ? value.negated() : value }]
  if (value instanceof Quantity) return [quantity(sign === '-' ? value.negated() : value)]
  throw new Invalid(`'${sign}' stands before ${described(item)}, which is no number ${place(node)}`)
}

// ── Functions ──────────────────────────────────────────────────────────────────────────────────────────────────────

function call(node: Node & { is: 'call' }, scope: Scope): readonly Item[] {
  const input = node.of ? evaluate(node.of, scope) : scope.focus
  const around = within(scope) // without what this very call defines
  const argument = (at: number) => (node.args[at] ? evaluate(node.args[at], within(around)) : [])
  const applied: Call['applied'] = (argument, focus, index = scope.index, total = scope.total) => {
    const tree = typeof argument === 'number' ? node.args[argument]! : argument
    return evaluate(tree, { ...within(around), focus, index, total })
  }
  return functions[node.name]!.run({ node, input, scope, argument, applied })
}

// ── Operators ──────────────────────────────────────────────────────────────────────────────────────────────────────

type Items = readonly Item[]
/** @param of  `of '+' (at character 3)`, for a message */
type Evaluation = (left: Items, right: Items, of: string) => readonly Item[]

const answer = (value: boolean | undefined) => (value === undefined ? [] : [bool(value)])
const negation = (value: boolean | undefined) => (value === undefined ? undefined : !value)

/** https://hl7.org/fhirpath/N1/#boolean-logic: one side may decide alone. */
const logic =
  (decide: (left: boolean | undefined, right: boolean | undefined) => boolean | undefined): Evaluation =>
  (left, right, of) =>
    answer(decide(asBoolean(left, `The left side ${of}`), asBoolean(right, `The right side ${of}`)))

const comparison =
  (holds: (order: number) => boolean): Evaluation =>
  (left, right, of) => {
    const [a, b] = operandsOf(left, right, of)
    if (!a || !b) return []
    const relation = order(a, b)
    if (relation === 'unlike') throw new Invalid(`${described(a)} and ${described(b)} have no order: the sides ${of}`)
    return relation === undefined ? [] : [bool(holds(relation))]
  }

const arithmetic =
  (operator: '+' | '-' | '*' | '/' | 'div' | 'mod'): Evaluation =>
  (left, right, of) => {
    const [a, b] = operandsOf(left, right, of)
    const result = a && b && calculate(operator, a, b)
    return result ? [result] : []
  }

const operandsOf = (left: Items, right: Items, of: string) =>
  [singleValue(left, `The left side ${of}`), singleValue(right, `The right side ${of}`)] as const

const membership =
  (orientation: 'in' | 'contains'): Evaluation =>
  (left, right, of) => {
    const [items, collection] = orientation === 'in' ? [left, right] : [right, left]
    const item = single(items, `What is looked for ${of}`)
    return item ? [bool(isAmong(item, collection))] : []
  }

const operators: Record<Operator, Evaluation> = {
  and: logic((a, b) => (a === false || b === false ? false : a === undefined || b === undefined ? undefined : true)),
  or: logic((a, b) => (a === true || b === true ? true : a === undefined || b === undefined ? undefined : false)),
  xor: logic((a, b) => (a === undefined || b === undefined ? undefined : a !== b)),
  implies: logic((a, b) => (a === false || b === true ? true : a === undefined || b === undefined ? undefined : false)),
  '=': (left, right) => answer(equalCollections(left, right)),
  '!=': (left, right) => answer(negation(equalCollections(left, right))),
  '~': (left, right) => [bool(equivalentCollections(left, right))],
  '!~': (left, right) => [bool(!equivalentCollections(left, right))],
  '<': comparison((order) => order < 0),
  '<=': comparison((order) => order <= 0),
  '>': comparison((order) => order > 0),
  '>=': comparison((order) => order >= 0),
  in: membership('in'),
  contains: membership('contains'),
  '|': (left, right) => distinct([...left, ...right]),
  '&': (left, right, of) => [
    text((asString(left, `The left side ${of}`) ?? '') + (asString(right, `The right side ${of}`) ?? '')),
  ],
  '+': arithmetic('+'),
  '-': arithmetic('-'),
  '*': arithmetic('*'),
  '/': arithmetic('/'),
  div: arithmetic('div'),
  mod: arithmetic('mod'),
}

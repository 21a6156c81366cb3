import { Invalid } from '../../base/errors.js'
import { typeDefinition } from '../definitions.js'
import { functions } from './functions.js'
import { elementsOf, isA, systemType } from './item.js'
import type { FunctionDefinition } from './scope.js'
import { type Node, type Operator, place, type TypeName } from './syntax.js'
import { checkTypeName, typeArgument } from './types.js'

/** What can be said of a collection before there is one. */
interface Shape {
  /** Types that its items may have; undefined when they may have any. */
  readonly types?: readonly string[]
  /** Came in no order, from children() or descendants() */
  readonly unordered?: true
}

interface Surroundings {
  readonly focus: Shape
  /** `%resource` and its kin, where they have a type. */
  readonly variables: ReadonlyMap<string, Shape>
  readonly asR4: boolean
}

const anything: Shape = {}
const of = (type: string): Shape => ({ types: [type] })

export interface Purpose {
  /** Of the items it is evaluated on; absent when they may be anything. */
  readonly type?: string
  /** Type of `%resource`, when there is one. */
  readonly resource?: string
  /** A path that starts with another type finds nothing, as in R4's `Person.name | Patient.name`; else it is a mistake. */
  readonly asR4: boolean
}

/**
 * Finds what can never be right on items of a type: elements that the type does not have, a path that starts with
 * another type, the order of what has none. https://hl7.org/fhirpath/N1/#type-safety-and-strict-evaluation
 *
 * @throws Invalid  says what is wrong, and where
 */
export function check(expression: Node, { type, resource, asR4 }: Purpose): void {
  const root = resource === undefined ? anything : of(resource)
  const focus = type === undefined ? anything : of(type)
  const variables = new Map([
    ['resource', root],
    ['rootResource', root],
    ['context', focus],
  ])
  shapeOf(expression, { focus, variables, asR4 })
}

function shapeOf(node: Node, around: Surroundings): Shape {
  switch (node.is) {
    case 'literal': {
      const [item] = node.items
      return item ? of(item.type) : anything
    }
    case 'member':
      return node.of ? element(shapeOf(node.of, around), node) : start(around, node)
    case 'call':
      return call(node, around)
    case 'index':
      shapeOf(node.index, around)
      return ordered(shapeOf(node.of, around), '[ ]', node)
    case '$this':
      return around.focus
    case '$index':
      return of('System.Integer')
    case '$total':
      return anything
    case 'variable':
      return around.variables.get(node.name) ?? anything
    case 'polarity':
      return { types: shapeOf(node.operand, around).types }
    case 'type':
      checkTypeName(node.type, node)
      shapeOf(node.operand, around)
      return node.operator === 'is' ? of('System.Boolean') : named(node.type)
    case 'operation': {
      const [left, right] = [shapeOf(node.left, around), shapeOf(node.right, around)]
      return ofOperator(node.operator, left, right)
    }
  }
}

const named = ({ namespace, name }: TypeName): Shape => {
  if (namespace !== 'System' && typeDefinition(name)) return of(name)
  return name === 'Any' ? anything : of(`System.${name}`)
}

const arithmetic: ReadonlySet<Operator> = new Set(['+', '-', '*', '/', 'div', 'mod'])

function ofOperator(operator: Operator, left: Shape, right: Shape): Shape {
  if (operator === '|') return either(left, right)
  if (operator === '&') return of('System.String')
  return arithmetic.has(operator) ? anything : of('System.Boolean')
}

const either = (left: Shape, right: Shape): Shape =>
  left.types && right.types ? { types: [...new Set([...left.types, ...right.types])] } : anything

// ── Elements ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** What is only known to be a resource or an element may be one that has it. */
const mayHaveMore = (type: string) =>
  typeDefinition(type)?.abstract === true || !(typeDefinition(type) || type.startsWith('System.'))

/** System values are seen by their own parts: those of a quantity and of a type. */
const parts: Record<string, readonly string[]> = {
  'System.Quantity': ['value', 'unit', 'code'],
}

function element({ types, unordered }: Shape, node: Node & { is: 'member' }): Shape {
  if (!types || types.some(mayHaveMore)) return anything
  if (types.length === 0) return { types }
  const { name } = node
  const found: string[] = []
  let isKnown = false
  for (const type of types) {
    if (parts[type]?.includes(name)) return anything
    const spellings = elementsOf(type).get(name)
    if (!spellings) continue
    isKnown = true
    for (const [, member] of spellings) found.push(member.type)
  }
  if (!isKnown) throw unknownElement(types, node)
  return { types: [...new Set(found)], ...(unordered && { unordered }) }
}

function unknownElement(types: readonly string[], node: Node & { is: 'member' }): Invalid {
  const { name } = node
  for (const type of types) {
    for (const [element, spellings] of elementsOf(type)) {
      if (spellings.some(([key]) => key === name)) {
        return new Invalid(`FHIRPath calls ${type}.${name} '${element}' ${place(node)}`)
      }
    }
  }
  const owner = types.slice(0, 3).join(', ') + (types.length > 3 ? ' …' : '')
  return new Invalid(`${owner} has no element '${name}' ${place(node)}`)
}

/** The first name of a path may be the type of what it starts from. */
function start({ focus, asR4 }: Surroundings, node: Node & { is: 'member' }): Shape {
  const { types } = focus
  const { name } = node
  if (!types || !/^[A-Z]/.test(name) || !typeDefinition(name)) return element(focus, node)
  const narrowed = types.filter((type) => isA(type, name))
  if (narrowed.length > 0) return { ...focus, types: narrowed }
  if (types.some((type) => mayHaveMore(type) && isA(name, type))) return of(name)
  if (asR4) return { types: [] }
  throw new Invalid(`The path starts with ${name}, but is evaluated on ${types.join(', ')} ${place(node)}`)
}

// ── Functions ──────────────────────────────────────────────────────────────────────────────────────────────────────

function call(node: Node & { is: 'call' }, around: Surroundings): Shape {
  const definition = Object.hasOwn(functions, node.name) ? functions[node.name] : undefined
  if (!definition) throw new Invalid(`There is no function ${node.name}() ${place(node)}`)
  mustTake(definition.arity, node)
  const input = node.of ? shapeOf(node.of, around) : around.focus
  if (definition.needsOrder) ordered(input, `${node.name}()`, node)
  if (definition.onString) onString(input, node)
  if (definition.takesType) return ofTypeFunction(node, definition)

  const args = node.args.map((argument) => shapeOf(argument, inside(definition, input, around)))
  if (definition.decides) mustDecide(args[0], node)
  return result(definition, input, args)
}

function inside({ perItem }: FunctionDefinition, { types }: Shape, around: Surroundings): Surroundings {
  return perItem ? { ...around, focus: perItem === 'found' ? anything : { types } } : around
}

function mustTake([least, most]: FunctionDefinition['arity'], node: Node & { is: 'call' }): void {
  const given = node.args.length
  if (given >= least && given <= most) return
  const wanted = least === most ? least : Number.isFinite(most) ? `${least} to ${most}` : `${least} or more`
  throw new Invalid(`${node.name}() takes ${wanted} arguments, not ${given} ${place(node)}`)
}

function result({ returns }: FunctionDefinition, input: Shape, args: readonly Shape[]): Shape {
  const [argument = anything, ...others] = args
  switch (returns) {
    case undefined:
      return anything
    case 'input':
      return input
    case 'argument':
      return argument
    case 'both':
      return either(input, argument)
    case 'branches':
      return others.reduce(either)
    case 'unordered':
      return { unordered: true }
    default:
      return of(returns)
  }
}

function ofTypeFunction(node: Node & { is: 'call' }, { returns }: FunctionDefinition): Shape {
  const [argument] = node.args
  if (!argument) return anything
  const type = typeArgument(argument)
  checkTypeName(type, argument)
  return returns === undefined ? named(type) : of(returns)
}

function ordered(shape: Shape, by: string, node: Node): Shape {
  if (!shape.unordered) return shape
  throw new Invalid(`${by} asks for an order, which children() and descendants() do not have ${place(node)}`)
}

/** A criterion that is never a boolean would always hold, as a single value does. */
function mustDecide({ types = [] }: Shape = anything, node: Node & { is: 'call' }): void {
  const decides = (type: string) => mayHaveMore(type) || systemType(type) === 'System.Boolean'
  if (types.length === 0 || types.some(decides)) return
  throw new Invalid(`The criterion of ${node.name}() is a boolean, not ${types.join(', ')} ${place(node)}`)
}

function onString({ types }: Shape, node: Node & { is: 'call' }): void {
  const isNone = (type: string) => !mayHaveMore(type) && systemType(type) !== 'System.String'
  if (!types || types.length === 0 || !types.every(isNone)) return
  throw new Invalid(`${node.name}() takes a string, not ${types.join(', ')} ${place(node)}`)
}

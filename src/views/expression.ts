import { raw, sql } from '../db/sql.js'
import { isResourceType } from '../fhir/definitions.js'
import { type Expression, parse, Unsupported } from '../fhir/path/parse.js'
import { isA } from '../fhir/path/routes.js'
import { primitives } from '../fhir/validation/primitives.js'
import { at, boolean, type Collection, nothing, number, text } from './collection.js'
import { element } from './element.js'
import { call } from './functions.js'
import { operation } from './operators.js'
import type { Scope } from './scope.js'
import { Unfit } from './unfit.js'

/** Longer than any path; longer lists of codes belong into value sets. */
const LONGEST = 10_000
/** Steps within steps: as deep as the stack of everybody who walks the tree stands with ease. */
const DEEPEST = 400

/**
 * A FHIRPath expression as SQL.
 *
 * @throws Unfit  says what in it cannot be
 */
export function compile(path: string, scope: Scope): Collection {
  if (path.length > LONGEST) throw new Unfit(`is longer than ${LONGEST} characters`)
  let tree: Expression
  try {
    tree = parse(path)
  } catch (cause) {
    if (cause instanceof Unsupported) throw new Unfit(`is not FHIRPath, at ${cause.message.slice(0, 80)}`)
    throw cause
  }
  checkDepth(tree)
  return evaluate(tree, scope)
}

function checkDepth(tree: Expression): void {
  let level: Expression[] = [tree]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw new Unfit(`has more than ${DEEPEST} steps or operators in a row`)
    level = level.flatMap(partsOf)
  }
}

function partsOf(expression: Expression): Expression[] {
  switch (expression.is) {
    case 'call':
      return expression.of ? [expression.of, ...expression.args] : expression.args
    case 'member':
      return expression.of ? [expression.of] : []
    case 'index':
      return [expression.of, expression.at]
    case 'sign':
      return [expression.of]
    case 'operation':
      return [expression.left, expression.right]
    default:
      return []
  }
}

/** What PostgreSQL can count the items of an array by. */
const MOST_ITEMS = 2_147_483_647

function evaluate(expression: Expression, scope: Scope): Collection {
  switch (expression.is) {
    case 'member':
      return member(expression, scope)
    case 'call': {
      const input = expression.of ? evaluate(expression.of, scope) : scope.item
      return call(expression, input, scope, evaluate)
    }
    case 'index': {
      const { at: place } = expression
      if (place.is !== 'literal' || place.type !== 'integer') throw new Unfit('has an index that is not a whole number')
      if (Number(place.value) > MOST_ITEMS) throw new Unfit(`has an index above ${MOST_ITEMS}`)
      return at(evaluate(expression.of, scope), Number(place.value), scope.aliases)
    }
    case 'variable':
      return variable(expression.name, scope)
    case 'iteration':
      if (expression.name === 'this') return scope.item
      if (expression.name === 'index' && scope.index) return number(scope.index, 'integer')
      throw new Unfit(`has $${expression.name} where there is none`)
    case 'literal':
      return literal(expression)
    case 'empty':
      return nothing
    case 'sign':
    case 'operation':
      return operation(expression, scope, evaluate)
  }
}

function member({ name, of }: Expression & { is: 'member' }, scope: Scope): Collection {
  if (of) return element(evaluate(of, scope), name, scope.aliases)
  // `Patient.name` may stand for `name`.
  if (isResourceType(name)) {
    const [root] = scope.item.branches
    if (root && isA(root.type, name)) return scope.item
    throw new Unfit(`speaks of ${name}, where the value is ${root?.type ?? 'none'}`)
  }
  return element(scope.item, name, scope.aliases)
}

/** https://hl7.org/fhir/R4/fhirpath.html#variables */
const systems: Record<string, string> = {
  sct: 'http://snomed.info/sct',
  loinc: 'http://loinc.org',
  ucum: 'http://unitsofmeasure.org',
}

function variable(name: string, { resource, context, constants, rowIndex }: Scope): Collection {
  if (name === 'resource' || name === 'rootResource') return resource
  if (name === 'context') return context
  if (name === 'rowIndex') return number(rowIndex(), 'integer')
  const constant = constants.get(name)
  if (constant) return constant
  if (Object.hasOwn(systems, name)) return text(sql`${systems[name]}::text`)
  const known = [...constants.keys()].map((one) => `%${one}`).join(', ')
  throw new Unfit(`%${name} is not defined; the view has ${known || 'no constants'}`)
}

function literal({ type, value }: Expression & { is: 'literal' }): Collection {
  switch (type) {
    case 'boolean':
      return boolean(raw(String(value)))
    case 'integer':
    case 'decimal':
      return number(sql`${value}::numeric`, type)
    case 'Quantity':
      throw new Unfit('has a quantity: compare its value and its code instead')
    case 'date':
    case 'dateTime':
    case 'time':
      checkTemporal(type === 'time' ? `T${value}` : String(value))
      return text(sql`${value}::text`, type)
    default:
      return text(sql`${value}::text`, type)
  }
}

function checkTemporal(value: string): void {
  const [date = '', time] = value.replace(/(Z|(?<=T.*)[+-]\d\d:\d\d)$/, '').split('T', 2)
  if (date !== '' && !primitives.date!.accepts(date)) throw new Unfit(`has a date that does not exist: ${date}`)
  // FHIR has no time without seconds, so nothing could be compared with one.
  if (time !== undefined && !primitives.time!.accepts(time)) throw new Unfit(`has a time that is not hh:mm:ss: ${time}`)
}

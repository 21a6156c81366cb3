import { raw, type Sql, sql } from '../db/sql.js'
import type { Expression, Operator } from '../fhir/path/parse.js'
import { isA } from '../fhir/path/routes.js'
import {
  array,
  asBoolean,
  asJson,
  asNumber,
  asText,
  boolean,
  type Collection,
  elementsOf,
  exists,
  isSingle,
  isThere,
  nothing,
  number,
  rows,
  single,
  spread,
  text,
} from './collection.js'
import { listed, ofType } from './element.js'
import { booleanOf, familyOfAll, numberOf, textOf } from './operands.js'
import type { Compile, Scope } from './scope.js'
import { compareTemporal, type Relation } from './temporal.js'
import { type Family, familyOf, typeNamed } from './types.js'
import { Unfit } from './unfit.js'

type Operate = (left: Collection, right: Collection, scope: Scope) => Collection

/** https://hl7.org/fhirpath/N1/#operations; SQL's and, or and not treat null as FHIRPath treats empty. */
const operators: Record<Exclude<Operator, 'is' | 'as'>, Operate> = {
  and: (a, b, scope) => boolean(sql`(${booleanOf(a, scope)} and ${booleanOf(b, scope)})`),
  or: (a, b, scope) => boolean(sql`(${booleanOf(a, scope)} or ${booleanOf(b, scope)})`),
  xor: (a, b, scope) => boolean(sql`(${booleanOf(a, scope)} <> ${booleanOf(b, scope)})`),
  implies: (a, b, scope) => boolean(sql`(not ${booleanOf(a, scope)} or ${booleanOf(b, scope)})`),
  '=': (a, b, scope) => boolean(equal(a, b, scope)),
  '!=': (a, b, scope) => boolean(sql`(not ${equal(a, b, scope)})`),
  '~': (a, b, scope) => boolean(equivalent(a, b, scope)),
  '!~': (a, b, scope) => boolean(sql`(not ${equivalent(a, b, scope)})`),
  '<': (a, b, scope) => boolean(compare(a, '<', b, scope)),
  '<=': (a, b, scope) => boolean(compare(a, '<=', b, scope)),
  '>': (a, b, scope) => boolean(compare(a, '>', b, scope)),
  '>=': (a, b, scope) => boolean(compare(a, '>=', b, scope)),
  in: (a, b, scope) => boolean(isIn(a, b, scope)),
  contains: (a, b, scope) => boolean(isIn(b, a, scope)),
  '|': (a, b, scope) => union(a, b, scope),
  '&': (a, b, scope) => text(sql`(coalesce(${textOf(a, scope)}, '') || coalesce(${textOf(b, scope)}, ''))`),
  '+': (a, b, scope) =>
    isText(a) && isText(b) ? text(sql`(${textOf(a, scope)} || ${textOf(b, scope)})`) : arithmetic('+', a, b, scope),
  '-': (a, b, scope) => arithmetic('-', a, b, scope),
  '*': (a, b, scope) => arithmetic('*', a, b, scope),
  '/': (a, b, scope) => number(sql`trim_scale(${numberOf(a, scope)} / ${divisor(b, scope)})`),
  div: (a, b, scope) => number(sql`div(${numberOf(a, scope)}, ${divisor(b, scope)})`, 'integer'),
  mod: (a, b, scope) => number(sql`mod(${numberOf(a, scope)}, ${divisor(b, scope)})`, wider(a, b)),
}

export function operation(
  expression: Expression & { is: 'operation' | 'sign' },
  scope: Scope,
  compile: Compile,
): Collection {
  if (expression.is === 'sign') {
    const of = compile(expression.of, scope)
    return expression.sign === '+' ? of : number(sql`(- ${numberOf(of, scope)})`, wider(of))
  }
  const { operator, left, right } = expression
  if (operator === 'is') return isType(compile(left, scope), typeNamed(right), scope)
  if (operator === 'as') return ofType(compile(left, scope), typeNamed(right), scope.aliases)
  return operators[operator](compile(left, scope), compile(right, scope), scope)
}

/** Empty of nothing; of several values an error. */
export function isType(collection: Collection, type: string, { aliases }: Scope): Collection {
  const one = isSingle(collection) ? collection : { ...spread(collection, aliases), many: false }
  const fits = one.branches.filter((branch) => isA(branch.type, type) || isA(type, branch.type))
  const is = fits.length ? isThere(ofType({ ...one, branches: fits }, type, aliases)) : raw('false')
  return boolean(sql`(select case when ${isThere(one)} then ${is} end ${rows(one, isThere(one))})`)
}

const isText = (collection: Collection) =>
  collection.branches.length > 0 && collection.branches.every(({ type }) => familyOf(type) === 'text')

const wider = (...operands: Collection[]) =>
  operands.every(({ branches }) => branches.every(({ type }) => isA(type, 'integer'))) ? 'integer' : 'decimal'

function arithmetic(sign: '+' | '-' | '*', a: Collection, b: Collection, scope: Scope): Collection {
  return number(sql`(${numberOf(a, scope)} ${raw(sign)} ${numberOf(b, scope)})`, wider(a, b))
}

/** What is divided by zero is empty. */
const divisor = (operand: Collection, scope: Scope) => sql`nullif(${numberOf(operand, scope)}, 0)`

function compare(a: Collection, relation: Relation, b: Collection, scope: Scope): Sql {
  const family = common(a, b)
  const sign = raw(relation)
  switch (family) {
    case 'number':
      return sql`(${numberOf(a, scope)} ${sign} ${numberOf(b, scope)})`
    case 'text':
      return sql`(${textOf(a, scope)} ${sign} ${textOf(b, scope)} collate "C")`
    case 'temporal':
      return compareTemporal(textOf(a, scope), relation, textOf(b, scope))
    case undefined:
      return raw('null::boolean')
    default:
      throw new Unfit(`compares ${listed(a.branches)} by ${relation}, which have no order`)
  }
}

/**
 * The family in which two operands are compared; none when one of them is always empty.
 * Text stands in for a date beside one: `birthDate = '1970-01-01'`.
 */
function common(a: Collection, b: Collection): Family | undefined {
  const left = familyOfAll(a)
  const right = familyOfAll(b)
  if (left === undefined || right === undefined) return undefined
  if (left === right) return left
  const both = new Set([left, right])
  if (both.has('text') && both.has('temporal')) return 'temporal'
  throw new Unfit(`compares ${listed(a.branches)} with ${listed(b.branches)}`)
}

function equal(a: Collection, b: Collection, scope: Scope): Sql {
  // `deceased = true` of a choice: what is of another type is there, and not equal.
  const mixed = [a, b].find(({ branches }) => new Set(branches.map(({ type }) => familyOf(type))).size > 1)
  if (mixed) {
    const other = mixed === a ? b : a
    const family = familyOfAll(other)
    const same = { ...mixed, branches: mixed.branches.filter(({ type }) => familyOf(type) === family) }
    if (family !== undefined && same.branches.length === 0)
      throw new Unfit(`compares ${listed(a.branches)} with ${listed(b.branches)}`)
    const both = sql`${exists(mixed, scope.aliases)} and ${exists(other, scope.aliases)}`
    return sql`coalesce(${equal(same, other, scope)}, case when ${both} then false end)`
  }
  const family = common(a, b)
  if (family === undefined) return raw('null::boolean')
  if (!isSingle(a) || !isSingle(b)) {
    const [left, right] = [array(a, scope.aliases), array(b, scope.aliases)]
    return sql`(select case when x.a <> '[]' and x.b <> '[]' then x.a = x.b end from (select ${left} as a, ${right} as b) x)`
  }
  if (family === 'temporal') return compareTemporal(textOf(a, scope), '=', textOf(b, scope))
  const as = { text: asText, number: asNumber, boolean: asBoolean, complex: asJson }[family]
  return sql`(${single(a, as, scope.aliases)} = ${single(b, as, scope.aliases)})`
}

/** As equal, but of two that are empty, and of texts whatever their case and blanks. */
function equivalent(a: Collection, b: Collection, scope: Scope): Sql {
  const folded = (operand: Collection) => sql`lower(regexp_replace(${textOf(operand, scope)}, '\\s+', ' ', 'g'))`
  const same = isText(a) && isText(b) ? sql`(${folded(a)} = ${folded(b)})` : equal(a, b, scope)
  return sql`coalesce(${same}, not (${exists(a, scope.aliases)} or ${exists(b, scope.aliases)}))`
}

function isIn(one: Collection, several: Collection, scope: Scope): Sql {
  const family = common(one, several)
  if (family === undefined) return one.branches.length === 0 ? raw('null::boolean') : raw('false')
  if (family === 'complex') throw new Unfit(`looks for a ${listed(one.branches)} among others: only primitives can be`)
  return sql`(${array(several, scope.aliases)} @> ${single(one, asJson, scope.aliases)})`
}

/** Each value once, in the order of their first appearance. */
export function union(a: Collection, b: Collection, scope: Scope): Collection {
  return distinct(combine(a, b, scope), scope)
}

export function combine(a: Collection, b: Collection, scope: Scope): Collection {
  if (a.branches.length === 0) return b
  if (b.branches.length === 0) return a
  const types = new Set([...a.branches, ...b.branches].map(({ type }) => type))
  const [type] = types
  const isAllText = isText(a) && isText(b)
  if (types.size > 1 && !isAllText) throw new Unfit(`joins values of different types: ${[...types].join(', ')}`)
  const all = sql`(${array(a, scope.aliases)} || ${array(b, scope.aliases)})`
  return elementsOf(all, types.size > 1 ? 'string' : type!, scope.aliases)
}

export function distinct(collection: Collection, scope: Scope): Collection {
  const { branches } = collection
  if (branches.length === 0 || isSingle(collection)) return collection
  if (branches.length > 1) throw new Unfit(`takes each value once of ${listed(branches)}: pick one type by ofType()`)
  const alias = scope.aliases.next()
  const all = array(collection, scope.aliases)
  return {
    ...nothing,
    from: [
      sql`lateral (select e.v, row_number() over (order by min(e.i)) as i from jsonb_array_elements(${all}) with ordinality e(v, i) group by e.v) ${alias}`,
    ],
    order: [sql`${alias}.i`],
    many: true,
    branches: [{ type: branches[0]!.type, form: 'json', base: sql`${alias}.v`, steps: [] }],
  }
}

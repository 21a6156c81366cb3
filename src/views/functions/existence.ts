import { raw, type Sql, sql } from '../../db/sql.js'
import { asBoolean, boolean, type Collection, count, exists, number, rows, spread } from '../collection.js'
import { listed } from '../element.js'
import { booleanOf } from '../operands.js'
import { distinct } from '../operators.js'
import { familyOf } from '../types.js'
import { Unfit } from '../unfit.js'
import { type Call, each, type Functions, primitives } from './call.js'
import { filtered } from './selection.js'

/** https://hl7.org/fhirpath/N1/#existence */
export const existence: Functions = {
  empty: [0, 0, ({ input, scope }) => boolean(sql`(not ${exists(input, scope.aliases)})`)],
  exists: [0, 1, (call) => boolean(exists(call.args.length ? filtered(call) : call.input, call.scope.aliases))],
  all: [1, 1, (call) => boolean(sql`(not ${exists(failing(call), call.scope.aliases)})`)],
  allTrue: [0, 0, (call) => truths(call, raw('bool_and(v)'), true)],
  allFalse: [0, 0, (call) => truths(call, raw('bool_and(not v)'), true)],
  anyTrue: [0, 0, (call) => truths(call, raw('bool_or(v)'), false)],
  anyFalse: [0, 0, (call) => truths(call, raw('bool_or(not v)'), false)],
  count: [0, 0, ({ input, scope }) => number(count(input, scope.aliases), 'integer')],
  distinct: [0, 0, ({ input, scope }) => distinct(input, scope)],
  isDistinct: [0, 0, isDistinct],
  hasValue: [0, 0, ({ input, scope }) => boolean(exists(primitives(input), scope.aliases))],
  not: [0, 0, ({ input, scope }) => boolean(sql`(not ${booleanOf(input, scope)})`)],
}

/** The values of which a criterion is not true. */
function failing(call: Call): Collection {
  const [all, inner] = each(call)
  return { ...all, where: [...all.where, sql`${booleanOf(call.compile(call.args[0]!, inner), inner)} is not true`] }
}

/** @param none  what holds of no values at all */
function truths({ input, scope }: Call, aggregate: Sql, none: boolean): Collection {
  if (input.branches.some(({ type }) => familyOf(type) !== 'boolean'))
    throw new Unfit(`asks ${listed(input.branches)} to be true or false`)
  const all = spread(input, scope.aliases)
  const values = all.branches[0] ? asBoolean(all.branches[0]) : raw('null::boolean')
  return boolean(sql`(select coalesce(${aggregate}, ${raw(String(none))}) from (select ${values} ${rows(all)}) t(v))`)
}

function isDistinct({ input, scope }: Call): Collection {
  return boolean(sql`(${count(input, scope.aliases)} = ${count(distinct(input, scope), scope.aliases)})`)
}

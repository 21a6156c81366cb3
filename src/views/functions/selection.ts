import { sql } from '../../db/sql.js'
import { asJson, at, type Collection, isSingle, nothing, part, scalar, single, spread } from '../collection.js'
import { element, listed, ofType } from '../element.js'
import { booleanOf, textOf } from '../operands.js'
import { combine, isType, union } from '../operators.js'
import { typeNamed } from '../types.js'
import { Unfit } from '../unfit.js'
import { argument, type Call, each, type Functions, textArgument, whole } from './call.js'

const cast = ({ input, args, scope }: Call) => ofType(input, typeNamed(args[0]!), scope.aliases)

/** https://hl7.org/fhirpath/N1/#filtering-and-projection, #subsetting and #combining */
export const selection: Functions = {
  where: [1, 1, filtered],
  select: [1, 1, projected],
  ofType: [1, 1, cast],
  as: [1, 1, cast],
  is: [1, 1, ({ input, args, scope }) => isType(input, typeNamed(args[0]!), scope)],
  extension: [1, 1, extension],
  first: [0, 0, ({ input, scope }) => at(input, 0, scope.aliases)],
  last: [0, 0, ({ input, scope }) => at(input, -1, scope.aliases)],
  single: [0, 0, onlyOne],
  tail: [0, 0, (call) => rest(call, 1)],
  skip: [1, 1, (call) => rest(call, whole(call, 0))],
  take: [1, 1, (call) => rest(call, 0, whole(call, 0))],
  union: [1, 1, (call) => union(call.input, argument(call, 0), call.scope)],
  combine: [1, 1, (call) => combine(call.input, argument(call, 0), call.scope)],
}

/** where(): the values of which a criterion is true. */
export function filtered(call: Call): Collection {
  const [all, inner] = each(call)
  return { ...all, where: [...all.where, booleanOf(call.compile(call.args[0]!, inner), inner)] }
}

function projected(call: Call): Collection {
  const [all, inner] = each(call)
  const found = spread(call.compile(call.args[0]!, inner), call.scope.aliases)
  return {
    from: [...all.from, ...found.from],
    where: [...all.where, ...found.where],
    order: [...all.order, ...found.order],
    many: all.many || found.many,
    branches: found.branches,
  }
}

/** https://hl7.org/fhir/R4/fhirpath.html#functions */
function extension(call: Call): Collection {
  const { input, scope } = call
  const all = spread(element(input, 'extension', scope.aliases), scope.aliases)
  const url = element({ ...nothing, branches: all.branches }, 'url', scope.aliases)
  return { ...all, where: [...all.where, sql`${textOf(url, scope)} = ${textArgument(call, 0)}`] }
}

function onlyOne({ input, scope }: Call): Collection {
  const [branch] = input.branches
  if (isSingle(input) || !branch) return input
  if (input.branches.length > 1)
    throw new Unfit(`takes the single value of ${listed(input.branches)}: pick one by ofType()`)
  return scalar(branch.type, 'json', single(input, asJson, scope.aliases))
}

function rest({ input, scope }: Call, place: number, most?: number): Collection {
  if (most === 0) return nothing
  if (isSingle(input)) return place === 0 ? input : nothing
  return part(input, place, most, scope.aliases)
}

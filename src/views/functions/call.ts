import { type Sql, sql } from '../../db/sql.js'
import type { Expression } from '../../fhir/path/parse.js'
import { type Collection, nothing, spread } from '../collection.js'
import { numberOf, textOf } from '../operands.js'
import type { Compile, Scope } from '../scope.js'
import { familyOf } from '../types.js'
import { Unfit } from '../unfit.js'

/** One call of a function: what it is applied to, and its arguments as they stand. */
export interface Call {
  readonly input: Collection
  readonly args: readonly Expression[]
  readonly scope: Scope
  readonly compile: Compile
}

/** A function by how many arguments it takes, and what it makes of a call. */
export type Fn = readonly [least: number, most: number, of: (call: Call) => Collection]
export type Functions = Readonly<Record<string, Fn>>

/** An argument's value; it is applied to what is around the call. */
export const argument = ({ args, scope, compile }: Call, i: number): Collection => compile(args[i]!, scope)

export const inputText = ({ input, scope }: Call): Sql => textOf(input, scope)
export const inputNumber = ({ input, scope }: Call): Sql => numberOf(input, scope)
export const textArgument = (call: Call, i: number): Sql => textOf(argument(call, i), call.scope)
export const numberArgument = (call: Call, i: number): Sql => numberOf(argument(call, i), call.scope)

/** An argument that SQL has to have in its own text. */
export function whole({ args }: Call, i: number): number {
  const argument = args[i]
  if (argument?.is === 'literal' && argument.type === 'integer' && String(argument.value).length < 9)
    return Number(argument.value)
  throw new Unfit('needs a whole number, written out, as an argument')
}

/** The rows of the input, and the scope of what is said about each of them. */
export function each({ input, scope }: Call): [Collection, Scope] {
  const all = spread(input, scope.aliases)
  const item: Collection = { ...nothing, branches: all.branches }
  const [place, ...others] = all.order
  const isNumbered = place && others.length === 0 && all.where.length === 0
  const index = isNumbered ? sql`(${place} - 1)::numeric` : place ? undefined : sql`0::numeric`
  return [all, { ...scope, item, index }]
}

/** Those of the values that are primitives. */
export function primitives(input: Collection): Collection {
  return { ...input, branches: input.branches.filter(({ type }) => familyOf(type) !== 'complex') }
}

import { raw, type Sql, sql } from '../../db/sql.js'
import { asBoolean, asText, boolean, type Collection, nothing, number, single, text } from '../collection.js'
import { listed } from '../element.js'
import { booleanOf, familyOfAll, numberOf, textOf } from '../operands.js'
import { familyOf } from '../types.js'
import { Unfit } from '../unfit.js'
import { argument, type Call, type Fn, type Functions, primitives } from './call.js'

// On its own, as the compiler takes `toString` in an object for that of every object.
const toText: Fn = [0, 0, ({ input, scope }) => text(single(primitives(input), asText, scope.aliases))]

/** https://hl7.org/fhirpath/N1/#conversion: what cannot be converted is empty. */
export const conversion: Functions = {
  iif: [2, 3, chosen],
  toString: toText,
  toInteger: [0, 0, (call) => number(converted(call, '^[+-]?[0-9]+$'), 'integer')],
  toDecimal: [0, 0, (call) => number(converted(call, '^[+-]?[0-9]+([.][0-9]+)?$'))],
  toBoolean: [0, 0, toBoolean],
}

function chosen(call: Call): Collection {
  const { args, scope } = call
  const condition = booleanOf(argument(call, 0), scope)
  const yes = argument(call, 1)
  const no = args[2] ? argument(call, 2) : nothing
  const family = familyOfAll({ ...nothing, branches: [...yes.branches, ...no.branches] })
  const type = yes.branches[0]?.type ?? no.branches[0]?.type
  const pick = (of: (chosen: Collection) => Sql) => sql`(case when ${condition} then ${of(yes)} else ${of(no)} end)`
  switch (family) {
    case undefined:
      return nothing
    case 'boolean':
      return boolean(pick((one) => booleanOf(one, scope)))
    case 'number':
      return number(
        pick((one) => numberOf(one, scope)),
        type,
      )
    case 'complex':
      throw new Unfit(`chooses between ${listed(yes.branches)}: iif() takes primitives`)
    default:
      return text(
        pick((one) => textOf(one, scope)),
        type,
      )
  }
}

/** @param form  regular expression of the texts that are numbers */
function converted({ input, scope }: Call, form: string): Sql {
  const digits = single(primitives(input), asDigits, scope.aliases)
  return sql`(select case when v ~ ${raw(`'${form}'`)} then v::numeric end from (select ${digits}) t(v))`
}

/** A boolean is 1 or 0. */
const asDigits: typeof asText = (branch) =>
  familyOf(branch.type) === 'boolean' ? sql`${asBoolean(branch)}::int::text` : asText(branch)

function toBoolean({ input, scope }: Call): Collection {
  return boolean(sql`(select case when v in ('true', 't', 'yes', 'y', '1', '1.0') then true
      when v in ('false', 'f', 'no', 'n', '0', '0.0') then false end
    from (select lower(${single(primitives(input), asText, scope.aliases)})) t(v))`)
}

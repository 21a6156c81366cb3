import { raw, sql } from '../../db/sql.js'
import { type Collection, number } from '../collection.js'
import { type Call, type Functions, inputNumber, numberArgument, whole } from './call.js'

/** https://hl7.org/fhirpath/N1/#math */
export const math: Functions = {
  abs: [0, 0, (call) => number(sql`abs(${inputNumber(call)})`, call.input.branches[0]?.type)],
  ceiling: [0, 0, (call) => number(sql`ceil(${inputNumber(call)})`, 'integer')],
  floor: [0, 0, (call) => number(sql`floor(${inputNumber(call)})`, 'integer')],
  truncate: [0, 0, (call) => number(sql`trunc(${inputNumber(call)})`, 'integer')],
  round: [
    0,
    1,
    (call) => number(sql`round(${inputNumber(call)}, ${raw(String(call.args.length ? whole(call, 0) : 0))})`),
  ],
  sqrt: [0, 0, squareRoot],
  power: [1, 1, (call) => number(sql`trim_scale(power(${inputNumber(call)}, ${numberArgument(call, 0)}))`)],
}

/** Empty of what is less than nothing. */
function squareRoot(call: Call): Collection {
  return number(sql`(select case when n >= 0 then trim_scale(sqrt(n)) end from (select ${inputNumber(call)}) t(n))`)
}

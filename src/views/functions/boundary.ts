import { raw } from '../../db/sql.js'
import { type Collection, nothing, number, text } from '../collection.js'
import { element, listed } from '../element.js'
import { numberOf, textOf } from '../operands.js'
import { dateBoundary, dateTimeBoundary, decimalBoundary, timeBoundary } from '../temporal.js'
import { familyOf } from '../types.js'
import { Unfit } from '../unfit.js'
import { type Call, type Functions, whole } from './call.js'

/** https://build.fhir.org/ig/HL7/FHIRPath/#lowboundaryprecision-integer-decimal--date--datetime--time */
export const boundaries: Functions = {
  lowBoundary: [0, 1, (call) => boundary(call, 'low')],
  highBoundary: [0, 1, (call) => boundary(call, 'high')],
}

function boundary(call: Call, end: 'low' | 'high'): Collection {
  const { input, args, scope } = call
  const [type, ...others] = new Set(input.branches.map((branch) => branch.type))
  if (type === undefined) return nothing
  if (others.length > 0) throw new Unfit(`takes a boundary of ${listed(input.branches)}: pick one by ofType()`)
  if (familyOf(type) === 'number') {
    const digits = raw(args.length ? String(whole(call, 0)) : 'null::int')
    return number(decimalBoundary(numberOf(input, scope), end, digits))
  }
  if (args.length > 0) throw new Unfit('gives a precision for the boundary of a date or time, which is not supported')
  if (type === 'Period') {
    const limit = element(input, end === 'low' ? 'start' : 'end', scope.aliases)
    return text(dateTimeBoundary(textOf(limit, scope), end), 'dateTime')
  }
  if (type === 'date') return text(dateBoundary(textOf(input, scope), end), 'date')
  if (type === 'time') return text(timeBoundary(textOf(input, scope), end), 'time')
  if (familyOf(type) === 'temporal') return text(dateTimeBoundary(textOf(input, scope), end), 'dateTime')
  throw new Unfit(`takes a boundary of a ${type}; decimals, dates, dateTimes, times and Periods have one`)
}

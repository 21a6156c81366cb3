import { Invalid } from '../../../base/errors.js'
import { integerItem } from '../arithmetic.js'
import { ExactDecimal, type Rounding } from '../exact-decimal.js'
import { decimal, type Item, quantity } from '../item.js'
import { asInteger, asNumber, singleValue } from '../operands.js'
import { Quantity } from '../quantity.js'
import type { Call, FunctionDefinition, Functions } from '../scope.js'

const given = ({ input, node }: Call) => asNumber(input, `What ${node.name}() is given`)

const toWhole = (way: Rounding): FunctionDefinition => ({
  arity: [0, 0],
  returns: 'System.Integer',
  run: (call) => {
    const number = given(call)
    const whole = number && integerItem(number.rounded(0, way))
    return whole ? [whole] : []
  },
})

/** A function of real numbers, good for 15 digits; empty where it has no real value. */
const real = (count: number, compute: (...numbers: number[]) => number): FunctionDefinition => ({
  arity: [count, count],
  returns: 'System.Decimal',
  run: (call) => {
    const numbers = [
      given(call),
      ...(count > 0 ? [asNumber(call.argument(0), `The argument of ${call.node.name}()`)] : []),
    ]
    if (numbers.some((number) => number === undefined)) return []
    const result = ExactDecimal.of(compute(...numbers.map((number) => number!.toNumber())))
    return result ? [decimal(result)] : []
  },
})

function abs({ input, node }: Call): Item[] {
  const item = singleValue(input, `What ${node.name}() is given`)
  if (!item) return []
  if (item.value instanceof Quantity) return [quantity(new Quantity(item.value.value.absolute(), item.value.unit))]
  return [{ type: item.type, value: asNumber([item], `What ${node.name}() is given`)!.absolute() }]
}

function round(call: Call): Item[] {
  const precision = asInteger(call.argument(0), 'The precision of round()') ?? 0
  if (precision < 0) throw new Invalid('The precision of round() is 0 or more digits')
  const number = given(call)
  return number ? [decimal(number.rounded(Math.min(precision, number.scale)))] : []
}

/** A whole number to a whole power is one. */
function power(call: Call): readonly Item[] {
  const [base, exponent] = [given(call), asNumber(call.argument(0), 'The exponent of power()')]
  if (!base || !exponent) return []
  const result = ExactDecimal.of(base.toNumber() ** exponent.toNumber())
  if (!result) return []
  const isWhole = base.scale === 0 && exponent.scale === 0 && result.isInteger
  const item = isWhole ? integerItem(result) : decimal(result)
  return item ? [item] : []
}

/** Exact where the base is 2 or 10, which a quotient of natural logarithms is not. */
function logarithm(value: number, base: number): number {
  if (base === 10) return Math.log10(value)
  return base === 2 ? Math.log2(value) : Math.log(value) / Math.log(base)
}

/** https://hl7.org/fhirpath/N1/#math */
export const math: Functions = {
  abs: { arity: [0, 0], run: abs },
  ceiling: toWhole('ceiling'),
  floor: toWhole('floor'),
  truncate: toWhole('down'),
  round: { arity: [0, 1], returns: 'System.Decimal', run: round },
  exp: real(0, Math.exp),
  ln: real(0, Math.log),
  log: real(1, logarithm),
  sqrt: real(0, Math.sqrt),
  power: { arity: [1, 1], run: power },
}

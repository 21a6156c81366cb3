import { Invalid } from '../../base/errors.js'
import { decimalText, isDecimal } from '../../fhir/json.js'
import { conversion, UCUM } from '../../fhir/ucum.js'
import type { Comparison, Decimal, QuantityTest } from '../clause.js'
import { hashOften } from '../hash.js'
import { prefixed } from './date.js'
import { unescaped } from './token.js'

/** One row of the index: the number as written, the unit as hashes (0: none). */
export interface Indexed {
  value: string
  unit: bigint
  unitCode: bigint
  /** the unit's code, when it is one of UCUM */
  ucum?: string
}

interface Quantity {
  value?: unknown
  unit?: string
  system?: string
  code?: string
  currency?: string
}

const unitHash = (system: string, code: string) => hashOften(`unit\n${system}\n${code}`)
const codeHash = (code: string) => hashOften(`unit\t${code}`)

/** What a value puts into the index: Quantity and its profiles, Money, Range (both ends), numbers. */
export function indexed(value: unknown, type: string, visit: (row: Indexed) => void): void {
  if (typeof value !== 'object' || value === null) {
    if (isDecimal(value)) visit({ value: decimalText(value), unit: 0n, unitCode: 0n })
  } else if (type === 'Range') {
    const { low, high } = value as { low?: Quantity; high?: Quantity }
    if (low) indexed(low, 'Quantity', visit)
    if (high) indexed(high, 'Quantity', visit)
  } else {
    const { value: number, unit, system, code, currency } = value as Quantity
    if (!isDecimal(number)) return
    const symbol = code ?? currency ?? unit
    const space = system ?? (currency ? 'urn:iso:std:iso:4217' : '')
    const text = decimalText(number)
    if (symbol === undefined) {
      visit({ value: text, unit: 0n, unitCode: 0n })
      return
    }
    const row = { value: text, unit: unitHash(space, symbol), unitCode: codeHash(symbol) }
    visit(space === UCUM ? { ...row, ucum: symbol } : row)
    // `||milligram` finds what people call the unit, where that is not its code.
    if (unit !== undefined && unit !== symbol) visit({ value: text, unit: 0n, unitCode: codeHash(unit) })
  }
}

const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/

/** `5.40` is any number of `[5.395, 5.405)`, `100` of `[99.5, 100.5)`: https://hl7.org/fhir/R4/search.html#number */
export function number(text: string, parameter: string): Comparison<Decimal> {
  const [prefix, digits] = prefixed(text)
  if (!NUMBER.test(digits))
    throw new Invalid(
      `${parameter}: the value is not a number; right are 5, 5.40, -1 or 5.4e-3, with a prefix if wanted`,
    )
  return { prefix, value: prefix === 'ap' ? approximately(digits) : interval(digits) }
}

function interval(digits: string): Decimal {
  const [mantissa, exponent = '0'] = digits.toLowerCase().split('e')
  const fraction = mantissa!.split('.')[1]?.length ?? 0
  return { value: digits, half: `5e${Number(exponent) - fraction - 1}` }
}

/** `ap` is within a tenth. */
function approximately(digits: string): Decimal {
  return { value: digits, half: String(Math.abs(Number(digits)) / 10) }
}

/** `5.4`, `5.4|http://unitsofmeasure.org|mg`, `5.4||mg` */
export function searched(text: string, parameter: string): QuantityTest {
  const [value, system, code, ...rest] = text.split(/(?<!\\)\|/)
  if (rest.length || (system !== undefined && code === undefined) || (system && !code))
    throw new Invalid(`${parameter}: right are number, number|system|code and number||code`)
  const comparison = number(value!, parameter)
  if (!code) return { comparison }
  if (!system) return { comparison, unitCode: codeHash(unescaped(code)) }
  const test = { comparison, unit: unitHash(unescaped(system), unescaped(code)) }
  return unescaped(system) === UCUM ? { ...test, ucum: unescaped(code) } : test
}

/** The same test of a quantity in each of these units that measures the same: `5 g/L` is `500 mg/dL`. */
export function converted(test: QuantityTest, units: readonly string[]): QuantityTest[] {
  const { ucum, ...exact } = test
  if (ucum === undefined) return [exact]
  const others = units
    .filter((unit) => unit !== ucum)
    .flatMap((unit): QuantityTest[] => {
      const way = conversion(ucum, unit)
      if (!way) return []
      const { prefix, value } = test.comparison
      const inUnit: Decimal = {
        value: rounded(Number(value.value) * way.slope + way.shift),
        half: rounded(Number(value.half) * way.slope),
      }
      return [{ comparison: { prefix, value: inUnit }, unit: unitHash(UCUM, unit) }]
    })
  return [exact, ...others]
}

/** Binary fractions would decide at the limits. */
const rounded = (n: number) => String(Number(n.toPrecision(12)))

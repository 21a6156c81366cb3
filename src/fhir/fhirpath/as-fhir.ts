import { decimalOf } from '../json.js'
import type { ExactDecimal } from './exact-decimal.js'
import { type Item, isSystem } from './item.js'
import { calendarUnit, Quantity } from './quantity.js'
import { Temporal } from './temporal.js'
import { TypeInfo } from './types.js'

/** What was found as JSON with its FHIR type; a System value has that of the same name: `dateTime`, `Quantity`. */
export function asFhir(item: Item): { type: string; value: unknown } {
  const { type, value } = item
  if (!isSystem(item)) return { type, value }
  const name = type.slice('System.'.length)
  if (value instanceof Quantity) return { type: name, value: fhirQuantity(value) }
  if (value instanceof TypeInfo) return { type: name, value: { ...value } }
  const code = name.charAt(0).toLowerCase() + name.slice(1)
  if (value instanceof Temporal) return { type: code, value: String(value) }
  return { type: code, value: typeof value === 'object' ? decimalOf(String(value as ExactDecimal)) : value }
}

/** A calendar's unit has no code in UCUM that means the same. */
function fhirQuantity({ value, unit }: Quantity): object {
  const number = decimalOf(String(value))
  if (calendarUnit(unit)) return { value: number, unit }
  return { value: number, unit, system: 'http://unitsofmeasure.org', code: unit }
}

import { Invalid } from '../../base/errors.js'
import { ExactDecimal } from './exact-decimal.js'
import { type Item, toSystem } from './item.js'

/** For a message: `the code of Patient.gender`, `System.Integer` */
export const described = ({ type, path }: Item) => (path === undefined ? type : `${path}, a ${type}`)

/**
 * The one value of a collection that must have no more. https://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections
 * @throws Invalid  there are several
 */
export function single(items: readonly Item[], what: string): Item | undefined {
  if (items.length > 1) throw new Invalid(`${what} must be one value, but there are ${items.length}`)
  return items[0]
}

/** As `single`, as a System value; undefined also for a primitive without a value. */
export function singleValue(items: readonly Item[], what: string): Item | undefined {
  const item = single(items, what)
  return item && toSystem(item)
}

/** Anything but a boolean counts as true when there is one of it. */
export function asBoolean(items: readonly Item[], what: string): boolean | undefined {
  const item = singleValue(items, what)
  if (!item) return undefined
  return typeof item.value === 'boolean' ? item.value : true
}

/** @throws Invalid  several values, or one that is no string */
export function asString(items: readonly Item[], what: string): string | undefined {
  const item = singleValue(items, what)
  if (!item) return undefined
  if (typeof item.value !== 'string') throw new Invalid(`${what} must be a string, but is ${described(item)}`)
  return item.value
}

/** @throws Invalid  several values, or one that is no Integer or Decimal */
export function asNumber(items: readonly Item[], what: string): ExactDecimal | undefined {
  const item = singleValue(items, what)
  if (!item) return undefined
  if (!(item.value instanceof ExactDecimal)) throw new Invalid(`${what} must be a number, but is ${described(item)}`)
  return item.value
}

/** @throws Invalid  several values, or one that is no Integer */
export function asInteger(items: readonly Item[], what: string): number | undefined {
  const number = asNumber(items, what)
  if (number && !number.isInteger) throw new Invalid(`${what} must be a whole number, but is ${number}`)
  return number?.toNumber()
}

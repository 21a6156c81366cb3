import { ExactDecimal } from './exact-decimal.js'
import { children, type Item, isSystem, toSystem } from './item.js'
import { Quantity } from './quantity.js'
import { Temporal } from './temporal.js'

/**
 * `=` of two values: undefined when precision, offset or unit leave it open.
 * https://hl7.org/fhirpath/N1/#equals
 */
export function equals(left: Item, right: Item): boolean | undefined {
  const pair = comparable(left, right)
  if (!pair) return sameTree(left, right, (a, b) => equals(a, b) === true)
  const [a, b] = pair
  if (a instanceof ExactDecimal) return a.compare(b as ExactDecimal) === 0
  if (a instanceof Quantity || a instanceof Temporal) {
    const order = a.compare(b as never)
    return order === undefined ? undefined : order === 0
  }
  return a === b
}

/** `~` of two values. https://hl7.org/fhirpath/N1/#equivalent */
export function equivalent(left: Item, right: Item): boolean {
  const pair = comparable(left, right)
  if (!pair) return sameTree(left, right, equivalent)
  const [a, b] = pair
  if (a instanceof ExactDecimal) return sameDigits(a, b as ExactDecimal)
  if (a instanceof Quantity) return a.isEquivalent(b as Quantity)
  if (a instanceof Temporal) return a.compare(b as Temporal) === 0
  return typeof a === 'string' ? folded(a) === folded(b as string) : a === b
}

/** To the digits of the one that has fewer. */
function sameDigits(a: ExactDecimal, b: ExactDecimal): boolean {
  const scale = Math.min(a.trimmed().scale, b.trimmed().scale)
  return a.rounded(scale).compare(b.rounded(scale)) === 0
}

const folded = (text: string) => text.toLowerCase().replace(/\s+/g, ' ')

/**
 * Below 0, 0, above 0; undefined when precision, offset or unit leave it open; `unlike` for what has no order.
 * https://hl7.org/fhirpath/N1/#comparison
 */
export function order(left: Item, right: Item): number | undefined | 'unlike' {
  const pair = comparable(left, right)
  if (!pair) return 'unlike'
  const [a, b] = pair
  if (a instanceof ExactDecimal) return a.compare(b as ExactDecimal)
  if (a instanceof Quantity || a instanceof Temporal) return a.compare(b as never)
  if (typeof a !== 'string') return 'unlike'
  return a < (b as string) ? -1 : a > (b as string) ? 1 : 0
}

/**
 * Both as values of one System type, after the implicit conversions: Integer to Decimal to Quantity, Date to DateTime.
 * https://hl7.org/fhirpath/N1/#conversion
 */
function comparable(left: Item, right: Item): [unknown, unknown] | undefined {
  const [a, b] = [toSystem(left), toSystem(right)]
  if (!a || !b || !isSystem(a) || !isSystem(b)) return undefined
  const [x, y] = [a.value, b.value]
  if (x instanceof Quantity && y instanceof ExactDecimal) return [x, new Quantity(y, '1')]
  if (x instanceof ExactDecimal && y instanceof Quantity) return [new Quantity(x, '1'), y]
  if (x instanceof Temporal && y instanceof Temporal) {
    return (x.type === 'Time') === (y.type === 'Time') ? [x, y] : undefined
  }
  const kinds = [ExactDecimal, Quantity] as const
  const areAlike = kinds.some((kind) => x instanceof kind && y instanceof kind) || typeof x === typeof y
  return areAlike && (typeof x !== 'object' || kinds.some((kind) => x instanceof kind)) ? [x, y] : undefined
}

/** Elements of the same names, each the same: those of `=` in the same order. */
function sameTree(left: Item, right: Item, same: (a: Item, b: Item) => boolean): boolean {
  if (isSystem(left) || isSystem(right)) return left.type === right.type && String(left.value) === String(right.value)
  const areTrees = typeof left.value === 'object' && typeof right.value === 'object'
  if (!areTrees && left.value !== right.value) return false
  const [a, b] = [children(left), children(right)]
  return a.length === b.length && a.every((item, i) => nameOf(item) === nameOf(b[i]!) && same(item, b[i]!))
}

const nameOf = ({ path = '' }: Item) => path.slice(path.lastIndexOf('.') + 1)

/** Whether one of the items equals it. */
export const isAmong = (item: Item, items: readonly Item[]) => items.some((other) => equals(item, other) === true)

/** `=` of collections: in order; undefined when one is empty or the values leave it open. */
export function equalCollections(left: readonly Item[], right: readonly Item[]): boolean | undefined {
  if (left.length === 0 || right.length === 0) return undefined
  if (left.length !== right.length) return false
  let all: boolean | undefined = true
  for (const [i, item] of left.entries()) {
    const same = equals(item, right[i]!)
    if (same === false) return false
    if (same === undefined) all = undefined
  }
  return all
}

/** `~` of collections: in any order, and nothing is equivalent to nothing. */
export function equivalentCollections(left: readonly Item[], right: readonly Item[]): boolean {
  if (left.length !== right.length) return false
  const rest = [...right]
  return left.every((item) => {
    const at = rest.findIndex((other) => equivalent(item, other))
    return at >= 0 && rest.splice(at, 1).length === 1
  })
}

/** Each value once, where it comes first. */
export function distinct(items: readonly Item[]): Item[] {
  const seen = new Seen()
  return items.filter((item) => seen.add(item))
}

/** Values that are all different, kept apart by what equal ones have in common, so that few need to be compared. */
export class Seen {
  private readonly alike = new Map<string, Item[]>()

  /** @returns false when an equal value is there already */
  add(item: Item): boolean {
    const key = traits(item)
    const others = this.alike.get(key)
    if (others && isAmong(item, others)) return false
    if (others) others.push(item)
    else this.alike.set(key, [item])
    return true
  }
}

/** The same for all values that equal each other: the texts in them, and numbers that are no part of a quantity. */
function traits(item: Item): string {
  const found = toSystem(item)
  const value = found?.value
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value)
  if (value instanceof Quantity) return value.unit === '1' ? String(value.value.trimmed()) : 'quantity'
  if (value instanceof ExactDecimal) return String(value.trimmed())
  if (found && isSystem(found)) return 'moment'
  return children(item)
    .map((child) => `${nameOf(child)} ${traits(child)}`)
    .join()
}

import { Invalid } from '../../../base/errors.js'
import { isResourceType, typeDefinition } from '../../definitions.js'
import { type Decimal, decimalOf, decimalText, isDecimal } from '../../json.js'
import { ExactDecimal } from '../exact-decimal.js'
import { type Item, itemOf, systemType } from '../item.js'
import type { Limits } from '../limits.js'

/** What an expression is evaluated in, beside the value that it is about. */
export interface Around {
  /** `%resource`, `%rootResource` and `%context`, as JSON */
  readonly resource: unknown
  readonly rootResource: unknown
  readonly context: Value
  readonly limits: Limits
  /**
   * The resource that a reference or canonical leads to; undefined where that cannot be told.
   * @param holder  the Reference around it, where there is one
   */
  resolve(reference: string, holder: unknown): unknown
  memberOf(item: Item, valueSet: string): boolean
  conformsTo(item: Item, profile: string): boolean
  htmlChecks(xhtml: string): boolean
}

/**
 * One value. Where its type is known before there is one, it is what JSON has: an object, a string, a boolean, a
 * `Decimal`; only a primitive that has extensions is an `Item`. Where the type is not known, it is an `Item`.
 */
export type Value = unknown

/** An expression, or part of one, as functions of what it is about. */
export interface Compiled {
  /** Of all its values, of FHIR or System: absent where each is an `Item` that knows its own. */
  readonly type?: string
  /** Where there is never more than one; undefined for none. */
  readonly one?: (focus: Value, around: Around) => Value
  readonly all: (focus: Value, around: Around) => readonly Value[]
}

const none: readonly Value[] = []

export function single(type: string | undefined, one: (focus: Value, around: Around) => Value): Compiled {
  return {
    type,
    one,
    all: (focus, around) => {
      const value = one(focus, around)
      return value === undefined ? none : [value]
    },
  }
}

export const several = (type: string | undefined, all: Compiled['all']): Compiled => ({ type, all })

export const truth = (test: (focus: Value, around: Around) => boolean | undefined) => single('System.Boolean', test)

export const nothing: Compiled = { one: () => undefined, all: () => none }

// ── One value out of a collection ──────────────────────────────────────────────────────────────────────────────────

/**
 * The only value; https://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections
 * @param what  begins the message for several: `What not() negates`
 */
export function only(part: Compiled, what: string): (focus: Value, around: Around) => Value {
  if (part.one) return part.one
  return (focus, around) => {
    const values = part.all(focus, around)
    if (values.length > 1) throw new Invalid(`${what} must be one value, but there are ${values.length}`)
    return values[0]
  }
}

/** The value of a primitive, which may have extensions beside it; undefined when it has only these. */
export const plain = (value: Value): unknown => (typeof value === 'object' ? (value as Item).value : value)

/** A boolean as such; anything else counts as true when there is one of it. */
export function condition(part: Compiled, what: string): (focus: Value, around: Around) => boolean | undefined {
  const value = only(part, what)
  if (part.type === 'System.Boolean') return value as (focus: Value, around: Around) => boolean | undefined
  const { type } = part
  if (type && !isPrimitive(type)) {
    return (focus, around) => (value(focus, around) === undefined ? undefined : true)
  }
  return (focus, around) => {
    const found = value(focus, around)
    const given = found === undefined ? undefined : plain(found)
    if (given === undefined) return undefined
    return typeof given === 'boolean' ? given : true
  }
}

export function exists(part: Compiled): (focus: Value, around: Around) => boolean {
  const { one, all } = part
  if (one) return (focus, around) => one(focus, around) !== undefined
  return (focus, around) => all(focus, around).length > 0
}

// ── Types ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const primitive = new Map<string, boolean>()

/** Whether values of the type are JSON's own: string, boolean or number. */
export function isPrimitive(type: string): boolean {
  let known = primitive.get(type)
  if (known === undefined) {
    known = type.startsWith('System.') || typeDefinition(type)?.kind === 'primitive-type'
    primitive.set(type, known)
  }
  return known
}

export type Kind = 'text' | 'boolean' | 'number' | 'other'

/** What values of a type are in JavaScript where they can be compared as they are. */
export function kindOf(type: string | undefined): Kind {
  if (!type) return 'other'
  switch (systemType(type)) {
    case 'System.String':
      return 'text'
    case 'System.Boolean':
      return 'boolean'
    case 'System.Integer':
    case 'System.Decimal':
      return 'number'
    default:
      return 'other'
  }
}

// ── Values with their types ────────────────────────────────────────────────────────────────────────────────────────

/** What the functions and operators of the evaluator take. */
export function toItem(value: Value, type: string | undefined): Item {
  if (type === undefined) return value as Item
  if (!isPrimitive(type)) return itemOf(value, type)
  if (typeof value === 'object') return value as Item
  if (type.startsWith('System.') && isDecimal(value)) return { type, value: ExactDecimal.parse(decimalText(value)) }
  return { type, value }
}

export const itemsOf =
  ({ type, all }: Compiled) =>
  (focus: Value, around: Around): readonly Item[] => {
    const values = all(focus, around)
    return type === undefined ? (values as readonly Item[]) : values.map((value) => toItem(value, type))
  }

/** The item of a type that is known from here on. */
export function fromItem(item: Item): Value {
  if (item.value instanceof ExactDecimal) return decimalOf(String(item.value)) as Decimal
  return item.beside === undefined ? item.value : item
}

/** The type that a value has: of a resource, what it says itself. */
export function typeOf(value: Value, type: string | undefined): string {
  if (type === undefined) return (value as Item).type
  if (type !== 'Resource' && type !== 'DomainResource') return type
  const { resourceType } = value as { resourceType?: unknown }
  return isResourceType(resourceType) ? resourceType : type
}

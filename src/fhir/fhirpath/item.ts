import { TooCostly } from '../../base/errors.js'
import { isResourceType, typeDefinition } from '../definitions.js'
import { decimalText, isDecimal } from '../json.js'
import { type Member, membersOf } from '../members.js'
import { ExactDecimal } from './exact-decimal.js'
import { Quantity } from './quantity.js'
import { Temporal } from './temporal.js'

/** One value of a collection. */
export interface Item {
  /** `System.Integer`, or of FHIR: `HumanName`, `code`, `Patient`, a backbone such as `Patient.contact` */
  readonly type: string
  /**
   * Of FHIR: the JSON, undefined for a primitive that has only extensions. Of System: boolean, string, ExactDecimal
   * (Integer and Decimal), Temporal or Quantity.
   */
  readonly value: unknown
  /** Of a primitive: its id and extensions, which JSON keeps under `_name`. */
  readonly beside?: object
  /** Of an element: `Patient.name[0].given[1]` */
  readonly path?: string
}

export const bool = (value: boolean): Item => ({ type: 'System.Boolean', value })
export const integer = (value: number): Item => ({ type: 'System.Integer', value: ExactDecimal.from(BigInt(value)) })
export const decimal = (value: ExactDecimal): Item => ({ type: 'System.Decimal', value })
export const temporal = (value: Temporal): Item => ({ type: `System.${value.type}`, value })
export const quantity = (value: Quantity): Item => ({ type: 'System.Quantity', value })

/** Longer than any string that FHIR allows; what a base64Binary holds is let through. */
const LONGEST_TEXT = 16 * 1024 * 1024

/** @throws TooCostly  it is too long: `$total & $total` doubles with each item */
export function text(value: string): Item {
  if (value.length > LONGEST_TEXT) throw new TooCostly(`A string gets longer than ${LONGEST_TEXT} characters`)
  return { type: 'System.String', value }
}

/** A value of JSON as an item; an object that names no resource type has none. */
export function itemOf(value: unknown, type?: string, path?: string): Item {
  if (typeof value === 'boolean') return { type: type ?? 'boolean', value, path }
  if (isDecimal(value)) {
    const isWhole = /^-?\d+$/.test(decimalText(value))
    return { type: type ?? (isWhole ? 'integer' : 'decimal'), value, path }
  }
  if (typeof value === 'string') return { type: type ?? 'string', value, path }
  const { resourceType } = value as { resourceType?: unknown }
  const actual = isResourceType(resourceType) ? resourceType : (type ?? 'Element')
  return { type: actual, value, path: path ?? actual }
}

export const isSystem = (item: Item) => item.type.startsWith('System.')

/** Whether a FHIR type is another or is derived from it: `Patient` of `DomainResource`, `code` of `string`. */
export function isA(type: string, ancestor: string): boolean {
  for (let at: string | undefined = type; at; at = typeDefinition(at)?.base) if (at === ancestor) return true
  return false
}

// ── Elements ───────────────────────────────────────────────────────────────────────────────────────────────────────

type Spelling = readonly [key: string, member: Member]
const spellings = new Map<string, ReadonlyMap<string, readonly Spelling[]>>()

/** Elements of a type by the name that FHIRPath uses, with the JSON names each may have: `value` → `valueQuantity` …  */
export function elementsOf(type: string): ReadonlyMap<string, readonly Spelling[]> {
  let elements = spellings.get(type)
  if (!elements) {
    const byName = new Map<string, Spelling[]>()
    for (const spelling of membersOf(type)) {
      const { name } = spelling[1].element
      byName.set(name, [...(byName.get(name) ?? []), spelling])
    }
    elements = byName
    spellings.set(type, elements)
  }
  return elements
}

/** @param name  of an element; all of them when absent, in the order of the standard */
export function children(parent: Item, name?: string): Item[] {
  const holder = parent.beside ?? parent.value
  if (typeof holder !== 'object' || holder === null) return []
  if (parent.type.startsWith('System.')) return name === undefined ? [] : partOfSystem(holder, name)
  const elements = elementsOf(parent.type)
  const found: Item[] = []
  const wanted = name === undefined ? elements.keys() : [name]
  for (const element of wanted) {
    for (const spelling of elements.get(element) ?? []) collect(parent, holder, element, spelling, found)
  }
  return found
}

function collect(parent: Item, holder: object, name: string, [key, member]: Spelling, into: Item[]): void {
  const tree = holder as Record<string, unknown>
  const value = tree[key]
  const beside = tree[`_${key}`]
  if (value === undefined && beside === undefined) return
  const path = `${parent.path ?? parent.type}.${name}`
  if (!Array.isArray(value) && !Array.isArray(beside)) {
    add(into, value, beside, member.type, path)
    return
  }
  const values = Array.isArray(value) ? value : []
  const besides = Array.isArray(beside) ? beside : []
  for (let i = 0; i < Math.max(values.length, besides.length); i++) {
    add(into, values[i], besides[i], member.type, `${path}[${i}]`)
  }
}

function add(into: Item[], value: unknown, beside: unknown, type: string, path: string): void {
  const isAbsent = value === undefined || value === null
  if (isAbsent && (typeof beside !== 'object' || beside === null)) return
  const { resourceType } = (value ?? {}) as { resourceType?: unknown }
  into.push({
    type: isResourceType(resourceType) ? resourceType : type,
    value: isAbsent ? undefined : value,
    ...(typeof beside === 'object' && beside !== null && { beside }),
    path,
  })
}

function partOfSystem(holder: object, name: string): Item[] {
  if (holder instanceof Quantity) {
    if (name === 'value') return [decimal(holder.value)]
    return name === 'unit' || name === 'code' ? [text(holder.unit)] : []
  }
  const value = Object.hasOwn(holder, name) ? (holder as Record<string, unknown>)[name] : undefined
  return typeof value === 'string' ? [text(value)] : []
}

// ── From FHIR to System ────────────────────────────────────────────────────────────────────────────────────────────

/** The System type of FHIR's primitives and quantities; https://hl7.org/fhir/R4/fhirpath.html#types */
export function systemType(type: string): string | undefined {
  if (type.startsWith('System.')) return type
  for (let at: string | undefined = type; at; at = typeDefinition(at)?.base) {
    const found = systemTypes[at]
    if (found) return found
  }
  return typeDefinition(type)?.kind === 'primitive-type' ? 'System.String' : undefined
}

const systemTypes: Record<string, string> = {
  boolean: 'System.Boolean',
  integer: 'System.Integer',
  decimal: 'System.Decimal',
  date: 'System.Date',
  dateTime: 'System.DateTime',
  instant: 'System.DateTime',
  time: 'System.Time',
  Quantity: 'System.Quantity',
}

/**
 * A FHIR primitive or quantity as the System value it stands for; anything else as it is.
 * @returns undefined for a primitive without a value
 */
export function toSystem(item: Item): Item | undefined {
  if (isSystem(item)) return item
  const type = systemType(item.type)
  if (!type) return item
  if (item.value === undefined) return undefined
  const value = systemValue(type, item.value)
  return value === undefined ? item : { type, value }
}

function systemValue(type: string, value: unknown): unknown {
  switch (type) {
    case 'System.Integer':
    case 'System.Decimal':
      return isDecimal(value) ? ExactDecimal.parse(decimalText(value)) : undefined
    case 'System.Date':
      return Temporal.parse('Date', value as string)
    case 'System.DateTime':
      return Temporal.parse('DateTime', value as string)
    case 'System.Time':
      return Temporal.parse('Time', value as string)
    case 'System.Quantity':
      return ofFhir(value as FhirQuantity)
    default:
      return value
  }
}

interface FhirQuantity {
  value?: unknown
  comparator?: string
  unit?: string
  system?: string
  code?: string
}

/** What is only known to be less or more than something is no quantity to reckon with, nor is one of a local unit. */
function ofFhir({ value, comparator, unit, system, code }: FhirQuantity): Quantity | undefined {
  const number = isDecimal(value) ? ExactDecimal.parse(decimalText(value)) : undefined
  if (!number || comparator !== undefined) return undefined
  if (system === undefined) return new Quantity(number, code ?? unit ?? '1')
  return system === 'http://unitsofmeasure.org' ? new Quantity(number, code ?? '1') : undefined
}

import type { Issue } from '../../base/errors.js'
import { type ElementDefinition, isResourceType, requiredCodes, resourceTypes, typeDefinition } from '../definitions.js'
import { nearest } from './nearest.js'
import { primitives } from './primitives.js'

const MOST_ISSUES = 100
const DEEPEST = 100

/**
 * Whether a resource has the shape that R4 gives its type: known elements, cardinality, JSON types, the lexical form
 * of primitives, choices, extensions, nested resources, and the codes of required bindings. Invariants, profiles and
 * terminology are not looked at.
 *
 * @param resource  from `parseJson`
 * @param at        FHIRPath of the resource when it is a part: `Bundle.entry[3].resource`
 * @returns at most 100 issues in the order of the document, then a note if there are more; empty when all is well
 * @see https://hl7.org/fhir/R4/json.html
 */
export function validateStructure(resource: unknown, at?: string): Issue[] {
  found = []
  omitted = 0
  depth = 0
  nestedIn = 0
  root = at ?? nameOf(resource)
  checkResource(resource)
  if (omitted > 0) {
    found.push({
      severity: 'information',
      code: 'informational',
      diagnostics: `There are ${omitted} more; only the first ${MOST_ISSUES} are listed`,
    })
  }
  return found
}

// ── Where the walk is ──────────────────────────────────────────────────────────────────────────────────────────────
// One walk runs at a time and never waits, so its state is the module's: nothing is allocated until an issue is found.

let found: Issue[] = []
let omitted = 0
let root = ''
let depth = 0
let nestedIn = 0
const names: string[] = []
const indexes: number[] = []
const NO_INDEX = -1

function report(code: Issue['code'], diagnostics: () => string, child?: string): void {
  if (found.length >= MOST_ISSUES) {
    omitted++
    return
  }
  let path = root
  for (let level = 0; level < depth; level++) {
    path += `.${names[level]}`
    if (indexes[level] !== NO_INDEX) path += `[${indexes[level]}]`
  }
  if (child) path += `.${child}`
  found.push({ severity: 'error', code, diagnostics: diagnostics(), expression: [path] })
}

// ── Checks, compiled once from the definitions ─────────────────────────────────────────────────────────────────────

type JsonObject = Record<string, unknown>

/** Checks one property; `object` is where it stands, for what its siblings say. */
type Check = (value: unknown, object: JsonObject) => void

/** What one property name of a type means. */
interface Slot {
  /** As FHIRPath calls it: `value` for `valueQuantity` and `_valueString` */
  name: string
  check: Check
  /** Set for `value[x]`, a different bit for each choice of the type. */
  choice: number
}

interface Choice {
  name: string
  bit: number
  /** `valueQuantity`, `valueString`, … */
  keys: string[]
}

interface Shape {
  name: string
  slots: Map<string, Slot>
  /** Elements with min = 1 and the properties that provide each: `status`, `_status`. */
  required: { name: string; keys: string[] }[]
  choices: Choice[]
  isResource: boolean
}

const shapes = new Map<string, Shape>()

/** @param name  a type, or the path of a backbone such as `Patient.contact` */
function shapeOf(name: string): Shape {
  const known = shapes.get(name)
  if (known) return known
  const definition = typeDefinition(name)!
  const isResource = definition.kind === 'resource'
  const shape: Shape = { name, slots: new Map(), required: [], choices: [], isResource }
  shapes.set(name, shape) // before its elements: types refer to themselves
  if (isResource) shape.slots.set('resourceType', { name: 'resourceType', check: () => {}, choice: 0 })
  for (const element of definition.elements) addElement(shape, element)
  return shape
}

function addElement(shape: Shape, element: ElementDefinition): void {
  const bit = element.choice ? 1 << shape.choices.length : 0
  const keys: string[] = []
  const codes = element.contentReference ? [element.contentReference] : element.types.map(({ code }) => code)
  for (const code of codes) {
    const key = element.choice ? element.name + code[0]!.toUpperCase() + code.slice(1) : element.name
    keys.push(key)
    const slot = (check: Check): Slot => ({ name: element.name, check, choice: bit })
    const isList = element.max === '*'
    const primitive = primitives[code]
    if (!primitive) {
      const check = checkOf(code, `${shape.name}.${element.name}`)
      shape.slots.set(key, slot(isList ? listOf(check) : one(check)))
      continue
    }
    const check = primitiveCheck(code, element.requiredValueSet)
    shape.slots.set(key, slot(isList ? primitiveList(check, `_${key}`) : one(check)))
    if (hasExtensions(shape, element.name, code)) {
      shape.slots.set(`_${key}`, slot(isList ? siblingList(key) : one(checkExtended)))
    }
  }
  if (element.choice) shape.choices.push({ name: element.name, bit, keys })
  if (element.min > 0) shape.required.push({ name: element.name, keys: keys.flatMap((key) => [key, `_${key}`]) })
}

/** Element.id, Extension.url and xhtml are attributes in XML: they have no `_id` that could carry extensions. */
const hasExtensions = (shape: Shape, element: string, type: string) =>
  type !== 'xhtml' && (element !== 'id' || shape.isResource) && !(shape.name === 'Extension' && element === 'url')

/** @param path  of the element, where its own elements are defined if it is a backbone */
function checkOf(code: string, path: string): Check {
  if (code === 'Resource') return path.endsWith('.contained') ? checkContained : checkResource
  const shape = shapeOf(code === 'BackboneElement' || code === 'Element' ? path : code)
  return shape.name === 'Extension' ? checkExtension : (value) => void checkObject(value, shape)
}

function primitiveCheck(type: string, valueSet: string | undefined): Check {
  const { accepts, form } = primitives[type]!
  const codes = type === 'code' && valueSet ? requiredCodes(valueSet) : undefined
  if (!codes) {
    return (value) => {
      if (!accepts(value)) report(formCode(value), () => `must be ${form}; found ${describe(value)}`)
    }
  }
  const allowed = new Set<unknown>(codes)
  return (value) => {
    if (allowed.has(value)) return
    if (!accepts(value)) report(formCode(value), () => `must be ${form}; found ${describe(value)}`)
    else report('code-invalid', () => `must be one of ${listed(codes)} (${valueSet}); found another code`)
  }
}

/** A wrong JSON type is a matter of structure, wrong content of a string or number one of value. */
const formCode = (value: unknown) => (typeof value === 'string' || typeof value === 'number' ? 'value' : 'structure')

// ── Cardinality ────────────────────────────────────────────────────────────────────────────────────────────────────

function one(check: Check): Check {
  return (value, object) => {
    if (value === null) report('structure', () => 'must not be null; leave the property out')
    else if (Array.isArray(value)) report('structure', () => `occurs once, without [ ]; found ${describe(value)}`)
    else check(value, object)
  }
}

function isFilledArray(value: unknown): value is unknown[] {
  if (!Array.isArray(value)) report('structure', () => `may repeat, so it must be an array; found ${describe(value)}`)
  else if (value.length === 0) report('structure', () => 'must not be an empty array; leave the property out')
  else return true
  return false
}

function listOf(check: Check): Check {
  return (value, object) => {
    if (!isFilledArray(value)) return
    const level = depth - 1
    for (let i = 0; i < value.length; i++) {
      indexes[level] = i
      check(value[i], object)
    }
    indexes[level] = NO_INDEX
  }
}

/** `null` holds the place of an item that has only extensions: `"given": [null, "Ann"], "_given": [{…}, null]` */
function primitiveList(check: Check, siblingKey: string): Check {
  return (value, object) => {
    if (!isFilledArray(value)) return
    const level = depth - 1
    for (let i = 0; i < value.length; i++) {
      indexes[level] = i
      if (value[i] !== null) check(value[i], object)
      else if (!itemAt(object[siblingKey], i)) {
        report('structure', () => `must not be null, unless ${siblingKey} has an object at the same place`)
      }
    }
    indexes[level] = NO_INDEX
  }
}

function siblingList(key: string): Check {
  return (value, object) => {
    if (!isFilledArray(value)) return
    const values = object[key]
    if (Array.isArray(values) && values.length !== value.length) {
      report('structure', () => `has ${values.length} in ${key} but ${value.length} in _${key}; null fills a gap`)
    }
    const level = depth - 1
    for (let i = 0; i < value.length; i++) {
      indexes[level] = i
      if (value[i] !== null) checkExtended(value[i])
      else if (!Array.isArray(values)) {
        report('structure', () => `must not be null in _${key}, since there is no ${key}`)
      }
    }
    indexes[level] = NO_INDEX
  }
}

const itemAt = (list: unknown, index: number) => Array.isArray(list) && (list[index] ?? undefined) !== undefined

// ── Objects ────────────────────────────────────────────────────────────────────────────────────────────────────────

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns the bits of the choices that were made */
function checkObject(value: unknown, shape: Shape): number {
  if (!isObject(value)) {
    report('structure', () => `must be an object; found ${describe(value)}`)
    return 0
  }
  if (depth >= DEEPEST) {
    report('too-long', () => `is nested more than ${DEEPEST} levels deep`)
    return 0
  }
  const level = depth++
  let properties = 0
  let choices = 0
  let conflicts = 0
  for (const key in value) {
    properties++
    indexes[level] = NO_INDEX
    const slot = shape.slots.get(key)
    if (slot === undefined) {
      reportUnknown(key, shape, level)
      continue
    }
    names[level] = slot.name
    if (slot.choice !== 0) {
      conflicts |= choices & slot.choice
      choices |= slot.choice
    }
    slot.check(value[key], value)
  }
  depth = level

  // Invariant ele-1. Beside a primitive the id may stand alone, since the value is in the other property.
  if (properties === 0 || (properties === 1 && value.id !== undefined && shape.name !== 'Element')) {
    report('structure', () => 'must not be empty; leave the property out')
  }
  if (conflicts !== 0) reportConflicts(value, shape, conflicts)
  for (let i = 0; i < shape.required.length; i++) {
    const { name, keys } = shape.required[i]!
    if (!hasAny(value, keys)) report('required', () => 'is required', name)
  }
  return choices
}

function hasAny(object: JsonObject, keys: string[]): boolean {
  for (let i = 0; i < keys.length; i++) if (object[keys[i]!] !== undefined) return true
  return false
}

/** A resource inside another one, or the outermost. */
function checkResource(value: unknown): void {
  if (!isObject(value)) report('structure', () => `must be a resource, a JSON object; found ${describe(value)}`)
  else if (isResourceType(value.resourceType)) checkObject(value, shapeOf(value.resourceType))
  else if (value.resourceType === undefined) report('required', () => 'must have a resourceType')
  else report('structure', () => unknownType(value.resourceType))
}

function checkContained(value: unknown): void {
  if (nestedIn > 0) {
    report('structure', () => 'must not stand in a resource that is contained itself')
    return
  }
  nestedIn++
  checkResource(value)
  nestedIn--
}

// Invariant ext-1
function checkExtension(value: unknown): void {
  const hasValue = checkObject(value, shapeOf('Extension')) !== 0
  if (!isObject(value)) return
  const hasNested = value.extension !== undefined
  if (hasValue && hasNested) report('structure', () => 'must have a value or nested extensions, not both')
  if (!hasValue && !hasNested) report('required', () => 'must have a value[x] or nested extensions')
}

/** `_birthDate`: the id and extensions of a primitive. */
function checkExtended(value: unknown): void {
  checkObject(value, shapeOf('Element'))
}

// ── Diagnostics: never what a value says, only what it is ──────────────────────────────────────────────────────────

const nameOf = (resource: unknown) =>
  isObject(resource) && isResourceType(resource.resourceType) ? resource.resourceType : 'Resource'

function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value === '') return 'an empty string'
  if (typeof value === 'string' && value.charCodeAt(0) === 1) return 'a number in another form'
  if (typeof value === 'string') return `a string of ${value.length} characters in another form`
  return { number: 'a number', boolean: 'true or false', object: 'an object' }[typeof value as string] ?? 'nothing'
}

const isName = (key: string) => /^\w{1,64}$/.test(key)

const listed = (codes: readonly string[]) =>
  codes.length > 20 ? `${codes.slice(0, 20).join(', ')} and ${codes.length - 20} more` : codes.join(', ')

function unknownType(type: unknown): string {
  const meant = typeof type === 'string' && type.length <= 64 && nearest(type, resourceTypes)
  return `has a resourceType that R4 does not have${meant ? `; is ${meant} meant?` : ''}`
}

function reportUnknown(key: string, shape: Shape, level: number): void {
  if (!isName(key)) {
    depth = level
    report('structure', () => 'has a property whose name no FHIR element could have')
    depth = level + 1
    return
  }
  names[level] = key
  report('structure', () => {
    const choice = shape.choices.find(({ name }) => key.replace(/^_/, '').startsWith(name))
    if (choice) return `is not an element of ${shape.name}, which has ${listed(choice.keys)}`
    const meant = nearest(key, shape.slots.keys())
    return `is not an element of ${shape.name}${meant ? `; is ${meant} meant?` : ''}`
  })
}

function reportConflicts(object: JsonObject, shape: Shape, conflicts: number): void {
  for (const { name, bit, keys } of shape.choices) {
    if ((conflicts & bit) === 0) continue
    const made = keys.filter((key) => object[key] !== undefined || object[`_${key}`] !== undefined)
    if (made.length > 1) report('structure', () => `must have one type; found ${made.join(' and ')}`, name)
  }
}

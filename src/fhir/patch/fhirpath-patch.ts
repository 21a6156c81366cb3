import { FhirError, Invalid, TooCostly, Unprocessable } from '../../base/errors.js'
import { typeDefinition } from '../definitions.js'
import { type Member, membersOf } from '../members.js'
import { locate, type Place } from './locate.js'
import { Copier, isTree, type Tree } from './tree.js'

/**
 * A resource with a FHIRPath Patch applied: all of it, or an error and nothing. The arguments stay as they are.
 *
 * Elements that the patch leaves without content disappear, as a FHIR element has a value or children. Values are
 * checked for their type only; the caller validates the result as a whole.
 *
 * @param resource    parsed JSON, with decimals as numbers or tagged
 * @param parameters  parsed Parameters: one parameter `operation` for each operation, in their order
 * @throws Invalid        the Parameters are no patch (400)
 * @throws Unprocessable  an operation cannot be applied to this resource (422)
 * @throws TooCostly      it has more than 1,000 operations, or a million values (422)
 * @see https://hl7.org/fhir/R4/fhirpatch.html
 */
export function applyFhirPathPatch(resource: unknown, parameters: unknown): unknown {
  const copier = new Copier()
  const patched = copier.copy(resource)
  if (!isTree(patched)) throw new Invalid('Only a resource can be patched')
  for (const [index, parameter] of operationsOf(parameters).entries()) {
    let what = `Operation ${index}`
    try {
      const parts = partsOf(parameter)
      const type = text(parts, 'type')
      const path = text(parts, 'path')
      what += ` (${type} ${path})`
      const apply = operations.get(type)
      if (!apply) throw new Invalid(`the type must be one of ${[...operations.keys()].join(', ')}`)
      apply(patched, path, copier.copy(parts))
    } catch (error) {
      // What was thrown on the way knows what is wrong; which operation it was, and its status, is added here.
      if (!(error instanceof FhirError)) throw error
      const Kind = error.constructor as typeof FhirError
      const expression = [`Parameters.parameter[${index}]`]
      throw new Kind(`${what}: ${error.message}`, { expression, cause: error.cause })
    }
  }
  return patched
}

// ── Parameters ─────────────────────────────────────────────────────────────────────────────────────────────────────

type Parts = Record<string, Tree>

const mostOperations = 1000

function operationsOf(parameters: unknown): Tree[] {
  if (!isTree(parameters) || parameters.resourceType !== 'Parameters') {
    throw new Invalid('A FHIRPath Patch is a Parameters resource')
  }
  const list = listOf(parameters.parameter, 'Parameters.parameter')
  const other = list.find(({ name }) => name !== 'operation')
  if (other) throw new Invalid(`A FHIRPath Patch has only parameters named 'operation', not '${other.name}'`)
  // Each operation evaluates its path on the resource as the ones before have left it.
  if (list.length > mostOperations) throw new TooCostly(`A FHIRPath Patch has at most ${mostOperations} operations`)
  return list
}

// previousValue is what $diff tells beside the patch: it changes nothing.
const partNames = new Set(['type', 'path', 'name', 'value', 'index', 'source', 'destination', 'previousValue'])

function partsOf(operation: Tree): Parts {
  const parts: Parts = {}
  for (const part of listOf(operation.part, 'part')) {
    const { name } = part
    if (typeof name !== 'string' || !partNames.has(name)) {
      throw new Invalid(`a part is named '${name}'; known are ${[...partNames].join(', ')}`)
    }
    if (parts[name]) throw new Invalid(`there are two parts named '${name}'`)
    parts[name] = part
  }
  return parts
}

function listOf(value: unknown, what: string): Tree[] {
  if (value === undefined) return []
  if (Array.isArray(value) && value.every(isTree)) return value
  throw new Invalid(`${what} must be a list of objects`)
}

function text(parts: Parts, name: string): string {
  const value = parts[name]?.valueString ?? parts[name]?.valueCode
  if (typeof value !== 'string' || value === '') throw new Invalid(`it needs a part '${name}' with a string`)
  return value
}

/** A position in a list, from 0 to `last`. */
function position(parts: Parts, name: string, last: number): number {
  const value = parts[name]?.valueInteger
  if (!Number.isInteger(value)) throw new Invalid(`it needs a part '${name}' with a valueInteger`)
  if ((value as number) >= 0 && (value as number) <= last) return value as number
  throw new Unprocessable(`${name} ${value} is outside the list${last < 0 ? ', which is empty' : `: 0 to ${last}`}`)
}

// ── Operations ─────────────────────────────────────────────────────────────────────────────────────────────────────

type Apply = (resource: Tree, path: string, parts: Parts) => void

const operations = new Map<string, Apply>([
  ['add', add],
  ['insert', insert],
  ['delete', remove],
  ['replace', replace],
  ['move', move],
])

function add(resource: Tree, path: string, parts: Parts): void {
  const target = only(locate(resource, path))
  const name = text(parts, 'name')
  const content = contentOf(target)
  addTo(content, target.type, name, valueIn(parts))
  if (!isPrimitive(target)) return
  // The id and extensions of a primitive stand in its `_key` object, which may have come into being just now.
  write(target, { ...read(target), extra: content })
}

function insert(resource: Tree, path: string, parts: Parts): void {
  const list = listAt(resource, path)
  const items = readList(list)
  items.splice(position(parts, 'index', items.length), 0, itemOf(valueIn(parts), list.type))
  writeList(list, items)
}

function remove(resource: Tree, path: string): void {
  const places = locate(resource, path)
  if (places.length === 0) return // "Path of the element to delete (if found)"
  clear(belowRoot(only(places)))
}

function replace(resource: Tree, path: string, parts: Parts): void {
  const place = belowRoot(only(locate(resource, path)))
  const value = valueIn(parts)
  const owner = place.parent.type
  const { element, type } = membersOf(owner).get(place.key)!
  const choice = element.choice && !value.part ? memberFor(owner, element.name, value) : undefined
  const item = itemOf(value, choice?.member.type ?? type)
  if (choice) write(place, {}) // a valueQuantity that is replaced by a string becomes a valueString
  write({ ...place, key: choice?.key ?? place.key }, item)
}

function move(resource: Tree, path: string, parts: Parts): void {
  const list = listAt(resource, path)
  const items = readList(list)
  const last = items.length - 1
  const source = position(parts, 'source', last)
  const destination = position(parts, 'destination', last)
  items.splice(destination, 0, ...items.splice(source, 1))
  writeList(list, items)
}

function only(places: Place[]): Place {
  if (places.length === 1) return places[0]!
  throw new Unprocessable(
    places.length === 0 ? 'the path selects nothing' : `the path selects ${places.length} elements instead of one`,
  )
}

function belowRoot(place: Place): Place & { parent: Place } {
  if (place.parent) return place as Place & { parent: Place }
  throw new Unprocessable('the path selects the resource itself')
}

/**
 * The list that `parent.name` names. Its items are not asked for: an empty list has none, and yet its index 0 is a
 * place to insert at.
 */
function listAt(resource: Tree, path: string): Place {
  const [, owner = '$this', name] = /^(?:(.+)\.)?\s*`?([A-Za-z]\w*)`?\s*$/s.exec(path) ?? []
  if (!name) throw new Invalid('the path must end with the name of a list, such as Patient.name[0].given')
  const parent = only(locate(resource, owner))
  const member = membersOf(parent.type).get(name)
  if (member?.element.max !== '*') throw new Unprocessable(`${parent.type} has no list '${name}'`)
  return { holder: contentOf(parent), key: name, type: member.type, parent }
}

// ── Values ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** An element in JSON: its value, and what stands under `_key` beside it if it is a primitive. */
interface Item {
  value?: unknown
  extra?: unknown
}

function valueIn(parts: Parts): Tree {
  if (!parts.value) throw new Invalid("it needs a part 'value'")
  return parts.value
}

/** Adds an element to the JSON of its parent: at the end of a list, or where there is none yet. */
function addTo(holder: Tree, owner: string, name: string, part: Tree): void {
  const { key, member } = memberFor(owner, name, part)
  const item = itemOf(part, member.type)
  if (member.element.max === '*') {
    const list = { holder, key, type: member.type }
    writeList(list, [...readList(list), item])
    return
  }
  for (const [spelling, { element }] of membersOf(owner)) {
    if (element === member.element && (Object.hasOwn(holder, spelling) || Object.hasOwn(holder, `_${spelling}`))) {
      throw new Unprocessable(`${owner}.${element.name} is there already and does not repeat`)
    }
  }
  write({ holder, key, type: member.type }, item)
}

/** The JSON member for an element by its name: `value` with a valueQuantity is `valueQuantity`. */
function memberFor(owner: string, name: string, part: Tree): { key: string; member: Member } {
  const members = membersOf(owner)
  for (const key of [name, name + (valueKey(part) ?? '').slice('value'.length)]) {
    const member = members.get(key)
    if (member) return { key, member }
  }
  const types = [...members.values()].filter(({ element }) => element.name === name).map(({ type }) => type)
  throw new Unprocessable(
    types.length > 0 ? `${owner}.${name} must be one of ${types.join(', ')}` : `${owner} has no element '${name}'`,
  )
}

/** `valueDate` of `{ name: 'value', valueDate: '1930-01-01' }`, also where only `_valueDate` is there. */
function valueKey(part: Tree): string | undefined {
  const keys = new Set(Object.keys(part).flatMap((key) => /^_?(value[A-Z]\w*)$/.exec(key)?.[1] ?? []))
  if (keys.size > 1) throw new Invalid(`there is more than one value: ${[...keys].join(', ')}`)
  return [...keys][0]
}

/** The content of a part as an element of the type. Types that Parameters cannot carry come as parts. */
function itemOf(part: Tree, type: string): Item {
  if (part.resource !== undefined) {
    if (type === 'Resource' && isTree(part.resource)) return { value: part.resource }
    throw new Unprocessable(`a resource does not fit: ${type} is wanted`)
  }
  const key = valueKey(part)
  if (key) {
    const given = typeNamed(key.slice('value'.length))
    if (family(given) !== family(type)) throw new Unprocessable(`${key} does not fit: ${type} is wanted`)
    const item = { value: part[key], extra: part[`_${key}`] }
    if (item.value == null && item.extra == null) throw new Invalid(`${key} is null`)
    return item
  }
  const parts = listOf(part.part, 'part')
  if (parts.length === 0) throw new Invalid(`the value of type ${type} is missing`)
  if (typeDefinition(type)?.kind === 'primitive-type') throw new Unprocessable(`parts do not fit: ${type} is wanted`)
  const value: Tree = {}
  for (const child of parts) {
    if (typeof child.name !== 'string') throw new Invalid('a part of the value has no name')
    addTo(value, type, child.name, child)
  }
  return { value }
}

/** `DateTime` → `dateTime`, `HumanName` → `HumanName` */
function typeNamed(suffix: string): string {
  const primitive = suffix.charAt(0).toLowerCase() + suffix.slice(1)
  return typeDefinition(primitive) ? primitive : suffix
}

/**
 * Types that pass for each other: a code is a string and an Age a Quantity, and what the narrower one asks beyond
 * that is checked when the result is validated. Narrative's xhtml has no other way to come than as a string.
 */
function family(type: string): string {
  if (type === 'xhtml') return 'string'
  const base = typeDefinition(type)?.base
  return base && !typeDefinition(base)?.abstract && base !== 'Element' && base !== 'BackboneElement'
    ? family(base)
    : type
}

// ── Reading and writing JSON ───────────────────────────────────────────────────────────────────────────────────────

const isPrimitive = ({ type }: Place) => typeDefinition(type)?.kind === 'primitive-type'

/** The object with an element's children; for a primitive without any, a new one. */
function contentOf(place: Place): Tree {
  const { value, extra } = read(place)
  const content = isPrimitive(place) ? (extra ?? {}) : value
  if (!isTree(content)) throw new Unprocessable(`${place.type} is wanted, and something else is there`)
  return content
}

function read(place: Place): Item {
  const { holder, key, index } = place
  return index === undefined ? { value: holder[key], extra: holder[`_${key}`] } : (readList(place)[index] ?? {})
}

/** Sets an element, or removes it when the item has no content. */
function write(place: Place, item: Item): void {
  const { holder, key, index } = place
  if (index === undefined) {
    setOrDelete(holder, key, item.value)
    setOrDelete(holder, `_${key}`, item.extra)
  } else {
    writeList(place, readList(place).with(index, item))
  }
}

/** Values and extras of a list side by side: `given: ['A', null]` with `_given: [null, { extension }]`. */
function readList({ holder, key }: Place): Item[] {
  const [values, extras] = [holder[key] ?? [], holder[`_${key}`] ?? []]
  if (!Array.isArray(values) || !Array.isArray(extras)) throw new Unprocessable(`'${key}' of the resource is no list`)
  const length = Math.max(values.length, extras.length)
  return Array.from({ length }, (_, index) => ({ value: values[index], extra: extras[index] }))
}

function writeList({ holder, key }: Place, items: Item[]): void {
  const column = (values: unknown[]) =>
    values.some((value) => value != null) ? values.map((v) => v ?? null) : undefined
  setOrDelete(holder, key, column(items.map(({ value }) => value)))
  setOrDelete(holder, `_${key}`, column(items.map(({ extra }) => extra)))
}

function setOrDelete(holder: Tree, key: string, value: unknown): void {
  if (value === undefined || value === null) delete holder[key]
  else holder[key] = value
}

/** Removes an element, and each one above it that has no other content. */
function clear(place: Place): void {
  const { parent, index } = place
  if (!parent) return
  if (index === undefined) write(place, {})
  else writeList(place, readList(place).toSpliced(index, 1))
  const { value, extra } = read(parent)
  const isEmpty = (part: unknown) => part == null || (isTree(part) && Object.keys(part).length === 0)
  if (isEmpty(value) && isEmpty(extra)) clear(parent)
  else if (isPrimitive(parent) && isEmpty(extra)) write(parent, { value })
}

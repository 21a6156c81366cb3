import { type ElementDefinition, isResourceType, requiredCodes, resourceTypes, typeDefinition } from '../definitions.js'
import { describe, listed } from './describe.js'
import { listOf, one, primitiveList, siblingList } from './lists.js'
import { messages } from './messages.js'
import { nearest } from './nearest.js'
import { type Check, checkObject, choiceKey, choiceName, isObject, type Shape, type Slot } from './objects.js'
import { primitives } from './primitives.js'
import { BundleIndex } from './resolve.js'
import type { Json, Rule } from './rule.js'
import { walk } from './walk.js'

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
    const key = element.choice ? choiceKey(element.name, code) : element.name
    const name = element.choice ? choiceName(element.name, code) : element.name
    keys.push(key)
    const slot = (check: Check): Slot => ({ name, check, choice: bit })
    const isList = element.max === '*'
    const path = `${shape.name}.${element.name}`
    const type = typeDefinition(path) ? path : code
    if (!primitives[code]) {
      const check = withRules(checkOf(code, path), element, type)
      shape.slots.set(key, slot(isList ? listOf(check) : one(check)))
      continue
    }
    const check = withRules(primitiveCheck(code, element.requiredValueSet), element, type, `_${key}`)
    shape.slots.set(key, slot(isList ? primitiveList(check, `_${key}`) : one(check)))
    if (isAttribute(shape, element.name, code)) {
      if (shape.isResource && element.name === 'id') shape.slots.set('_id', slot(reportExtendedId))
    } else {
      const twin = twinCheck(element, key)
      shape.slots.set(`_${key}`, slot(isList ? siblingList(key, twin) : one(twin)))
    }
  }
  if (element.choice) shape.choices.push({ name: element.name, bit, keys })
  if (element.min > 0) shape.required.push({ name: element.name, keys: keys.flatMap((key) => [key, `_${key}`]) })
}

/** `id`, `Extension.url` and xhtml are attributes in XML, or text: they have no `_id` that could carry extensions. */
const isAttribute = (shape: Shape, element: string, type: string) =>
  type === 'xhtml' || element === 'id' || (shape.name === 'Extension' && element === 'url')

const reportExtendedId = () => walk.report(messages.extendedId, () => 'must not have extensions: it is no element')

// ── Checks that need more than the JSON form ───────────────────────────────────────────────────────────────────────

/** The structure already says which codes there are. */
const isEnumerated = ({ requiredValueSet }: ElementDefinition, type: string) =>
  type === 'code' && requiredValueSet !== undefined && requiredCodes(requiredValueSet) !== undefined

/** Types that have rules wherever they stand. */
const ruled: ReadonlySet<string> = new Set(['Reference', 'canonical', 'uri', 'url'])

/** @param twinKey  of a primitive, where its extensions are */
function withRules(check: Check, element: ElementDefinition, type: string, twinKey?: string): Check {
  if (!element.binding && !element.constraints && !ruled.has(type)) return check
  let rules: readonly Rule[] | undefined
  const isOpen = element.binding !== undefined && element.binding.strength !== 'required'
  return (value, object, index) => {
    const { inOpenBinding } = walk
    walk.inOpenBinding = isOpen
    check(value, object, index)
    walk.inOpenBinding = inOpenBinding
    const { beyond } = walk
    if (!beyond || (twinKey === undefined ? !isObject(value) : typeof value === 'object')) return
    if (twinKey !== undefined) {
      const twin = object[twinKey]
      walk.twin = index === undefined ? twin : Array.isArray(twin) ? twin[index] : undefined
    }
    rules ??= beyond.rulesOfElement(element, type, isEnumerated(element, type))
    for (let i = 0; i < rules.length; i++) rules[i]!(value, walk)
  }
}

/** @param path  of the element, where its own elements are defined if it is a backbone */
function checkOf(code: string, path: string): Check {
  if (code === 'Resource') return path.endsWith('.contained') ? checkContained : checkResource
  const shape = shapeOf(code === 'BackboneElement' || code === 'Element' ? path : code)
  if (shape.name === 'Extension') return checkExtension
  if (shape.name === 'Bundle.entry') return (value) => checkEntry(value, shape)
  return (value) => void checkObject(value, shape)
}

function primitiveCheck(type: string, valueSet: string | undefined): Check {
  const { accepts, form, fault } = primitives[type]!
  const codes = type === 'code' && valueSet ? requiredCodes(valueSet) : undefined
  const reportForm = (value: unknown) =>
    walk.report(formMessage(value), () => `must be ${form}; found ${fault?.(value) ?? describe(value)}`)
  if (!codes) {
    return (value) => {
      if (!accepts(value)) reportForm(value)
    }
  }
  const allowed = new Set<unknown>(codes)
  return (value) => {
    if (allowed.has(value)) return
    if (!accepts(value)) reportForm(value)
    else walk.report(messages.notInRequired, () => `must be one of ${listed(codes)} (${valueSet}); found another code`)
  }
}

/** A wrong JSON type is a matter of structure, wrong content of a string or number one of value. */
const formMessage = (value: unknown) =>
  typeof value === 'string' || typeof value === 'number' ? messages.value : messages.form

// ── Resources ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** The outermost resource, or one in a Bundle or in Parameters: it has contained resources of its own. */
export function checkResource(value: unknown): void {
  const { resource, rootResource } = walk
  walk.rootResource = value as Json
  checkOneResource(value)
  walk.rootResource = rootResource
  walk.resource = resource
}

function checkContained(value: unknown): void {
  if (walk.resource !== walk.rootResource) {
    walk.report(messages.nestedContained, () => 'must not stand in a resource that is contained itself')
    return
  }
  const { resource } = walk
  checkOneResource(value)
  walk.resource = resource
}

function checkOneResource(value: unknown): void {
  if (!isObject(value)) {
    walk.report(messages.notAResource, () => `must be a resource, a JSON object; found ${describe(value)}`)
  } else if (isResourceType(value.resourceType)) {
    walk.resource = value
    const { around } = walk
    const shape = shapeOf(value.resourceType)
    if (value.resourceType === 'Bundle')
      walk.around = { bundle: new BundleIndex(value, walk.path()), fullUrl: undefined }
    checkObject(value, shape)
    walk.beyond?.checkResource(value)
    walk.around = around
  } else if (value.resourceType === undefined) {
    walk.report(messages.noResourceType, () => 'must have a resourceType')
  } else walk.report(messages.unknownType, () => unknownType(value.resourceType))
}

function checkEntry(value: unknown, shape: Shape): void {
  const { around } = walk
  const fullUrl = isObject(value) ? value.fullUrl : undefined
  if (around && typeof fullUrl === 'string') walk.around = { bundle: around.bundle, fullUrl }
  checkObject(value, shape)
  walk.around = around
}

function unknownType(type: unknown): string {
  const meant = typeof type === 'string' && type.length <= 64 && nearest(type, resourceTypes)
  return `has a resourceType that R4 does not have${meant ? `; is ${meant} meant?` : ''}`
}

// ── Extensions ─────────────────────────────────────────────────────────────────────────────────────────────────────

// Invariant ext-1
function checkExtension(value: unknown): void {
  const hasValue = checkObject(value, shapeOf('Extension')) !== 0
  if (!isObject(value)) return
  const hasNested = value.extension !== undefined
  if (hasValue && hasNested)
    walk.report(messages.extensionBoth, () => 'must have a value or nested extensions, not both')
  if (!hasValue && !hasNested) walk.report(messages.extensionNeither, () => 'must have a value[x] or nested extensions')
}

/** `_birthDate`: the id and extensions of a primitive. */
function checkExtended(value: unknown): void {
  checkObject(value, shapeOf('Element'))
}

/** Where a code of a value set is required, no extension can say why there is none. */
function twinCheck({ binding }: ElementDefinition, key: string): Check {
  if (binding?.strength !== 'required') return checkExtended
  return (value, object, index) => {
    checkExtended(value)
    const own = object[key]
    const code = index === undefined ? own : Array.isArray(own) ? own[index] : undefined
    if (walk.beyond && (code ?? undefined) === undefined)
      walk.report(messages.noCode, () => `must have a code of ${binding.valueSet}; an extension cannot stand in for it`)
  }
}

import { messages } from './messages.js'
import { isObject } from './objects.js'
import type { ProfileElement } from './program.js'
import { BundleIndex } from './resolve.js'
import type { Json } from './rule.js'
import { Sorting } from './sorting.js'
import { typeOf } from './sources.js'
import { walk } from './walk.js'

/**
 * Holds a value, at which the walk is, against an element of a profile.
 *
 * @param value  undefined for a primitive that has only extensions
 * @param twin   of a primitive: its `_name` object
 * @param type   of the value: `HumanName`, `Patient.contact`, `string`
 */
export function checkValue(element: ProfileElement, value: unknown, twin: unknown, type: string): void {
  if (!walk.step()) return
  if (isObject(value) && value.resourceType !== undefined && value !== walk.resource) inResource(element, value, type)
  else checkHere(element, value, twin, type)
}

/** A profile on a Bundle or on Parameters leads into resources of their own. */
function inResource(element: ProfileElement, value: Json, type: string): void {
  const { resource, rootResource, around } = walk
  if (walk.names[walk.depth - 1] !== 'contained') walk.rootResource = value
  walk.resource = value
  if (type === 'Bundle') walk.around = { bundle: new BundleIndex(value, walk.path()), fullUrl: undefined }
  checkHere(element, value, undefined, type)
  walk.resource = resource
  walk.rootResource = rootResource
  walk.around = around
}

function checkHere(element: ProfileElement, value: unknown, twin: unknown, type: string): void {
  const { checks } = element
  for (let i = 0; i < checks.length; i++) checks[i]!(value, twin, type)
  const { active } = element.content ?? element
  if (active.length === 0) return
  const { around } = walk
  if (type === 'Bundle.entry' && around && isObject(value) && typeof value.fullUrl === 'string')
    walk.around = { bundle: around.bundle, fullUrl: value.fullUrl }
  const object = isObject(value) ? value : isObject(twin) ? twin : NOTHING
  const level = walk.enter(object, object === value ? type : 'Element')
  for (let i = 0; i < active.length; i++) checkChild(active[i]!, object, level)
  walk.leave(level)
  walk.around = around
}

const NOTHING: Json = Object.freeze({})

function checkChild(child: ProfileElement, object: Json, level: number): void {
  const { sources, slicing } = child
  const sorting = slicing && new Sorting(slicing, checkValue)
  let count = 0
  for (let s = 0; s < sources.length; s++) {
    const source = sources[s]!
    const value = object[source.key]
    const twin = object[source.twinKey]
    if (value === undefined && twin === undefined) continue
    walk.names[level] = source.name
    if (Array.isArray(value) || Array.isArray(twin)) {
      const values = Array.isArray(value) ? value : []
      const twins = Array.isArray(twin) ? twin : []
      for (let i = 0; i < values.length || i < twins.length; i++) {
        walk.indexes[level] = i
        count++
        const one = values[i] ?? undefined
        const type = typeOf(one, source)
        checkValue(child, one, twins[i], type)
        sorting?.sort(one, twins[i], type)
      }
      walk.noIndex(level)
    } else {
      count++
      const one = value ?? undefined
      const type = typeOf(one, source)
      checkValue(child, one, twin, type)
      sorting?.sort(one, twin, type)
    }
  }
  if (child.isCounted) checkCount(child, count, level)
  sorting?.end(level)
}

function checkCount({ id, min, max }: ProfileElement, count: number, level: number): void {
  if (count < min) walk.reportOf(level, messages.minimum, () => `${id}: at least ${min} required; found ${count}`)
  if (count > max) walk.reportOf(level, messages.maximum, () => `${id}: at most ${max} allowed; found ${count}`)
}

import { describe } from './describe.js'
import { messages } from './messages.js'
import type { Check } from './objects.js'
import { walk } from './walk.js'

/** A property that occurs once. */
export function one(check: Check): Check {
  return (value, object) => {
    if (value === null) walk.report(messages.null, () => 'must not be null; leave the property out')
    else if (Array.isArray(value))
      walk.report(messages.anArray, () => `occurs once, without [ ]; found ${describe(value)}`)
    else check(value, object)
  }
}

function isFilledArray(value: unknown): value is unknown[] {
  if (!Array.isArray(value))
    walk.report(messages.notAnArray, () => `may repeat, so it must be an array; found ${describe(value)}`)
  else if (value.length === 0)
    walk.report(messages.emptyArray, () => 'must not be an empty array; leave the property out')
  else return true
  return false
}

export function listOf(check: Check): Check {
  return (value, object) => {
    if (!isFilledArray(value)) return
    const level = walk.depth - 1
    for (let i = 0; i < value.length; i++) {
      walk.indexes[level] = i
      check(value[i], object, i)
    }
    walk.noIndex(level)
  }
}

/** `null` holds the place of an item that has only extensions: `"given": [null, "Ann"], "_given": [{…}, null]` */
export function primitiveList(check: Check, siblingKey: string): Check {
  return (value, object) => {
    if (!isFilledArray(value)) return
    const level = walk.depth - 1
    for (let i = 0; i < value.length; i++) {
      walk.indexes[level] = i
      if (value[i] !== null) check(value[i], object, i)
      else if (!itemAt(object[siblingKey], i)) {
        walk.report(messages.nullItem, () => `must not be null, unless ${siblingKey} has an object at the same place`)
      }
    }
    walk.noIndex(level)
  }
}

/** The `_given` of `given`. */
export function siblingList(key: string, check: Check): Check {
  return (value, object) => {
    if (!isFilledArray(value)) return
    const values = object[key]
    if (Array.isArray(values) && values.length !== value.length) {
      walk.report(
        messages.unequalArrays,
        () => `has ${values.length} in ${key} but ${value.length} in _${key}; null fills a gap`,
      )
    }
    const level = walk.depth - 1
    for (let i = 0; i < value.length; i++) {
      walk.indexes[level] = i
      if (value[i] !== null) check(value[i], object, i)
      else if (!Array.isArray(values)) {
        walk.report(messages.nullItem, () => `must not be null in _${key}, since there is no ${key}`)
      }
    }
    walk.noIndex(level)
  }
}

const itemAt = (list: unknown, index: number) => Array.isArray(list) && (list[index] ?? undefined) !== undefined

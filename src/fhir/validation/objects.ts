import { capitalized } from '../members.js'
import { describe, isName, listed } from './describe.js'
import { messages } from './messages.js'
import { nearest } from './nearest.js'
import type { Json, Rule } from './rule.js'
import { walk } from './walk.js'

/** Checks one property; `object` is where it stands, for what its siblings say, and `index` its place in a list. */
export type Check = (value: unknown, object: Json, index?: number) => void

/** What one property name of a type means. */
export interface Slot {
  /** As FHIRPath calls it: `value.ofType(Quantity)` for `valueQuantity` */
  name: string
  check: Check
  /** Set for `value[x]`, a different bit for each choice of the type. */
  choice: number
}

export interface Choice {
  name: string
  bit: number
  /** `valueQuantity`, `valueString`, … */
  keys: string[]
}

/** A type as it is walked: a map from property name to check. */
export interface Shape {
  name: string
  slots: Map<string, Slot>
  /** Elements with min = 1 and the properties that provide each: `status`, `_status`. */
  required: { name: string; keys: string[] }[]
  choices: Choice[]
  isResource: boolean
  /** What is looked at beyond the JSON form, when the elements have been seen; made when it is first needed. */
  rules?: readonly Rule[]
}

const DEEPEST = 100

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns the bits of the choices that were made */
export function checkObject(value: unknown, shape: Shape): number {
  if (!isObject(value)) {
    walk.report(messages.notAnObject, () => `must be an object; found ${describe(value)}`)
    return 0
  }
  if (walk.depth >= DEEPEST) {
    walk.report(messages.tooDeep, () => `is nested more than ${DEEPEST} levels deep`)
    return 0
  }
  const level = walk.enter(value, shape.name)
  let properties = 0
  let choices = 0
  let conflicts = 0
  for (const key in value) {
    properties++
    walk.noIndex(level)
    const slot = shape.slots.get(key)
    if (slot === undefined) {
      walk.leave(level)
      reportUnknown(key, shape)
      walk.enter(value, shape.name)
      continue
    }
    walk.names[level] = slot.name
    if (slot.choice !== 0) {
      conflicts |= choices & slot.choice
      choices |= slot.choice
    }
    slot.check(value[key], value)
  }
  walk.leave(level)

  // Invariant ele-1. Beside a primitive the id may stand alone, since the value is in the other property.
  if (properties === 0 || (properties === 1 && value.id !== undefined && shape.name !== 'Element')) {
    walk.report(messages.empty, () => 'must not be empty; leave the property out')
  }
  if (conflicts !== 0) reportConflicts(value, shape, conflicts)
  for (let i = 0; i < shape.required.length; i++) {
    const { name, keys } = shape.required[i]!
    if (!hasAny(value, keys)) walk.report(messages.minimum, () => `${name} is required, and missing`)
  }
  const { beyond } = walk
  if (beyond) {
    shape.rules ??= beyond.rulesOfType(shape.name)
    for (let i = 0; i < shape.rules.length; i++) shape.rules[i]!(value, walk)
    const further = walk.rules?.get(shape.name)
    if (further) for (const rule of further) rule(value, walk)
  }
  return choices
}

function hasAny(object: Json, keys: string[]): boolean {
  for (let i = 0; i < keys.length; i++) if (object[keys[i]!] !== undefined) return true
  return false
}

function reportUnknown(key: string, shape: Shape): void {
  walk.report(messages.unknownElement, () => {
    if (!isName(key)) return 'has a property whose name no FHIR element could have'
    const bare = key.replace(/^_/, '')
    const choice = shape.choices.find(({ name }) => bare === name || bare.startsWith(name))
    if (choice) return `${key} is not an element of ${shape.name}, which has ${listed(choice.keys)}`
    const meant = nearest(key, shape.slots.keys())
    return `${key} is not an element of ${shape.name}${meant ? `; is ${meant} meant?` : ''}`
  })
}

function reportConflicts(object: Json, shape: Shape, conflicts: number): void {
  for (const { name, bit, keys } of shape.choices) {
    if ((conflicts & bit) === 0) continue
    const made = keys.filter((key) => object[key] !== undefined || object[`_${key}`] !== undefined)
    if (made.length > 1)
      walk.report(messages.severalChoices, () => `${name} must have one type; found ${made.join(' and ')}`)
  }
}

/** As FHIRPath calls a choice: `value.ofType(Quantity)` */
export const choiceName = (name: string, type: string) => `${name}.ofType(${type})`

/** As JSON calls it: `valueQuantity` */
export const choiceKey = (name: string, type: string) => name + capitalized(type)

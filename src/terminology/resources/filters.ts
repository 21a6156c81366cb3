import { Unprocessable } from '../../base/errors.js'
import { patternOf } from '../pattern.js'
import { type Entry, type ResourceConcepts, textOf } from './concepts.js'

type Test = (entry: Entry) => boolean
type Filter = (concepts: ResourceConcepts, property: string, value: string) => Test

/** By operator: https://hl7.org/fhir/R4/valueset-filter-operator.html */
const filters: Record<string, Filter> = {
  '=': (_concepts, property, value) => some(property, (one) => one === value),
  in: (_concepts, property, value) => some(property, (one) => listed(value).includes(one)),
  'not-in'(_concepts, property, value) {
    const isIn = some(property, (one) => listed(value).includes(one))
    return (entry) => !isIn(entry)
  },
  regex(_concepts, property, value) {
    const matches = patternOf(value)
    return some(property, matches)
  },
  exists(_concepts, property, value) {
    const has = some(property, () => true)
    return (entry) => has(entry) === (value === 'true')
  },
  'is-a': (concepts, _property, value) => within(concepts.hierarchy('below', value)),
  'descendent-of'(concepts, _property, value) {
    const below = within(concepts.hierarchy('below', value))
    return (entry) => below(entry) && entry !== concepts.get(value)
  },
  'is-not-a'(concepts, _property, value) {
    const below = within(concepts.hierarchy('below', value))
    return (entry) => !below(entry)
  },
  generalizes: (concepts, _property, value) => within(concepts.hierarchy('above', value)),
  'child-of': (concepts, _property, value) => within(new Set(concepts.get(value)!.children)),
  'descendent-leaf'(concepts, _property, value) {
    const below = within(concepts.hierarchy('below', value))
    return (entry) => below(entry) && entry.children.length === 0
  },
}

const HIERARCHY = new Set(['concept', 'code'])

/** Operators that only the hierarchy answers; their value is a code of the system. */
const HIERARCHICAL = new Set(['is-a', 'descendent-of', 'is-not-a', 'generalizes', 'child-of', 'descendent-leaf'])

/** Properties that every concept has. */
const OWN: Record<string, (entry: Entry) => readonly string[]> = {
  code: ({ code }) => [code],
  concept: ({ code }) => [code],
  display: ({ display }) => (display === undefined ? [] : [display]),
  definition: ({ definition }) => (definition === undefined ? [] : [definition]),
  designation: ({ designations }) => designations.map(({ value }) => value),
  parent: ({ parents }) => parents,
  child: ({ children }) => children,
}

/** Properties that every concept has where none says so. */
const IMPLIED: Record<string, (entry: Entry) => string> = {
  inactive: ({ inactive }) => String(inactive),
  status: ({ status = 'active' }) => status,
}

/**
 * The concepts of a resource that satisfy a filter of `ValueSet.compose.include`.
 * @returns undefined when there is no such filter: neither the operator nor the property is known
 * @throws Unprocessable  the value is none that the filter takes (422)
 */
export function filterOf(concepts: ResourceConcepts, property: string, op: string, value: string): Test | undefined {
  const filter = Object.hasOwn(filters, op) ? filters[op]! : undefined
  if (!filter) return undefined
  if (HIERARCHICAL.has(op)) {
    if (!HIERARCHY.has(property)) return undefined
    if (!concepts.get(value))
      throw new Unprocessable(`The filter is about the code ${value}, which is not in the system`)
  } else if (!isKnown(concepts, property)) return undefined
  return filter(concepts, property, value)
}

const isKnown = (concepts: ResourceConcepts, property: string) =>
  Object.hasOwn(OWN, property) ||
  Object.hasOwn(IMPLIED, property) ||
  property === 'notSelectable' ||
  concepts.hasProperty(property)

const within =
  (codes: ReadonlySet<string>): Test =>
  ({ code }) =>
    codes.has(code)

/** One of the concept's values of the property. */
function some(property: string, test: (value: string) => boolean): Test {
  const own = Object.hasOwn(OWN, property) ? OWN[property]! : undefined
  if (own) return (entry) => own(entry).some(test)
  const implied = Object.hasOwn(IMPLIED, property) ? IMPLIED[property]! : undefined
  return (entry) => {
    const values = entry.properties.filter(({ code }) => code === property).map(({ value }) => textOf(value))
    return values.length === 0 && implied ? test(implied(entry)) : values.some(test)
  }
}

const listed = (value: string) => value.split(',').map((one) => one.trim())

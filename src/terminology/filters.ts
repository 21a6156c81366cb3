import type { ValueSetComposeIncludeFilter } from '@medplum/fhirtypes'
import { Unprocessable } from '../base/errors.js'
import type { Concept, Concepts } from './concepts.js'

type Test = (concept: Concept) => boolean
type Filter = (concepts: Concepts, property: string, value: string) => Test

const HIERARCHY = new Set(['concept', 'code'])

/** By operator: https://hl7.org/fhir/R4/valueset-filter-operator.html */
const filters: Record<string, Filter> = {
  '=': (_concepts, property, value) => some(property, (one) => one === value),
  in: (_concepts, property, value) => some(property, (one) => listed(value).includes(one)),
  'not-in'(_concepts, property, value) {
    const isIn = some(property, (one) => listed(value).includes(one))
    return (concept) => !isIn(concept)
  },
  regex(_concepts, property, value) {
    const whole = expressionOf(value)
    return some(property, (one) => whole.test(one))
  },
  exists(_concepts, property, value) {
    const has = some(property, () => true)
    return (concept) => has(concept) === (value === 'true')
  },
  'is-a'(concepts, _property, value) {
    const below = concepts.hierarchy('below', value)
    return ({ code }) => below.has(code)
  },
  'descendent-of'(concepts, _property, value) {
    const below = concepts.hierarchy('below', value)
    return ({ code }) => code !== value && below.has(code)
  },
  'is-not-a'(concepts, _property, value) {
    const below = concepts.hierarchy('below', value)
    return ({ code }) => !below.has(code)
  },
  generalizes(concepts, _property, value) {
    const above = concepts.hierarchy('above', value)
    return ({ code }) => above.has(code)
  },
}

/** Operators that only the hierarchy answers; their value is a code of the system. */
const HIERARCHICAL = new Set(['is-a', 'descendent-of', 'is-not-a', 'generalizes'])

/**
 * The concepts that satisfy a filter of `ValueSet.compose.include`.
 * @throws Unprocessable  no such operator, or the code that it is about is not in the system (422)
 */
export function filterOf(concepts: Concepts, { property, op, value }: ValueSetComposeIncludeFilter): Test {
  const filter = Object.hasOwn(filters, op ?? '') ? filters[op!] : undefined
  if (!filter || !property || value === undefined)
    throw new Unprocessable(
      `A filter on ${concepts.url} has no property, no value, or an operator other than ${Object.keys(filters).join(', ')}`,
    )
  if (HIERARCHICAL.has(op!)) {
    if (!HIERARCHY.has(property))
      throw new Unprocessable(`A filter on ${concepts.url} with the operator ${op} is about the property concept`)
    if (!concepts.get(value))
      throw new Unprocessable(`A filter on ${concepts.url} is about the code ${value}, which is not in it`)
  }
  return filter(concepts, property, value)
}

/** One of the concept's values of the property; its code, display and neighbours are properties that each concept has. */
function some(property: string, test: (value: string) => boolean): Test {
  if (HIERARCHY.has(property)) return ({ code }) => test(code)
  if (property === 'display') return ({ display }) => display !== undefined && test(display)
  if (property === 'parent') return ({ parents }) => [...parents].some(test)
  if (property === 'child') return ({ children }) => [...children].some(test)
  if (property === 'inactive') return ({ inactive }) => test(String(inactive))
  return ({ properties }) => properties.get(property)?.some(test) ?? false
}

const listed = (value: string) => value.split(',').map((one) => one.trim())

/** A repetition of what repeats itself: on some texts it runs for ever, and nothing else would run meanwhile. */
const NESTED = /\((?:[^()\\]|\\.)*[+*}](?:[^()\\]|\\.)*\)[+*{]/
const LONGEST = 1000

/** A regular expression of a value set matches a value as a whole. */
function expressionOf(text: string): RegExp {
  if (text.length > LONGEST || NESTED.test(text))
    throw new Unprocessable(
      `A filter has a regular expression of more than ${LONGEST} characters, or with a repetition in a repetition`,
    )
  try {
    return new RegExp(`^(?:${text})$`)
  } catch (cause) {
    throw new Unprocessable('A filter has a regular expression that is none', { cause })
  }
}

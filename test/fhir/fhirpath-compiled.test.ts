import { describe, expect, it } from 'vitest'
import { Invalid } from '../../src/base/errors.js'
import { resourceTypes, typeDefinition } from '../../src/fhir/definitions.js'
import { compile } from '../../src/fhir/fhirpath/compiled/compile.js'
import { isDeterministic } from '../../src/fhir/fhirpath/compiled/deterministic.js'
import { type Around, itemsOf } from '../../src/fhir/fhirpath/compiled/value.js'
import { evaluate } from '../../src/fhir/fhirpath/evaluate.js'
import { type Item, itemOf, toSystem } from '../../src/fhir/fhirpath/item.js'
import { Limits } from '../../src/fhir/fhirpath/limits.js'
import { parse } from '../../src/fhir/fhirpath/parser.js'
import { sessionOf } from '../../src/fhir/fhirpath/scope.js'
import { cloneJson } from '../../src/fhir/json.js'
import { membersOf } from '../../src/fhir/members.js'
import { corrected } from '../../src/fhir/validation/invariants/corrections.js'
import { natives } from '../../src/fhir/validation/invariants/natives.js'
import { everyElement } from '../support/every-element.js'

type Json = Record<string, unknown>

/** Numbers from 0 to 1, the same ones each time. */
function random(seed: number): () => number {
  return () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return seed / 0x7fffffff
  }
}

interface Node {
  type: string
  value: Json
}

/** Everything in a resource that is no primitive, with its type. */
function nodesOf(value: Json, type: string): Node[] {
  const below = [...membersOf(type)].flatMap(([key, member]) => {
    const found = value[key]
    if (found === undefined || typeDefinition(member.type)?.kind === 'primitive-type') return []
    return (Array.isArray(found) ? found : [found]).flatMap((one: Json) =>
      nodesOf(one, typeof one.resourceType === 'string' ? one.resourceType : member.type),
    )
  })
  return [{ type, value }, ...below]
}

/** Without some of its members, and with others doubled or emptied of their values. */
function mutated(value: unknown, next: () => number): unknown {
  if (Array.isArray(value)) return value.flatMap((one) => (next() < 0.1 ? [one, one] : [mutated(one, next)]))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([key]) => key === 'resourceType' || next() > 0.25)
  return Object.fromEntries(members.map(([key, one]) => [key, mutated(one, next)]))
}

const constraintsOf = (type: string) => typeDefinition(type)!.constraints ?? []

const around = (resource: unknown, context: unknown): Around => ({
  resource,
  rootResource: resource,
  context,
  limits: new Limits(1e9),
  resolve: () => undefined,
  memberOf: () => true,
  conformsTo: () => true,
  htmlChecks: () => true,
})

const shown = (items: readonly Item[]) =>
  items.map((item) => {
    const { type, value } = toSystem(item) ?? item
    return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) !== Object.prototype
      ? `${type} ${value}`
      : value
  })

function evaluated(expression: string, { type, value }: Node, resource: Json): unknown {
  const variables = new Map(
    ['resource', 'rootResource', 'context'].map((name) => [
      name,
      [name === 'context' ? itemOf(value, type) : itemOf(resource)],
    ]),
  )
  const session = sessionOf(itemOf(resource), { asR4: true, limits: new Limits(1e9) })
  try {
    return shown(evaluate(parse(expression), { session, focus: [itemOf(value, type)], variables }))
  } catch (reason) {
    if (reason instanceof Invalid) return 'fails'
    throw reason
  }
}

function compiled(expression: string, { type, value }: Node, resource: Json): unknown {
  const whole = itemsOf(compile(parse(expression), type))
  try {
    return shown(whole(value, around(resource, value)))
  } catch (reason) {
    if (reason instanceof Invalid) return 'fails'
    throw reason
  }
}

describe('a compiled expression finds what the evaluator finds', () => {
  it.each(resourceTypes)('in the constraints of %s and of what is in it', (type) => {
    const next = random(type.length * 7919 + type.charCodeAt(0))
    const whole = everyElement(type).slice(0, 2)
    const resources = [...whole, ...whole.map((one) => mutated(cloneJson(one), next) as Json)]
    const different: unknown[] = []
    for (const resource of resources) {
      const seen = new Map<string, number>()
      for (const node of nodesOf(resource, type)) {
        const count = seen.get(node.type) ?? 0
        seen.set(node.type, count + 1)
        if (count > 1) continue
        for (const constraint of constraintsOf(node.type)) {
          if (natives.has(constraint.expression)) continue
          const expression = corrected(constraint)
          const wanted = evaluated(expression, node, resource)
          // What fails as a whole may be decided by the part that is asked first.
          if (wanted === 'fails') continue
          const found = compiled(expression, node, resource)
          if (JSON.stringify(found) !== JSON.stringify(wanted)) {
            different.push({
              key: constraint.key,
              expression,
              wanted,
              found,
              value: JSON.stringify(node.value).slice(0, 300),
            })
          }
        }
      }
    }
    expect(different.slice(0, 3)).toEqual([])
  })
})

describe('a regular expression is searched for at once only if there is nothing to try twice', () => {
  it.each([
    ['[A-Z]([A-Za-z0-9_]){0,254}', true],
    ['^[a-z]+(-[a-z]+)*$', true],
    ['^[^|#]*$', true],
    ['\\d{3}-\\d{2}', true],
    ['(ab*)*', true],
    ['(a+)+', false],
    ['(a|a)*b', false],
    ['(a*)*', false],
    ['.*,.*', false],
    ['a*a*b', false],
    ['(x+x+)+y', false],
    ['(.)\\1', false],
    ['(?=a)b', false],
  ])('%s: %s', (pattern, isQuick) => {
    expect(isDeterministic(pattern)).toBe(isQuick)
  })
})

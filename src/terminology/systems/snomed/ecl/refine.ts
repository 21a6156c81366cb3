import { Ordinals } from '../../../stored/ordinals.js'
import { marked } from '../relationships.js'
import type { Attribute, Cardinality, Comparison, Constraint, Order, Refinement } from './ast.js'
import { type Facts, type GroupKey, keyOf, ownerOf } from './facts.js'
import { matches } from './terms.js'

/** What refinements need to know of the constraints that are in them. */
export interface Constraints {
  /** Numbers of all concepts end here. */
  readonly size: number
  evaluate(constraint: Constraint): Promise<Ordinals>
  /** Concept ids. */
  idsOf(constraint: Constraint): Promise<readonly string[]>
  /** The same of the name of an attribute. */
  attributes(name: Constraint): Promise<readonly string[]>
}

/** Those of the concepts that have the attributes. */
export async function refined(of: Ordinals, by: Refinement, facts: Facts, constraints: Constraints): Promise<Ordinals> {
  if (of.isEmpty) return of
  if (by.kind === 'attribute') {
    const times = new Times(constraints.size)
    await eachHit(by, facts, constraints, (source) => times.add(source))
    return times.within(of, by.times)
  }
  if (by.kind === 'group') {
    const times = new Times(constraints.size)
    for (const key of await groupsWith(by.of, of, facts, constraints)) times.add(ownerOf(key))
    return times.within(of, by.times)
  }
  let found = by.kind === 'and' ? of : Ordinals.none
  for (const one of by.of) {
    if (by.kind === 'and') found = await refined(found, one, facts, constraints)
    else found = found.or(await refined(of, one, facts, constraints))
  }
  return found
}

/** How often something was found of each concept. */
class Times {
  private readonly found: Uint16Array

  constructor(size: number) {
    this.found = new Uint16Array(size)
  }

  add(concept: number): void {
    this.found[concept]!++
  }

  within(of: Ordinals, { least, most }: Cardinality): Ordinals {
    const those: number[] = []
    of.each((concept) => {
      const n = this.found[concept]!
      if (n >= least && n <= most) those.push(concept)
    })
    return Ordinals.of(those)
  }
}

/** Groups in which the attributes are. */
async function groupsWith(
  by: Refinement,
  of: Ordinals,
  facts: Facts,
  constraints: Constraints,
): Promise<ReadonlySet<GroupKey>> {
  if (by.kind === 'attribute') {
    const owners = marked(of, constraints.size)
    const times = new Map<GroupKey, number>()
    await eachHit(by, facts, constraints, (source, key) => {
      if (owners[source]) times.set(key(), (times.get(key()) ?? 0) + 1)
    })
    const { least, most } = by.times
    const candidates = least === 0 ? await everyGroup(owners, facts) : times.keys()
    const fits = (key: GroupKey) => (times.get(key) ?? 0) >= least && (times.get(key) ?? 0) <= most
    return new Set([...candidates].filter(fits))
  }
  if (by.kind === 'group') throw new Error('The grammar has no groups in groups')
  const all = await Promise.all(by.of.map((one) => groupsWith(one, of, facts, constraints)))
  if (by.kind === 'or') return new Set(all.flatMap((keys) => [...keys]))
  const [first, ...others] = all
  return new Set([...first!].filter((key) => others.every((keys) => keys.has(key))))
}

async function everyGroup(owners: Uint8Array, facts: Facts): Promise<ReadonlySet<GroupKey>> {
  const keys = new Set<GroupKey>()
  await eachOfTypes(await facts.types(), facts, ANYTHING, (source, key) => {
    if (owners[source]) keys.add(key())
  })
  return keys
}

/** Told whose attribute was found, and in which group if that matters. */
type Visit = (source: number, key: () => GroupKey) => void

/** Which values are meant: concepts by number, and others. */
interface Wanted {
  readonly target: ((ordinal: number) => boolean) | undefined
  readonly value: ((value: string) => boolean) | undefined
}

const ANYTHING: Wanted = { target: () => true, value: () => true }

async function eachHit(attribute: Attribute, facts: Facts, constraints: Constraints, visit: Visit): Promise<void> {
  const types = attribute.name.kind === 'any' ? await facts.types() : await constraints.attributes(attribute.name)
  const wanted = await wantedOf(attribute.comparison, constraints)
  if (attribute.reverse) await eachReversed(types, facts, wanted, visit)
  else await eachOfTypes(types, facts, wanted, visit)
}

async function eachOfTypes(types: readonly string[], facts: Facts, wanted: Wanted, visit: Visit): Promise<void> {
  if (wanted.target)
    for (const type of types) {
      const triples = await facts.ofType(type)
      for (let i = 0; i < triples.length; i += 3)
        if (wanted.target(triples[i + 2]!)) visit(triples[i]!, () => keyOf(triples[i]!, triples[i + 1]!, type, i / 3))
    }
  if (wanted.value)
    for (const [i, { type, source, group, value }] of (await facts.valuesOf(types)).entries())
      if (wanted.value(value)) visit(source, () => keyOf(source, group, type, i))
}

/** The concept that is sought is the value; what is compared is whose attribute it is. Groups are of no concern. */
async function eachReversed(types: readonly string[], facts: Facts, { target }: Wanted, visit: Visit): Promise<void> {
  for (const type of types) {
    const triples = await facts.ofType(type)
    for (let i = 0; i < triples.length; i += 3)
      if (target?.(triples[i]!)) visit(triples[i + 2]!, () => keyOf(triples[i + 2]!, 0, type, i / 3))
  }
}

async function wantedOf(comparison: Comparison, constraints: Constraints): Promise<Wanted> {
  const isEqual = comparison.operator === '='
  switch (comparison.kind) {
    case 'concepts': {
      if (comparison.value.kind === 'any') return { target: () => isEqual, value: isEqual ? () => true : undefined }
      const marks = marked(await constraints.evaluate(comparison.value), constraints.size)
      return { target: (ordinal) => (marks[ordinal] === 1) === isEqual, value: undefined }
    }
    case 'number':
      return {
        target: undefined,
        value: (value) =>
          value.startsWith('#') && compare(Number(value.slice(1)), comparison.operator, Number(comparison.value)),
      }
    case 'text':
      return {
        target: undefined,
        value: (value) => value.startsWith('"') && matches(comparison.terms, value.slice(1, -1)) === isEqual,
      }
    case 'boolean':
      return {
        target: undefined,
        value: (value) =>
          /^(?:true|false)$/i.test(value) && (value.toLowerCase() === String(comparison.value)) === isEqual,
      }
  }
}

export function compare<T extends number | string>(a: T, operator: Order, b: T): boolean {
  switch (operator) {
    case '=':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    case '>=':
      return a >= b
  }
}

/** The values that attributes of concepts have, where these are concepts. */
export async function valuesOf(of: Ordinals, types: readonly string[], facts: Facts): Promise<Ordinals> {
  const found: number[] = []
  for (const type of types) {
    const triples = await facts.ofType(type)
    for (let i = 0; i < triples.length; i += 3) if (of.has(triples[i]!)) found.push(triples[i + 2]!)
  }
  return Ordinals.of(found)
}

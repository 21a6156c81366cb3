import { Unprocessable } from '../../base/errors.js'
import { patternOf } from '../pattern.js'
import type { TabledCodeSystem } from './loaded.js'
import { Ordinals } from './ordinals.js'
import type { Row } from './rows.js'

type Filter = (system: TabledCodeSystem, property: string, value: string) => Promise<Ordinals>

/** Operators that only the hierarchy answers; their value is a code of the system. */
const hierarchical: Record<string, (system: TabledCodeSystem, concept: Row, key: string) => Promise<Ordinals>> = {
  'is-a': async (_system, { below }) => below,
  'descendent-of': async (_system, concept) => beneath(concept),
  'is-not-a': async (system, { below }) => everything(system).minus(below),
  generalizes: ({ rows }, _concept, key) => rows.above(key),
  'child-of': ({ rows }, _concept, key) => rows.children(key),
  'descendent-leaf': async ({ rows }, concept) => beneath(concept).minus(await rows.withValue('child', [''])),
}

/** By operator: https://hl7.org/fhir/R4/valueset-filter-operator.html */
const ofValues: Record<string, Filter> = {
  '=': (system, property, value) => having(system, property, [value]),
  in: (system, property, value) => having(system, property, listed(value)),
  'not-in': async (system, property, value) => everything(system).minus(await having(system, property, listed(value))),
  exists: async (system, property, value) => {
    const any = await having(system, property, [''])
    if (value !== 'true' && value !== 'false')
      throw new Unprocessable(`A filter with the operator exists has the value true or false, not ${value}`)
    return value === 'true' ? any : everything(system).minus(any)
  },
  regex: (system, property, value) => like(system, property, value),
}

const CONCEPT = new Set(['concept', 'code'])
/** Properties that every concept has; where none says so, `false` or `active`. */
const IMPLIED: Readonly<Record<string, string>> = { inactive: 'false', notSelectable: 'false', status: 'active' }
const OWN = new Set([...CONCEPT, 'display', 'parent', 'child', ...Object.keys(IMPLIED)])

/**
 * @returns  undefined when there is no such filter: neither the operator nor the property is known
 * @throws Unprocessable  the value is none that it takes (422)
 */
export async function filterOf(
  system: TabledCodeSystem,
  property: string,
  op: string,
  value: string,
): Promise<Ordinals | undefined> {
  if (Object.hasOwn(hierarchical, op)) {
    if (!CONCEPT.has(property)) return undefined
    const key = system.keyOf(value)
    const concept = (await system.rows.withKeys([key])).get(key)
    if (!concept) throw new Unprocessable(`The filter is about the code ${value}, which is not in the system`)
    return hierarchical[op]!(system, concept, key)
  }
  if (!Object.hasOwn(ofValues, op) || !isKnown(system, property)) return undefined
  return ofValues[op]!(system, property, value)
}

const isKnown = ({ header }: TabledCodeSystem, property: string) =>
  OWN.has(property) || header.property?.some(({ code }) => code === property)

const everything = ({ size }: TabledCodeSystem) => Ordinals.range(0, size)
const beneath = ({ below, ordinal }: Row) => below.minus(Ordinals.range(ordinal, ordinal + 1))
const listed = (value: string) => value.split(',').map((one) => one.trim())

/** Concepts with one of the values; '' is any. */
async function having(system: TabledCodeSystem, property: string, values: readonly string[]): Promise<Ordinals> {
  const { rows } = system
  const any = values.includes('')
  if (CONCEPT.has(property)) {
    if (any) return everything(system)
    return Ordinals.of((await system.numbers(values)).values())
  }
  if (property === 'display') return any ? everything(system) : rows.withText('display', { values })
  if (property === 'parent' && !any) return Ordinals.union(await each(system, values, (key) => rows.children(key)))
  if (property === 'child' && !any) return Ordinals.union(await each(system, values, (key) => rows.parents(key)))
  const found = await rows.withValue(property, values)
  const implied = IMPLIED[property]
  if (implied === undefined || !(any || values.includes(implied))) return found
  return found.or(everything(system).minus(await rows.withValue(property, [''])))
}

const each = (system: TabledCodeSystem, codes: readonly string[], find: (key: string) => Promise<Ordinals>) =>
  Promise.all(codes.map((code) => find(system.keyOf(code))))

/** PostgreSQL tests the many texts: for what `patternOf` takes it needs time in proportion to them, too. */
async function like(system: TabledCodeSystem, property: string, pattern: string): Promise<Ordinals> {
  patternOf(pattern)
  const { rows } = system
  try {
    if (CONCEPT.has(property)) return await rows.withText('code', { pattern })
    if (property === 'display') return await rows.withText('display', { pattern })
    if (property === 'parent' || property === 'child') {
      const codes = await rows.codesOf(await rows.withText('code', { pattern }))
      return await having(system, property, codes)
    }
    return await rows.withValueLike(property, pattern)
  } catch (cause) {
    // https://www.postgresql.org/docs/current/errcodes-appendix.html: invalid_regular_expression
    if ((cause as { code?: string }).code === '2201B')
      throw new Unprocessable('A filter has a regular expression that is none', { cause })
    throw cause
  }
}

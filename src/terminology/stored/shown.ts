import type { Concept, ConceptProperty } from '../provider.js'
import type { TabledCodeSystem } from './loaded.js'

/**
 * A concept with those directly above and below it, and with what the codes in its properties mean; all of these in one
 * statement, which reads no more of them than their names.
 *
 * @param names  codes of properties that were asked for; none, or `*`, is all
 */
export async function shown(system: TabledCodeSystem, concept: Concept, names: readonly string[]): Promise<Concept> {
  const { rows } = system
  const key = system.keyOf(concept.code)
  const row = (await rows.withKeys([key])).get(key)
  if (!row) return concept
  const isWanted = (name: string) => names.length === 0 || names.includes('*') || names.includes(name)
  const parents = isWanted('parent') ? row.parents : []
  const children = isWanted('child') ? row.children.slice(0, Number.POSITIVE_INFINITY) : []
  const untold = concept.properties.filter(
    (one) => one.type === 'code' && one.description === undefined && isWanted(one.code),
  )
  const keys = [...parents, ...untold.map(({ value }) => value as string)].map((code) => system.keyOf(code))
  if (keys.length + children.length === 0) return concept
  const named = await rows.names(children, [...new Set(keys)])
  const displays = new Map(named.map(({ key, display }) => [key, display ?? undefined]))
  const meaning = (value: ConceptProperty['value']) => {
    const description = displays.get(system.keyOf(value as string))
    return description === undefined ? {} : { description }
  }
  const neighbour = (code: string, value: string) => ({ code, type: 'code', value, ...meaning(value) }) as const
  const below = new Set(children)
  return {
    ...concept,
    properties: [
      ...parents.map((code) => neighbour('parent', code)),
      ...named.filter(({ ordinal }) => below.has(ordinal)).map(({ code }) => neighbour('child', code)),
      ...concept.properties.map((one) => (untold.includes(one) ? { ...one, ...meaning(one.value) } : one)),
    ],
  }
}

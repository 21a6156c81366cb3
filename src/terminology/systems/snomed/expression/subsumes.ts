import type { Relationships } from '../relationships.js'
import { conceptOf, ExpressionFacts, type Resolved } from './resolved.js'

/**
 * Whether one expression is above another (or the same) by what both say: every focus of the one is above one of the other,
 * and every attribute of it has one there, or in what the other refines, that says as much. Groups are of no concern.
 */
export async function isAbove(one: Resolved, other: Resolved, relationships: Relationships): Promise<boolean> {
  const below = (id: string) => one.concepts.get(id)!.below
  const fits = one.expression.focus.every((id) =>
    other.expression.focus.some((focus) => below(id).has(other.concepts.get(focus)!.ordinal)),
  )
  if (!fits) return false
  const facts = new ExpressionFacts(other, relationships)
  for (const { name, value } of one.expression.groups.flat()) {
    const wanted = conceptOf(value)
    if (wanted === undefined) {
      const values = await facts.valuesOf([name])
      if (!values.some((given) => value.kind === 'concrete' && given.value === value.value)) return false
      continue
    }
    const given = await facts.ofType(name)
    if (!given.some((ordinal, i) => i % 3 === 2 && below(wanted).has(ordinal))) return false
  }
  return true
}

import { Ordinals } from '../../stored/ordinals.js'
import type { Row } from '../../stored/rows.js'
import type { StoredCodeSystem } from '../../stored/stored.js'
import { type Attribute, written } from './expression/parse.js'
import { id } from './ids.js'
import type { Relationships } from './relationships.js'

/**
 * The definition of a concept as an expression: what it is a kind of, and its attributes in their groups.
 * @param isDefined  whether that is all that makes it
 * @param hasTerms  with the terms of the concepts between bars
 * @see https://hl7.org/fhir/R4/snomedct.html#4.3.1.0.4
 */
export async function normalForm(
  { ordinal, parents }: Row,
  isDefined: boolean,
  hasTerms: boolean,
  { rows }: StoredCodeSystem,
  relationships: Relationships,
): Promise<string> {
  const groups = new Map<number, Attribute[]>([[0, []]])
  const add = (group: number, attribute: Attribute) => groups.set(group, [...(groups.get(group) ?? []), attribute])
  const types = await relationships.types()
  const targets: { group: number; name: string; target: number }[] = []
  for (const name of types) {
    const triples = await relationships.ofType(name)
    for (let i = firstOf(triples, ordinal); triples[i] === ordinal; i += 3)
      targets.push({ group: triples[i + 1]!, name, target: triples[i + 2]! })
  }
  const numbers = Ordinals.of(targets.map(({ target }) => target)).slice(0, Infinity)
  const values = await rows.numbered(numbers, true)
  const idOf = new Map(numbers.map((number, i) => [number, values[i]!.code]))
  for (const { group, name, target } of targets) add(group, { name, value: { kind: 'concept', id: idOf.get(target)! } })
  for (const { type, source, group, value } of await relationships.valuesOf(types))
    if (source === ordinal) add(group, { name: type, value: { kind: 'concrete', value } })

  const focus = parents.length ? parents : [id.root]
  const ordered = [...groups].sort(([a], [b]) => a - b).map(([, attributes]) => attributes)
  const named = hasTerms ? await rows.withKeys([...focus, ...types, ...idOf.values()]) : undefined
  return written(
    { status: isDefined ? '===' : '<<<', focus, groups: ordered },
    (concept) => named?.get(concept)?.display,
  )
}

/** Where the triples of a source begin, or would. */
function firstOf(triples: Int32Array, source: number): number {
  let [low, high] = [0, triples.length / 3]
  while (low < high) {
    const middle = (low + high) >> 1
    if (triples[3 * middle]! < source) low = middle + 1
    else high = middle
  }
  return 3 * low
}

import { Ordinals } from '../../../stored/ordinals.js'
import type { Row } from '../../../stored/rows.js'
import type { Facts } from '../ecl/facts.js'
import type { Relationships, Triples, Valued } from '../relationships.js'
import {
  type Attribute,
  conceptsOf,
  type Expression,
  NoExpression,
  parseExpression,
  type Value,
  written,
} from './parse.js'

/** An expression whose concepts all exist. */
export interface Resolved {
  readonly expression: Expression
  readonly concepts: ReadonlyMap<string, Row>
  /** Without terms and white space, and in an order of its own: alike for two that are written differently. */
  readonly normal: string
  /** With the terms of the release. */
  readonly display: string
}

/** @throws NoExpression  why it is none: its grammar, or a concept that does not exist */
export async function resolve(
  code: string,
  find: (ids: readonly string[]) => Promise<ReadonlyMap<string, Row>>,
): Promise<Resolved> {
  const expression = parseExpression(code)
  const ids = [...conceptsOf(expression)]
  const concepts = await find(ids)
  const missing = ids.find((id) => !concepts.has(id))
  if (missing) throw new NoExpression(code, `Concept ${missing} not found`)
  return {
    expression,
    concepts,
    normal: written(ordered(expression), () => undefined),
    display: written(expression, (id) => concepts.get(id)!.display),
  }
}

function ordered({ status, focus, groups }: Expression): Expression {
  const [loose = [], ...others] = groups.map((group) => orderedBy(group.map(orderedAttribute), attributeText))
  const named = orderedBy(others, (group) => group.map(attributeText).join())
  return { ...(status === '<<<' && { status }), focus: [...focus].sort(), groups: [loose, ...named] }
}

const orderedAttribute = ({ name, value }: Attribute): Attribute => ({
  name,
  value: value.kind === 'expression' ? { kind: 'expression', of: ordered(value.of) } : value,
})

const attributeText = (attribute: Attribute) => written({ focus: [], groups: [[attribute]] }, () => undefined)

const orderedBy = <T>(all: readonly T[], text: (one: T) => string): T[] =>
  [...all].sort((a, b) => (text(a) < text(b) ? -1 : 1))

/** The concept that an expression is said to be a kind of by its value: of an expression its first focus. */
export const conceptOf = (value: Value): string | undefined => {
  if (value.kind === 'concrete') return undefined
  return value.kind === 'concept' ? value.id : value.of.focus[0]
}

/** The number under which an expression has its attributes: there is nothing else in its facts. */
export const ITSELF = Ordinals.range(0, 1)

/** Groups of the concepts that an expression refines lie behind its own. */
const INHERITED = 1000

/** What an expression has by itself, and by the concepts that it refines where it does not say more. */
export class ExpressionFacts implements Facts {
  private readonly focus: Ordinals

  constructor(
    private readonly resolved: Resolved,
    private readonly relationships: Relationships,
  ) {
    this.focus = Ordinals.of(resolved.expression.focus.map((id) => resolved.concepts.get(id)!.ordinal))
  }

  async types(): Promise<readonly string[]> {
    const own = this.resolved.expression.groups.flat().map(({ name }) => name)
    return [...new Set([...own, ...(await this.relationships.types())])]
  }

  async ofType(type: string): Promise<Triples> {
    const found: number[] = []
    const own: Row[] = []
    for (const [group, attributes] of this.resolved.expression.groups.entries())
      for (const { name, value } of attributes) {
        const concept = name === type ? this.resolved.concepts.get(conceptOf(value) ?? '') : undefined
        if (!concept) continue
        own.push(concept)
        found.push(0, group, concept.ordinal)
      }
    const inherited = await this.relationships.ofType(type)
    for (let i = 0; i < inherited.length; i += 3) {
      const target = inherited[i + 2]!
      if (!this.focus.has(inherited[i]!) || own.some(({ ordinal }) => ordinal === target)) continue
      if (await this.isRefined(target, own)) continue
      const group = inherited[i + 1]!
      found.push(0, group && group + INHERITED, target)
    }
    return Int32Array.from(found)
  }

  async valuesOf(types: readonly string[]): Promise<readonly Valued[]> {
    const found: Valued[] = []
    for (const [group, attributes] of this.resolved.expression.groups.entries())
      for (const { name, value } of attributes)
        if (value.kind === 'concrete' && types.includes(name))
          found.push({ type: name, source: 0, group, value: value.value })
    const inherited = await this.relationships.valuesOf(types)
    return [...found, ...inherited.filter(({ source }) => this.focus.has(source)).map((one) => ({ ...one, source: 0 }))]
  }

  /** An attribute of the concept says nothing that one of the expression's own does not say more exactly. */
  private async isRefined(target: number, own: readonly Row[]): Promise<boolean> {
    if (own.length === 0) return false
    const above = await this.relationships.above(Ordinals.of(own.map(({ ordinal }) => ordinal)))
    return above.has(target)
  }
}

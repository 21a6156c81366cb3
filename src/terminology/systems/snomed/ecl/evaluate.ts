import { sql } from '../../../../db/sql.js'
import { Ordinals } from '../../../stored/ordinals.js'
import type { StoredCodeSystem } from '../../../stored/stored.js'
import { partOf } from '../../../stored/tables.js'
import { id } from '../ids.js'
import type { Relationships } from '../relationships.js'
import type { ConceptFilter, ConceptReference, Constraint, HierarchyOperator, MemberOf } from './ast.js'
import { described } from './descriptions.js'
import { membersOf, replacedBy } from './members.js'
import { parseEcl } from './parse.js'
import { type Constraints, compare, refined, valuesOf } from './refine.js'
import { InvalidEcl } from './scanner.js'

const HISTORY = {
  min: [id.sameAs],
  mod: [id.sameAs, id.replacedBy, id.wasA, id.partiallyEquivalentTo],
} as const

/**
 * The concepts that satisfy an expression constraint, remembered as long as there is room.
 * @throws InvalidEcl (422)
 */
export const satisfying = (ecl: string, system: StoredCodeSystem, relationships: Relationships): Promise<Ordinals> =>
  system.rows.kept(`ecl|${ecl}`, () => new Evaluation(ecl, system, relationships).evaluate(parseEcl(ecl)))

/** What an expression constraint means in one version of SNOMED CT: sets of its concepts, by number. */
export class Evaluation implements Constraints {
  /** @param ecl  the whole text, for messages */
  constructor(
    private readonly ecl: string,
    private readonly system: StoredCodeSystem,
    readonly relationships: Relationships,
  ) {}

  get size(): number {
    return this.system.size
  }

  /**
   * Of active concepts, and those that are named, or that are members of what is named.
   * @param withInactive  `*` is inactive concepts, too: a filter comes that asks for them
   * @throws InvalidEcl  a concept does not exist (422)
   */
  async evaluate(constraint: Constraint, withInactive = false): Promise<Ordinals> {
    switch (constraint.kind) {
      case 'concept':
        return Ordinals.of([await this.number(constraint.id, constraint.at)])
      case 'any':
        return withInactive ? Ordinals.range(0, this.size) : this.active()
      case 'alternate':
        return this.alternate(constraint.scheme, constraint.code, constraint.at)
      case 'hierarchy':
        return this.hierarchy(constraint.operator, constraint.of)
      case 'memberOf':
        return this.members(constraint)
      case 'and':
      case 'or': {
        const parts = await Promise.all(constraint.of.map((one) => this.evaluate(one, withInactive)))
        return constraint.kind === 'or' ? Ordinals.union(parts) : parts.reduce((all, one) => all.and(one))
      }
      case 'minus': {
        const [from, less] = await Promise.all([
          this.evaluate(constraint.from, withInactive),
          this.evaluate(constraint.less, withInactive),
        ])
        return from.minus(less)
      }
      case 'refined':
        return refined(await this.evaluate(constraint.of, withInactive), constraint.by, this.relationships, this)
      case 'dotted': {
        const of = await this.evaluate(constraint.of)
        return valuesOf(of, await this.attributes(constraint.attribute), this.relationships)
      }
      case 'described':
        return described(await this.evaluate(constraint.of, withInactive), constraint.filters, this.system, this)
      case 'conceptFiltered':
        return this.filtered(constraint.of, constraint.filters, withInactive)
      case 'history': {
        const of = await this.evaluate(constraint.of, withInactive)
        return of.or(await replacedBy(of, await this.associations(constraint.associations), this.system))
      }
    }
  }

  /** Metadata that a subset left out is meant all the same where it is named. */
  async idsOf(constraint: Constraint): Promise<readonly string[]> {
    if (constraint.kind === 'concept') return [constraint.id]
    if (constraint.kind === 'or' && constraint.of.every((one) => one.kind === 'concept'))
      return constraint.of.map((one) => one.id)
    return this.system.rows.codesOf(await this.evaluate(constraint, true))
  }

  /** @throws InvalidEcl  an attribute is no concept, and no relationship has it (422) */
  async attributes(name: Constraint): Promise<readonly string[]> {
    if (name.kind === 'any') return this.relationships.types()
    if (name.kind === 'concept') await this.expect(name, () => this.relationships.types())
    return this.idsOf(name)
  }

  /** All of the release that is in use: what is below the root, and where a subset has none, what is active. */
  async active(): Promise<Ordinals> {
    const root = (await this.system.rows.withKeys([id.root])).get(id.root)
    if (root) return root.below
    return Ordinals.range(0, this.size).minus(await this.system.rows.withValue('inactive', ['true']))
  }

  /** A subset may lack the concept of what it uses. */
  private async expect({ id: concept, at }: ConceptReference, used: () => Promise<readonly string[]>): Promise<void> {
    const known = await this.system.numbers([concept])
    if (!known.has(concept) && !(await used()).includes(concept)) await this.number(concept, at)
  }

  private async number(concept: string, at: number): Promise<number> {
    const ordinal = (await this.system.numbers([concept])).get(concept)
    if (ordinal === undefined)
      throw new InvalidEcl(this.ecl, `Unknown SNOMED Concept Id: ${concept}, at character ${at + 1}`)
    return ordinal
  }

  private async hierarchy(operator: HierarchyOperator, of: Constraint): Promise<Ordinals> {
    const concepts = await this.evaluate(of)
    const { relationships } = this
    switch (operator) {
      case '<':
        return this.below(of, concepts)
      case '<<':
        return concepts.or(await this.below(of, concepts))
      case '<!':
        return relationships.children(concepts)
      case '<<!':
        return concepts.or(await relationships.children(concepts))
      case '>':
        return relationships.above(concepts)
      case '>>':
        return concepts.or(await relationships.above(concepts))
      case '>!':
        return relationships.parents(concepts)
      case '>>!':
        return concepts.or(await relationships.parents(concepts))
      case '!!>':
        return concepts.minus(await relationships.below(concepts))
      case '!!<':
        return concepts.minus(await relationships.above(concepts))
    }
  }

  /** Of one concept it is at hand. */
  private async below(of: Constraint, concepts: Ordinals): Promise<Ordinals> {
    if (of.kind !== 'concept') return this.relationships.below(concepts)
    const row = (await this.system.rows.withKeys([of.id])).get(of.id)!
    return row.below.minus(concepts)
  }

  private async members(constraint: MemberOf): Promise<Ordinals> {
    const { of } = constraint
    const refsets = of.kind === 'any' ? await this.refsets() : await this.idsOf(of)
    if (of.kind === 'concept') await this.expect(of, () => this.refsets())
    const found = await membersOf(constraint, refsets, this.system, this)
    if (found instanceof Ordinals) return found
    throw new InvalidEcl(this.ecl, `the members have no field ${found.unknown}, but ${found.known.join(', ')}`)
  }

  private async refsets(): Promise<readonly string[]> {
    const rows = await this.system.database.quick<{ id: string }>(
      sql`select id from ${partOf('snomed_refset', this.system.loaded.id)}`,
    )
    return rows.map((row) => row.id)
  }

  /** A scheme is named by the beginning of the term of its concept: `LOINC`. */
  private async alternate(alias: string, code: string, at: number): Promise<Ordinals> {
    const rows = await this.system.database.query<{ scheme: string }>(sql`
      select distinct split_part(value, '#', 1) as scheme from ${partOf('posting', this.system.loaded.id)}
      where property = 'alternate' and value <> ''`)
    const concepts = await this.system.locate(rows.map(({ scheme }) => scheme))
    const scheme = [...concepts.values()].find(({ display = '', designations }) =>
      [display, ...designations.map(({ value }) => value)].some((term) =>
        term.toLowerCase().startsWith(alias.toLowerCase()),
      ),
    )
    if (!scheme) throw new InvalidEcl(this.ecl, `the scheme ${alias} is not known here, at character ${at + 1}`)
    return this.system.rows.withValue('alternate', [`${scheme.code}#${code}`])
  }

  private async associations(asked: 'min' | 'mod' | 'max' | Constraint): Promise<readonly string[]> {
    if (asked === 'min' || asked === 'mod') return HISTORY[asked]
    if (asked !== 'max' && asked.kind !== 'any') return this.idsOf(asked)
    const group = (await this.system.rows.withKeys([id.historicalAssociation])).get(id.historicalAssociation)
    return group ? this.system.rows.codesOf(group.below) : [...HISTORY.mod, id.possiblyEquivalentTo, id.alternative]
  }

  private async filtered(of: Constraint, filters: readonly ConceptFilter[], withInactive: boolean): Promise<Ordinals> {
    const asksForInactive = filters.some(({ kind }) => kind === 'active')
    let found = await this.evaluate(of, withInactive || asksForInactive)
    for (const filter of filters) {
      const passed = await this.passing(filter)
      const isOpposite = filter.operator === '!=' && filter.kind !== 'effectiveTime'
      found = isOpposite ? found.minus(passed) : found.and(passed)
    }
    return found
  }

  /** Concepts of which it is true; `!=` is seen to by who asks, but for times. */
  private async passing(filter: ConceptFilter): Promise<Ordinals> {
    const { rows } = this.system
    switch (filter.kind) {
      case 'definitionStatusId':
        return rows.withValue('definitionStatus', await this.idsOf(filter.value))
      case 'moduleId':
        return rows.withValue('module', await this.idsOf(filter.value))
      case 'active': {
        const everything = Ordinals.range(0, this.size)
        if (filter.value === 'either') return everything
        const inactive = await rows.withValue('inactive', ['true'])
        return filter.value ? everything.minus(inactive) : inactive
      }
      case 'effectiveTime': {
        const dates = await this.dates()
        const { operator, values } = filter
        const fits = (date: string) => {
          const digits = date.replaceAll('-', '')
          return operator === '!='
            ? values.every((value) => digits !== value)
            : values.some((value) => compare(digits, operator, value))
        }
        return rows.withValue('effectiveTime', dates.filter(fits))
      }
    }
  }

  private async dates(): Promise<readonly string[]> {
    const rows = await this.system.database.query<{ value: string }>(sql`
      select value from ${partOf('posting', this.system.loaded.id)} where property = 'effectiveTime' and value <> ''`)
    return rows.map(({ value }) => value)
  }
}

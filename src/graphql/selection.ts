import type { FieldNode, GraphQLError } from 'graphql'
import { Invalid } from '../base/errors.js'
import { resourceTypes } from '../fhir/definitions.js'
import type { Query } from './document.js'
import { ANY, fieldOf, graphqlName } from './fields.js'
import { type Below, conditionOf, type Part, type Plan, type Planned, Planner } from './plan.js'
import { problem, Refused } from './problem.js'

/**
 * What is selected below a field, or at the root. The same text means other fields on other types, and of a
 * reference only the resource tells the type, so it is planned for each type when that is met.
 */
export class Selection implements Below {
  private readonly plans = new Map<string, Plan>()
  private readonly checked = new Map<string, readonly GraphQLError[]>()

  /** @param made  of the query so far: the same text below several types is one selection, checked once for each */
  private constructor(
    private readonly query: Query,
    private readonly parts: readonly Part[],
    private readonly made: Map<string, Selection>,
  ) {}

  static ofRoot(query: Query): Selection {
    return new Selection(query, [{ set: query.operation.selectionSet }], new Map())
  }

  private below(parts: readonly Part[]): Selection {
    const places = parts.map(({ set }) => set.loc!.start).join()
    const selection = this.made.get(places) ?? new Selection(this.query, parts, this.made)
    this.made.set(places, selection)
    return selection
  }

  /**
   * @param type  never `Resource`: by now it is known
   * @throws Refused  the type does not have what is selected
   */
  on(type: string): readonly Planned[] {
    const { planned, problems } = this.plan(type)
    if (problems.length > 0) throw new Refused(problems)
    return planned
  }

  /** All that is wrong with it, and below it, for a type; of `Resource`, that no type of resource could have it. */
  check(type: string): readonly GraphQLError[] {
    let problems = this.checked.get(type)
    if (!problems) {
      problems = type === ANY ? this.checkAny() : [...this.impossible(type), ...this.checkOn(type)]
      this.checked.set(type, problems)
    }
    return problems
  }

  /** Fragments for what this type never is. */
  private impossible(type: string): readonly GraphQLError[] {
    return this.plan(type).others.map(({ node }) => {
      const reason = new Invalid(`A ${graphqlName(type)} is never a ${conditionOf(node, this.query)}`)
      return problem(reason, [node])
    })
  }

  private checkOn(type: string): readonly GraphQLError[] {
    const { planned, omitted, problems } = this.plan(type)
    return [...problems, ...[...planned, ...omitted].flatMap(({ below, field }) => below?.check(field.type) ?? [])]
  }

  /** Fragments are for their types; what is selected beside them has to be had by one type at least. */
  private checkAny(): readonly GraphQLError[] {
    const { others, fields, problems } = this.plan(ANY)
    const inFragments = others.flatMap(({ set, condition }) => this.below([{ set }]).check(condition))
    if (problems.length === 0) return [...inFragments, ...this.checkOn(ANY)]
    const suitable = this.types().filter((type) => fields.every(({ name }) => fieldOf(type, name.value)))
    if (suitable.length === 0) return [...inFragments, ...this.unsuitable(fields)]
    let least: readonly GraphQLError[] | undefined
    for (const type of suitable) {
      const found = this.checkOn(type)
      if (found.length === 0) return inFragments
      if (!least || found.length < least.length) least = found
    }
    return [...inFragments, ...least!]
  }

  /** Why no type has all of these fields. */
  private unsuitable(fields: readonly FieldNode[]): readonly GraphQLError[] {
    const types = this.types()
    const only = types.length === 1 ? graphqlName(types[0]!) : 'No resource type'
    const nowhere = fields.filter(({ name }) => !types.some((type) => fieldOf(type, name.value)))
    if (nowhere.length > 0) {
      const has = types.length === 1 ? 'has no' : 'has a'
      return nowhere.map((node) => problem(new Invalid(`${only} ${has} field ${node.name.value}`), [node]))
    }
    const names = fields.map(({ name }) => name.value).join(', ')
    return [problem(new Invalid(`No resource type has all of ${names}: ask for them in fragments`), fields)]
  }

  /** Those that it can turn out to be for. */
  private types(): readonly string[] {
    const all = this.parts.map(({ types }) => types)
    return all.includes(undefined) ? resourceTypes : [...new Set(all.flatMap((types) => [...types!]))]
  }

  private plan(type: string): Plan {
    let plan = this.plans.get(type)
    if (!plan) {
      plan = new Planner(this.query, type, (parts) => this.below(parts)).plan(this.parts)
      this.plans.set(type, plan)
    }
    return plan
  }
}

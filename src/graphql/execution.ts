import { FhirError } from '../base/errors.js'
import type { Core } from '../rest/core.js'
import type { Exchange } from '../rest/exchange.js'
import type { Connection } from './connection.js'
import type { Query } from './document.js'
import { ANY, graphqlName, QUERY } from './fields.js'
import { containedOf, follow, unresolved } from './following.js'
import { introspect } from './introspection.js'
import { Budget } from './limits.js'
import { type Around, type Json, navigate, sliceName } from './navigation.js'
import { Output } from './output.js'
import type { Below, Planned } from './plan.js'
import { NotServed, NotThere, placed, placedNow, Refused } from './problem.js'
import { type Address, Resources } from './resources.js'
import { Searches } from './searches.js'
import { Selection } from './selection.js'

/** Where the fields of an object go, and what flattening above it means for their names and their number. */
interface Place {
  readonly output: Output
  /** A list is flattened: each value may be one of several. */
  readonly repeats: boolean
  /** What slices above add to every name. */
  readonly suffix: string
  /** The resource that the object is a part of. */
  readonly resource: Json
  /** The same, or what contains it. */
  readonly container: Json
}

/** What has to be read before a field has values. */
type Wanted = { readonly address: Address; readonly optional: boolean } | { readonly parent: Address | undefined }
type Waiting = Wanted & { readonly planned: Planned; readonly place: Place }

/**
 * Executes a query, level by level: what the fields of one level refer to is read together, in one statement, before
 * the next level is looked at.
 *
 * @param root  the resource that the query is about; undefined at system level
 * @throws Refused  R4 wants an error in place of a part of the graph
 */
export async function execute(core: Core, exchange: Exchange, query: Query, root?: Json): Promise<Output> {
  const type = root ? String(root.resourceType) : QUERY
  const selection = Selection.ofRoot(query)
  const problems = selection.check(type)
  if (problems.length > 0) throw new Refused(problems)
  return new Execution(core, exchange, query).run(root ?? {}, type, selection)
}

class Execution {
  private waiting: Waiting[] = []
  private readonly budget: Budget
  private readonly resources: Resources
  private readonly searches: Searches

  constructor(
    private readonly core: Core,
    private readonly exchange: Exchange,
    private readonly query: Query,
  ) {
    this.budget = new Budget(core.config)
    this.resources = new Resources(core, exchange.ctx, this.budget)
    this.searches = new Searches(core, exchange, query.parameters, this.budget)
  }

  async run(root: Json, type: string, selection: Selection): Promise<Output> {
    const output = new Output()
    this.object(root, type, selection, { output, repeats: false, suffix: '', resource: root, container: root })
    while (this.waiting.length > 0) {
      const wave = this.waiting
      this.waiting = []
      await this.settle(wave)
    }
    return output
  }

  // ── One level ────────────────────────────────────────────────────────────────────────────────────────────────────

  private object(source: Json, type: string, selection: Below, place: Place): void {
    for (const planned of selection.on(type)) {
      const path = () => pathOf(planned, place)
      placedNow(planned.nodes, path, () => {
        const reached = this.reach(planned, source, type, place)
        if (isValues(reached)) this.put(planned, reached, place)
        else {
          if (isNamed(planned)) this.reserve(planned, place)
          this.waiting.push({ ...reached, planned, place })
        }
      })
    }
  }

  /** The values of a field, or what has to be read for them. */
  private reach(planned: Planned, source: Json, type: string, place: Place): readonly unknown[] | Wanted {
    const { field, nodes } = planned
    switch (field.kind) {
      case 'typename':
        return [graphqlName(type)]
      case 'introspection':
        if (this.core.config.graphqlIntrospection === 'off')
          throw new NotServed('The schema is not shown by this server (INGLE_GRAPHQL_INTROSPECTION)')
        return [introspect(this.query, planned.key, nodes)]
      case 'element':
        return this.elements(planned, source[field.name], place)
      case 'resource':
        return this.reference(planned, source, place)
      case 'read':
        return { address: { type: field.type, id: planned.id! }, optional: false }
      default:
        if (type === QUERY) return { parent: undefined }
        // What is contained has no address that anything could refer to.
        if (place.resource !== place.container || source.id === undefined) return []
        return { parent: { type, id: String(source.id) } }
    }
  }

  private reference({ following }: Planned, source: Json, { container }: Place): readonly unknown[] | Wanted {
    // Flattened out of nothing.
    if (Object.keys(source).length === 0) return []
    const followed = follow(source, following!, container, this.exchange.base)
    if ('address' in followed) return followed
    if (!followed.found) return []
    this.budget.read(1)
    return [followed.found]
  }

  private elements(planned: Planned, value: unknown, place: Place): readonly unknown[] {
    const items = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]
    const { navigation } = planned
    return navigation ? navigate(items, navigation, this.around(planned, place)) : items
  }

  private around({ field }: Planned, { resource }: Place): Around {
    return { resource, limits: this.budget.fhirpath, ...(field.type !== ANY && { type: field.type }) }
  }

  // ── Into the answer ──────────────────────────────────────────────────────────────────────────────────────────────

  /** The values of a field, each where directives want it. */
  private put(planned: Planned, values: readonly unknown[], place: Place): void {
    const { field, flatten, first, slice } = planned
    const wanted = first ? values.filter((value) => value !== null).slice(0, 1) : values
    if (isNamed(planned)) this.reserve(planned, place)
    // Where nothing is flattened, its fields are there without values.
    const nothing = flatten && wanted.length === 0 && slice === undefined && field.type !== ANY
    for (const [i, value] of (nothing ? [{}] : wanted).entries()) {
      const suffix = slice === undefined ? '' : `.${sliceName(value, i, slice, this.around(planned, place))}`
      this.putOne(planned, value, i, { ...place, suffix: place.suffix + suffix })
    }
  }

  /** @param place  whose suffix is that of this value */
  private putOne(planned: Planned, value: unknown, index: number, place: Place): void {
    const { key, field, flatten, slice } = planned
    if (flatten) {
      this.below(planned, value, { ...place, repeats: isList(planned, place) })
      return
    }
    if (slice !== undefined) this.reserve(planned, place)
    const { output, suffix } = place
    const name = key + suffix
    if (value === null || !planned.below) {
      output.add(name, value, planned)
      return
    }
    const inner = new Output([...output.path, name, ...(field.list ? [index] : [])])
    output.add(name, inner, planned)
    this.below(planned, value, { ...place, output: inner, repeats: false, suffix: '' })
  }

  private below({ field, below }: Planned, value: unknown, place: Place): void {
    const source = (value ?? {}) as Json
    const type = field.type === ANY ? String(source.resourceType) : field.type
    if (source.resourceType === undefined) {
      this.object(source, type, below!, place)
      return
    }
    const container = containedOf(place.container).includes(source) ? place.container : source
    this.object(source, type, below!, { ...place, resource: source, container })
  }

  /** The name takes its place in the answer, whenever its values come. */
  private reserve(planned: Planned, place: Place): void {
    place.output.slot(planned.key + place.suffix, planned, isList(planned, place))
  }

  // ── Between two levels ───────────────────────────────────────────────────────────────────────────────────────────

  private async settle(wave: readonly Waiting[]): Promise<void> {
    await this.readAll(wave.filter((one) => 'address' in one))
    const found = await this.search(wave)
    for (const one of wave) {
      const { planned, place } = one
      const path = () => pathOf(planned, place)
      placedNow(planned.nodes, path, () => {
        const values = 'address' in one ? this.read(one) : found.get(one)!
        const pages =
          planned.field.kind === 'connection' ? (values as Connection[]).flatMap(({ edges }) => edges) : values
        this.budget.read(pages.length)
        this.put(planned, values, place)
      })
    }
  }

  private async readAll(wave: readonly (Waiting & { address: Address })[]): Promise<void> {
    const [first] = wave
    if (!first) return
    await placed(first.planned.nodes, pathOf(first.planned, first.place), () =>
      this.resources.read(wave.map(({ address }) => address)),
    )
  }

  private read({ address, optional, planned }: Waiting & { address: Address; optional: boolean }): readonly Json[] {
    const found = this.resources.get(address)
    if (found && !(found instanceof FhirError)) return [found]
    if (optional) return []
    if (found) throw found
    const why = `${address.type}/${address.id} is not known`
    throw planned.following ? unresolved(why) : new NotThere(why)
  }

  /** Searches that differ only in what their matches refer to are made together, as far as that is possible. */
  private async search(wave: readonly Waiting[]): Promise<ReadonlyMap<Waiting, readonly Json[]>> {
    const alike = new Map<Planned, (Waiting & { parent: Address | undefined })[]>()
    for (const one of wave) {
      if (!('parent' in one)) continue
      const those = alike.get(one.planned)
      if (those) those.push(one)
      else alike.set(one.planned, [one])
    }
    const found = new Map<Waiting, readonly Json[]>()
    for (const [planned, those] of alike) {
      await placed(planned.nodes, pathOf(planned, those[0]!.place), async () => {
        const resultsOf = await this.searches.of(
          planned,
          those.map(({ parent }) => parent),
        )
        for (const one of those) found.set(one, resultsOf(one.parent))
      })
    }
    return found
  }
}

const isValues = (reached: readonly unknown[] | Wanted): reached is readonly unknown[] => Array.isArray(reached)

/** It stands under one name, its own. */
const isNamed = ({ flatten, slice }: Planned): boolean => !flatten && slice === undefined

/** Whether several values may come under the name: of a list, or since a list above is flattened. */
const isList = ({ field, first }: Planned, { repeats }: Place): boolean => repeats || (field.list && !first)

const pathOf = ({ key }: Planned, { output, suffix }: Place) => [...output.path, key + suffix]

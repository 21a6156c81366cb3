import type { Bundle } from '@medplum/fhirtypes'
import { Invalid, TooCostly } from '../base/errors.js'
import { parseJson } from '../fhir/json.js'
import type { Core } from '../rest/core.js'
import type { Exchange } from '../rest/exchange.js'
import { authorizeTypes } from '../rest/scopes.js'
import { queryText, search } from '../rest/search.js'
import { keyOf } from '../search/hash.js'
import type { Parameters } from '../search/parameters.js'
import type { Pair } from '../search/query.js'
import { targetOf } from '../search/types/reference.js'
import type { Searching } from './arguments.js'
import { type Connection, connectionOf, cursorOf, firstPage, pageAt, resourcesOf } from './connection.js'
import { searchedType } from './fields.js'
import type { Budget } from './limits.js'
import { type Json, matchingResources } from './navigation.js'
import type { Planned } from './plan.js'
import type { Address } from './resources.js'

/** What a search is about: the resource that matches refer to; undefined at the root. */
type Parent = Address | undefined

const referenceTo = ({ type, id }: Address) => `${type}/${id}`
const countOf = (pairs: readonly Pair[]) => pairs.find(([name]) => name === '_count')?.[1]

/** Whether the lists of several parents can be read together: not when each has a stretch of its own. */
const canJoin = ({ pairs }: Searching) => !pairs.some(([name]) => name === '_count' || name === '_offset')

/** The searches of one query: each is a search of the REST API, with its rules, limits and scopes. */
export class Searches {
  constructor(
    private readonly core: Core,
    /** what asked for the query */
    private readonly exchange: Exchange,
    private readonly parameters: Parameters,
    private readonly budget: Budget,
  ) {}

  /** What a field finds, for each of the resources that its matches have to refer to. */
  async of(planned: Planned, parents: Iterable<Parent>): Promise<(parent: Parent) => readonly Json[]> {
    // The same resource may be met several times.
    const named = new Map([...parents].map((parent) => [parent && referenceTo(parent), parent]))
    const several = [...named.values()].flatMap((parent) => parent ?? [])
    const { field, searching } = planned
    const isJoint = field.kind === 'list' && several.length > 1 && canJoin(searching!)
    const found = new Map<string | undefined, readonly Json[]>(
      isJoint ? await this.lists(field.type, searching!, several) : [],
    )
    if (!isJoint) for (const [name, parent] of named) found.set(name, await this.one(planned, parent))
    return (parent) => found.get(parent && referenceTo(parent))!
  }

  private async one({ field, searching, below }: Planned, parent: Parent): Promise<readonly Json[]> {
    if (field.kind === 'list') return this.list(field.type, searching!, parent)
    // Counting all matches costs, and is done for who asks.
    const counted = below!.on(field.type).some((one) => one.field.name === 'count')
    return [await this.connection(searchedType(field), searching!, counted, parent)]
  }

  /**
   * All matches, or as many as `_count` asks for: a list has nothing that could say that it goes on.
   * @throws TooCostly  there are more than a page may have, and `_count` does not say that fewer will do
   * @see https://hl7.org/fhir/R4/graphql.html#searching
   */
  private async list(type: string, asked: Searching, parent: Parent): Promise<readonly Json[]> {
    const { maxCount } = this.core.config
    const pairs = criteria(asked, parent ? [parent] : [])
    const count = countOf(pairs)
    if (Number(count) > maxCount) throw new Invalid(`_count is at most ${maxCount} (INGLE_MAX_COUNT)`)
    const page = await this.page(type, count === undefined ? [...pairs, ['_count', String(maxCount)]] : pairs)
    if (count === undefined && cursorOf(page, 'next') !== undefined) throw this.tooMany(type)
    return filtered(resourcesOf(page), asked, this.budget)
  }

  /**
   * As `list`, for several parents at once.
   * @returns by parent, as `Patient/1`
   */
  private async lists(
    type: string,
    asked: Searching,
    parents: readonly Address[],
  ): Promise<ReadonlyMap<string, readonly Json[]>> {
    const { maxCount } = this.core.config
    const { tenant } = this.exchange.ctx
    const names = new Map(parents.map((parent) => [keyOf(tenant, parent.type, parent.id), referenceTo(parent)]))
    const lists = new Map([...names.values()].map((name): [string, Json[]] => [name, []]))
    let page = await this.page(type, [...criteria(asked, parents), ['_count', String(maxCount)]])
    for (let found = 0; ; ) {
      for (const resource of resourcesOf(page)) {
        const keys = this.targets(type, asked.reference!, resource)
        for (const name of new Set(keys.flatMap((key) => names.get(key) ?? []))) {
          if (lists.get(name)!.push(resource) > maxCount) throw this.tooMany(type)
          found++
        }
      }
      this.budget.foresee(found)
      const next = cursorOf(page, 'next')
      if (next === undefined) break
      page = await this.page(type, [['_cursor', next]])
    }
    return new Map([...lists].map(([name, list]) => [name, filtered(list, asked, this.budget)]))
  }

  /** @param counted  how many match in all has to be known */
  private async connection(type: string, asked: Searching, counted: boolean, parent: Parent): Promise<Connection> {
    const { cursors } = this.core.store
    const at =
      asked.cursor === undefined
        ? firstPage(criteria(asked, parent ? [parent] : []), asked.fhirpath)
        : pageAt(cursors, type, asked.cursor)
    const { maxCount, defaultCount } = this.core.config
    const query: readonly Pair[] = at.position === undefined ? at.pairs : [['_cursor', at.position]]
    const page = await this.page(type, query)
    if (counted && page.total === undefined)
      page.total = (await this.page(type, [...at.pairs, ['_summary', 'count']])).total
    const pagesize = Math.min(Number(countOf(at.pairs) ?? defaultCount), maxCount)
    return connectionOf(page, type, at, { pagesize, cursors, fhirpath: this.budget.fhirpath })
  }

  private async page(type: string, pairs: readonly Pair[]): Promise<Bundle> {
    this.budget.search()
    const { ctx, base, parameters } = this.exchange
    authorizeTypes(ctx.principal, [type])
    const { body } = await search(this.core, {
      ctx,
      base,
      parameters,
      method: 'GET',
      path: [type],
      query: queryText(pairs).slice(1),
      prefer: { handling: 'strict' },
    })
    return parseJson(body!) as Bundle
  }

  /** Keys of what a resource refers to by a search parameter. */
  private targets(type: string, code: string, resource: Json): bigint[] {
    const keys: bigint[] = []
    for (const path of this.parameters.of(type).get(code)!.paths) {
      path.each(resource, (value, valueType) => {
        const text = valueType === 'Reference' ? (value as { reference?: string }).reference : undefined
        const target = text === undefined ? undefined : targetOf(this.exchange.ctx.tenant, text)
        if (target) keys.push(target.key)
      })
    }
    return keys
  }

  private tooMany(type: string): TooCostly {
    const most = this.core.config.maxCount
    return new TooCostly(
      `More than ${most} ${type} resources match (INGLE_MAX_COUNT); narrow the search, give a _count or ask for a ${type}Connection`,
    )
  }
}

/** What is asked of matches, and that they refer to one of these. */
function criteria({ pairs, reference }: Searching, parents: readonly Address[]): Pair[] {
  if (reference === undefined || parents.length === 0) return [...pairs]
  return [...pairs, [reference, parents.map(referenceTo).join(',')]]
}

const filtered = (resources: readonly Json[], { fhirpath }: Searching, budget: Budget): readonly Json[] =>
  fhirpath === undefined ? resources : matchingResources(resources, fhirpath, budget.fhirpath)

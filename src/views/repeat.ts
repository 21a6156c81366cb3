import { join, raw, type Sql, sql } from '../db/sql.js'
import { isResourceType, resourceTypes } from '../fhir/definitions.js'
import { membersOf } from '../fhir/members.js'
import { type Expression, parse } from '../fhir/path/parse.js'
import { asJson, type Collection, isThere, nothing, ordered, rows, spread } from './collection.js'
import type { Path } from './definition.js'
import { compile } from './expression.js'
import type { Scope } from './scope.js'
import { NoElement, Unfit } from './unfit.js'
import { within } from './within.js'

/**
 * All that is reached by going the paths again and again, each value before what is below it.
 * Values of several types may be met on the way (`item`, `answer.item`): a path that one of them has not ends there.
 */
export function repeated(paths: readonly Path[], scope: Scope): Collection {
  for (const path of paths) within(path, 'repeat', () => checkDescends(path.path))
  const types = typesOf(paths, scope)
  const node = scope.aliases.next()
  const alias = scope.aliases.next()
  const names = types.map((_, i) => raw(`v${i}`))
  const columns = join([...names, raw('p')], ', ')
  const first = paths.map((path, k) => found(path, k, scope, types, raw(`'{}'::int[]`)))
  const next = types.flatMap((type, i) => {
    const below = at(type, sql`${node}.${names[i]!}`, scope)
    return paths.map((path, k) => found(path, k, below, types, sql`${node}.p`))
  })
  if (types.length === 0) return nothing
  return {
    from: [
      sql`lateral (with recursive ${node}(${columns}) as ((${join(first, ' union all ')}) union all
        select c.* from ${node}, lateral (${join(next, ' union all ')}) c) select ${columns} from ${node} order by p) ${alias}`,
    ],
    where: [],
    order: [sql`${alias}.p`],
    many: true,
    branches: types.map((type, i) => ({ type, form: 'json', base: sql`${alias}.${names[i]!}`, steps: [] })),
  }
}

function at(type: string, base: Sql, scope: Scope): Scope {
  const item: Collection = { ...nothing, branches: [{ type, form: 'json', base, steps: [] }] }
  return { ...scope, item, context: item }
}

/** What a path leads to, each with its place: the places on the way and, per path, its own. */
function found(path: Path, k: number, scope: Scope, types: readonly string[], before: Sql): Sql {
  const all = spread(children(path, scope), scope.aliases)
  const values = types.map((type) => {
    const of = all.branches.filter((branch) => branch.type === type)
    return of.length ? sql`coalesce(${join(of.map(asJson), ', ')})` : raw('null::jsonb')
  })
  const place = sql`${before} || array[${raw(String(k))}, (row_number() over (${ordered(all)}))::int] as p`
  return sql`select ${join([...values, place], ', ')} ${rows(all, isThere(all))}`
}

function children(path: Path, scope: Scope): Collection {
  return within(path, 'repeat', () => {
    try {
      return compile(path.path, scope)
    } catch (cause) {
      if (cause instanceof NoElement && isAnywhere(cause.element)) return nothing
      throw cause
    }
  })
}

/** The types of all that the paths lead to, from here and from there on. */
function typesOf(paths: readonly Path[], scope: Scope): string[] {
  const types = new Set<string>()
  const visit = (from: Scope) => {
    for (const path of paths) for (const { type } of children(path, from).branches) types.add(type)
  }
  visit(scope)
  // A set that grows while it is gone through is gone through to its end.
  for (const type of types) visit(at(type, raw('null::jsonb'), scope))
  return [...types]
}

/** A path that does not go down into the value would be gone for ever. */
function checkDescends(path: string): void {
  const way = wayOf(parse(path))
  if (way !== 'down') throw new Unfit('cannot be repeated: it does not lead from a value to what is in it')
}

type Way = 'stays' | 'down' | 'away'

const KEEPING = new Set(['where', 'first', 'last', 'tail', 'skip', 'take', 'single', 'ofType', 'as', 'distinct'])

function wayOf(expression: Expression | undefined): Way {
  switch (expression?.is) {
    case undefined:
      return 'stays'
    case 'member': {
      const before = wayOf(expression.of)
      return before === 'stays' && !(expression.of === undefined && isResourceType(expression.name)) ? 'down' : before
    }
    case 'call': {
      const before = wayOf(expression.of)
      if (KEEPING.has(expression.name)) return before
      return expression.name === 'extension' && before === 'stays'
        ? 'down'
        : expression.name === 'extension'
          ? before
          : 'away'
    }
    case 'index':
      return wayOf(expression.of)
    case 'iteration':
      return expression.name === 'this' ? 'stays' : 'away'
    case 'operation': {
      const left = wayOf(expression.left)
      if (expression.operator === 'as') return left
      return expression.operator === '|' && wayOf(expression.right) === left ? left : 'away'
    }
    default:
      return 'away'
  }
}

let everyName: Set<string> | undefined

/** Whether any type of R4 has an element of this name. */
function isAnywhere(name: string): boolean {
  if (!everyName) {
    everyName = new Set()
    const types = new Set(resourceTypes)
    for (const type of types) {
      for (const { element, type: below } of membersOf(type).values()) {
        everyName.add(element.name)
        types.add(below)
      }
    }
  }
  return everyName.has(name)
}

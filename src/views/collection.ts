import { and, join, or, raw, type Sql, sql } from '../db/sql.js'
import { familyOf } from './types.js'

/** How SQL holds a value: as jsonb, or as text, numeric or boolean once it was computed. */
export type Form = 'json' | 'text' | 'number' | 'boolean'

/** One property on the way from a value into its parts. */
export interface Step {
  readonly name: string
  readonly array: boolean
}

/** The values of a collection that have one type; null in the rows whose value is of another. */
export interface Branch {
  /** FHIR type: `Quantity`, `dateTime`, `Patient.contact` */
  readonly type: string
  readonly form: Form
  readonly base: Sql
  /** What is left to go from `base`: not done until it is known what is asked, as there is often a short cut. */
  readonly steps: readonly Step[]
  /** Of a primitive: its id and extensions, which JSON keeps beside it. https://hl7.org/fhir/R4/json.html#primitive */
  readonly beside?: Branch
}

/**
 * What a FHIRPath expression evaluates to, as SQL: rows of a FROM clause, in each of which one branch at most has a
 * value. Without FROM there is one row. A value that is null is not there: SQL's null is FHIRPath's empty collection.
 */
export interface Collection {
  readonly from: readonly Sql[]
  readonly where: readonly Sql[]
  /** What its rows are in the order of. */
  readonly order: readonly Sql[]
  /** More than one row is possible. */
  readonly many: boolean
  readonly branches: readonly Branch[]
}

/** Fresh names for what a statement joins. */
export class Aliases {
  private count = 0
  next(): Sql {
    return raw(`t${++this.count}`)
  }
}

export const nothing: Collection = { from: [], where: [], order: [], many: false, branches: [] }

/** One value, or none where it is null. */
export function scalar(type: string, form: Form, base: Sql): Collection {
  return { ...nothing, branches: [{ type, form, base, steps: [] }] }
}
export const boolean = (base: Sql): Collection => scalar('boolean', 'boolean', base)
export const text = (base: Sql, type = 'string'): Collection => scalar(type, 'text', base)
export const number = (base: Sql, type = 'decimal'): Collection => scalar(type, 'number', base)

const repeats = ({ steps }: Branch) => steps.some(({ array }) => array)

export const isSingle = ({ many, branches }: Collection): boolean => !many && !branches.some(repeats)

/** jsonpath of what is left to go. Names come from the definitions of R4, never from a view. */
function pathOf({ type, steps }: Branch): Sql {
  const path = steps.map(({ name, array }) => `."${name}"${array ? '[*]' : ''}`).join('')
  // `given: [null, "Ann"]`: null only keeps the place of an extension.
  const filter = steps.at(-1)?.array && familyOf(type) !== 'complex' ? ' ? (@ != null)' : ''
  return raw(`'$${path}${filter}'`)
}

// Forms of one value, of a branch that does not repeat.

function member(base: Sql, steps: readonly Step[], last: '->' | '->>'): Sql {
  return steps.reduce(
    (from, { name }, i) => sql`${from}${raw(`${i === steps.length - 1 ? last : '->'}'${name}'`)}`,
    sql`(${base})`,
  )
}

export function asJson({ form, base, steps }: Branch): Sql {
  if (steps.length > 0) return sql`(${member(base, steps, '->')})`
  return form === 'json' ? base : sql`to_jsonb(${base})`
}

export function asText({ form, base, steps }: Branch): Sql {
  if (steps.length > 0) return sql`(${member(base, steps, '->>')})`
  if (form === 'text') return base
  return form === 'json' ? sql`(${base} #>> '{}')` : sql`(${base})::text`
}

export function asNumber(branch: Branch): Sql {
  return branch.form === 'number' ? branch.base : sql`(${asJson(branch)})::numeric`
}

export function asBoolean(branch: Branch): Sql {
  return branch.form === 'boolean' ? branch.base : sql`(${asJson(branch)})::boolean`
}

/** The branch that has a value, in one form. */
export function value({ branches }: Collection, as: (branch: Branch) => Sql): Sql {
  if (branches.length === 0) return raw('null')
  if (branches.length === 1) return as(branches[0]!)
  return sql`coalesce(${join(branches.map(as), ', ')})`
}

/** The same with a row for each value: no branch repeats any more, and each type has one. */
export function spread(collection: Collection, aliases: Aliases): Collection {
  const { branches, from, order } = collection
  if (!branches.some(repeats)) return collection
  const alias = aliases.next()
  const [only] = branches
  if (branches.length === 1) {
    const rows = sql`jsonb_path_query(${only!.base}, ${pathOf(only!)}) with ordinality ${alias}(v, i)`
    const branch: Branch = { type: only!.type, form: 'json', base: sql`${alias}.v`, steps: [] }
    return { ...collection, from: [...from, rows], order: [...order, sql`${alias}.i`], many: true, branches: [branch] }
  }
  const types = [...new Set(branches.map(({ type }) => type))]
  const parts = branches.map((branch) => {
    const cells = types.map((type) => (type === branch.type ? raw('q.v') : raw('null::jsonb')))
    return sql`select ${join(cells, ', ')}, q.i from ${rowsOf(branch)}`
  })
  const columns = types.map((_, i) => raw(`v${i}`))
  return {
    ...collection,
    from: [...from, sql`lateral (${join(parts, ' union all ')}) ${alias}(${join(columns, ', ')}, i)`],
    order: [...order, sql`${alias}.i`],
    many: true,
    branches: types.map((type, i) => ({ type, form: 'json', base: sql`${alias}.${columns[i]!}`, steps: [] })),
  }
}

function rowsOf(branch: Branch): Sql {
  if (repeats(branch)) return sql`jsonb_path_query(${branch.base}, ${pathOf(branch)}) with ordinality q(v, i)`
  return sql`(select ${asJson(branch)}, 1) q(v, i) where q.v is not null`
}

/** The row has a value. */
export function isThere({ branches }: Collection): Sql {
  return branches.length === 0 ? raw('false') : or(branches.map((branch) => sql`${asAny(branch)} is not null`))
}

/** A branch in whatever form costs least. */
const asAny = (branch: Branch) => (branch.steps.length > 0 ? asJson(branch) : branch.base)

/** FROM and WHERE of a collection that was spread. */
export function rows({ from, where }: Collection, ...more: Sql[]): Sql {
  const conditions = [...where, ...more]
  return sql`${from.length ? sql`from ${join(from, ', ')}` : raw('')} ${conditions.length ? sql`where ${and(conditions)}` : raw('')}`
}

export const ordered = ({ order }: Collection): Sql => (order.length ? sql`order by ${join(order, ', ')}` : raw(''))

/** The one value as a scalar of SQL. Where there are several, PostgreSQL refuses the subquery (21000). */
export function single(collection: Collection, as: (branch: Branch) => Sql, aliases: Aliases): Sql {
  if (collection.from.length === 0 && isSingle(collection)) return value(collection, as)
  const all = spread(collection, aliases)
  return sql`(select ${value(all, as)} ${rows(all, isThere(all))})`
}

/** All values as a jsonb array, empty when there are none. */
export function array(collection: Collection, aliases: Aliases): Sql {
  const { branches, from } = collection
  const [only] = branches
  if (!only) return raw(`'[]'::jsonb`)
  if (branches.length === 1 && from.length === 0 && repeats(only))
    return sql`jsonb_path_query_array(${only.base}, ${pathOf(only)})`
  if (from.length === 0 && isSingle(collection)) {
    const one = value(collection, asJson)
    return sql`(select case when v is null then '[]' else jsonb_build_array(v) end from (select ${one}) t(v))`
  }
  return sql`(select coalesce(jsonb_agg(v order by i), '[]') from ${values(collection, asJson, aliases)})`
}

/**
 * The values as `v` with their places as `i`, to be aggregated. Under names of their own: an aggregate of what is from
 * outside would be one of the outer SELECT.
 */
export function values(collection: Collection, as: (branch: Branch) => Sql, aliases: Aliases): Sql {
  const all = spread(collection, aliases)
  return sql`(select ${value(all, as)}, row_number() over (${ordered(all)}) ${rows(all, isThere(all))}) t(v, i)`
}

export function exists(collection: Collection, aliases: Aliases): Sql {
  const { branches, from } = collection
  const [only] = branches
  if (!only) return raw('false')
  if (from.length === 0) {
    if (isSingle(collection)) return isThere(collection)
    if (branches.length === 1) return sql`coalesce(jsonb_path_exists(${only.base}, ${pathOf(only)}), false)`
  }
  const all = spread(collection, aliases)
  return sql`exists (select ${rows(all, isThere(all))})`
}

export function count(collection: Collection, aliases: Aliases): Sql {
  const all = spread(collection, aliases)
  return sql`(select count(*)::numeric ${rows(all, isThere(all))})`
}

/** One value of several by its place, from 0 or, counted from the end, from -1. */
export function at(collection: Collection, place: number, aliases: Aliases): Collection {
  if (isSingle(collection)) return place === 0 || place === -1 ? collection : nothing
  const { branches, from } = collection
  const [only] = branches
  if (branches.length === 1 && from.length === 0) return { ...nothing, branches: [elementAt(only!, place)] }
  return part(collection, place, 1, aliases)
}

function elementAt(branch: Branch, place: number): Branch {
  const { base, steps, type } = branch
  const before = steps.slice(0, -1)
  // The array itself is at hand: no need to go through it.
  const isLast = steps.at(-1)!.array && !before.some(({ array }) => array) && familyOf(type) === 'complex'
  const all = isLast ? member(base, steps, '->') : sql`jsonb_path_query_array(${base}, ${pathOf(branch)})`
  return { type, form: 'json', base: sql`(${all} -> ${raw(String(place))})`, steps: [] }
}

/** Branches as columns `v0`, `v1` … of a SELECT. */
export function columnsOf(branches: readonly Branch[]): Sql[] {
  return branches.map((branch, i) => sql`${asAny(branch)} as ${raw(`v${i}`)}`)
}

/** The same branches as they are found under the name of that SELECT. */
export function branchesOf(branches: readonly Branch[], alias: Sql): Branch[] {
  return branches.map(({ type, form, steps }, i) => ({
    type,
    form: steps.length > 0 ? 'json' : form,
    base: sql`${alias}.${raw(`v${i}`)}`,
    steps: [],
  }))
}

/** The values from one place on, at most so many. */
export function part(collection: Collection, place: number, most: number | undefined, aliases: Aliases): Collection {
  const all = spread(collection, aliases)
  const alias = aliases.next()
  const backwards = place < 0
  const skipped = raw(String(backwards ? -place - 1 : place))
  const order = backwards
    ? sql`order by ${join(
        all.order.map((key) => sql`${key} desc`),
        ', ',
      )}`
    : ordered(all)
  const index = sql`row_number() over (${order}) - ${skipped} as i`
  const limit = most === undefined ? raw('') : sql`limit ${raw(String(most))}`
  return {
    from: [
      sql`lateral (select ${join([...columnsOf(all.branches), index], ', ')} ${rows(all, isThere(all))}
        ${order} ${limit} offset ${skipped}) ${alias}`,
    ],
    where: [],
    order: [sql`${alias}.i`],
    many: most !== 1,
    branches: branchesOf(all.branches, alias),
  }
}

/** Values of one type from a jsonb array, in its order. */
export function elementsOf(json: Sql, type: string, aliases: Aliases): Collection {
  const alias = aliases.next()
  return {
    from: [sql`jsonb_array_elements(${json}) with ordinality ${alias}(v, i)`],
    where: [],
    order: [sql`${alias}.i`],
    many: true,
    branches: [{ type, form: 'json', base: sql`${alias}.v`, steps: [] }],
  }
}

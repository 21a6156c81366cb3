import { join, raw, type Sql, sql } from '../db/sql.js'
import {
  array,
  asJson,
  branchesOf,
  type Collection,
  columnsOf,
  isSingle,
  isThere,
  nothing,
  ordered,
  rows,
  spread,
  value,
} from './collection.js'
import { isAlike, typeOfColumn } from './column-type.js'
import { type Column, type Select, wrong } from './definition.js'
import { compile } from './expression.js'
import { repeated } from './repeat.js'
import type { Scope } from './scope.js'
import { within } from './within.js'

/** One column of the table, with the SQL of its value as JSON text. */
export interface Output {
  readonly name: string
  readonly collection: boolean
  /** FHIR type; absent where values of several types may come. */
  readonly type?: string
  readonly at: string
  readonly json: Sql
  /** In the row that forEachOrNull has for nothing. */
  readonly whenNull: Sql
}

/** A select as SQL: what to join, and its columns. */
export interface Table {
  readonly from: readonly Sql[]
  readonly columns: readonly Output[]
}

/** What a column gives that has several values where one is allowed: no JSON text is like it. */
export const SEVERAL = 'several'

/**
 * A select and all below it, within the rows of what is around it.
 * @see https://sql-on-fhir.org/ig/StructureDefinition-ViewDefinition.html#processing-algorithm
 */
export function tableOf(select: Select, scope: Scope): Table {
  const loop = loopOf(select, scope)
  const inner = loop?.scope ?? scope
  const columns = select.column.map((column) => outputOf(column, inner))
  const parts = select.select.map((one) => tableOf(one, inner))
  if (select.unionAll.length > 0) parts.push(unionOf(select, inner))
  const all = [...columns, ...parts.flatMap((part) => part.columns)]
  const from = [...(loop ? [loop.from()] : []), ...parts.flatMap((part) => part.from)]
  return loop && select.each?.orNull ? orNull({ from, columns: all }, loop.isEmpty, scope) : { from, columns: all }
}

interface Loop {
  from: () => Sql
  scope: Scope
  /** There is nothing to have a row for. */
  isEmpty: Sql
}

function loopOf({ each, repeat }: Select, scope: Scope): Loop | undefined {
  if (repeat) return numbered(repeated(repeat, scope), scope)
  if (!each) return undefined
  return numbered(
    within(each, 'forEach', () => spread(compile(each.path, scope), scope.aliases)),
    scope,
  )
}

/** The rows of a collection under a name of their own; counted only where %rowIndex is asked for. */
function numbered(all: Collection, scope: Scope): Loop {
  const alias = scope.aliases.next()
  let isCounted = false
  const item: Collection = { ...nothing, branches: branchesOf(all.branches, alias) }
  const rowIndex = () => {
    isCounted = true
    return sql`${alias}.i::numeric`
  }
  const from = () => {
    const columns = columnsOf(all.branches)
    if (isCounted) columns.push(sql`row_number() over (${ordered(all)}) - 1 as i`)
    return sql`lateral (select ${join(columns, ', ')} ${rows(all, isThere(all))}) ${alias}`
  }
  return {
    from,
    scope: { ...scope, context: item, item, rowIndex },
    isEmpty: sql`not exists (select ${rows(all, isThere(all))})`,
  }
}

function outputOf(column: Column, scope: Scope): Output {
  const { name, path, collection, at } = column
  return within(column, `Column ${name}`, () => {
    const found = compile(path, scope)
    const type = typeOfColumn(column, found)
    const isIndex = path.trim() === '%rowIndex'
    return {
      name,
      collection,
      at,
      type,
      json: jsonOf(found, collection, scope),
      whenNull: raw(isIndex ? `'0'` : 'null'),
    }
  })
}

function jsonOf(found: Collection, collection: boolean, { aliases }: Scope): Sql {
  if (collection) return sql`${array(found, aliases)}::text`
  if (found.branches.length === 0) return raw('null::text')
  if (found.from.length === 0 && isSingle(found)) return sql`${value(found, asJson)}::text`
  const all = spread(found, aliases)
  const one = sql`case when count(*) > 1 then ${raw(`'${SEVERAL}'`)} else max(v::text) end`
  return sql`(select ${one} from (select ${value(all, asJson)} ${rows(all, isThere(all))} limit 2) t(v))`
}

/** Rows of several selects, one after the other; their columns are the same. */
function unionOf({ unionAll, at }: Select, scope: Scope): Table {
  const tables = unionAll.map((one) => tableOf(one, scope))
  const [first] = tables
  const columns = first!.columns
  for (const [i, table] of tables.entries()) checkSame(columns, table.columns, `${at}.unionAll[${i}]`)
  return derived(columns, tables.map(selectOf), scope)
}

/** A select whose loop may be empty, and then is one row of nulls. */
function orNull(table: Table, isEmpty: Sql, scope: Scope): Table {
  const values = table.columns.length ? table.columns.map(({ whenNull }) => sql`${whenNull}::text`) : [raw('null')]
  const nulls = sql`select ${join(values, ', ')} where ${isEmpty}`
  return derived(table.columns, [selectOf(table), nulls], scope)
}

/** SELECT of the columns; of none, a row for each row. */
function selectOf({ from, columns }: Table): Sql {
  const values = columns.length ? columns.map(({ json }) => json) : [raw('null')]
  return sql`select ${join(values, ', ')} ${from.length ? sql`from ${join(from, ', ')}` : raw('')}`
}

function derived(columns: readonly Output[], selects: readonly Sql[], { aliases }: Scope): Table {
  const alias = aliases.next()
  const names = (columns.length ? columns : [undefined]).map((_, i) => raw(`c${i}`))
  return {
    from: [sql`lateral (${join(selects, ' union all ')}) ${alias}(${join(names, ', ')})`],
    columns: columns.map((column, i) => ({ ...column, json: sql`${alias}.${names[i]!}` })),
  }
}

function checkSame(first: readonly Output[], other: readonly Output[], at: string): void {
  const names = (columns: readonly Output[]) => columns.map(({ name }) => name).join(', ')
  if (names(first) !== names(other))
    throw wrong(`unionAll joins selects with the same columns: ${names(first)} is not ${names(other)}`, at)
  first.forEach((column, i) => {
    const { type, collection } = other[i]!
    if (column.collection !== collection)
      throw wrong(`Column ${column.name} of unionAll is a collection in one select and not in the other`, at)
    if (column.type && type && !isAlike(column.type, type))
      throw wrong(`Column ${column.name} of unionAll is a ${column.type} in one select and a ${type} in the other`, at)
  })
}

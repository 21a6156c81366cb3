import { TooCostly, Unprocessable } from '../base/errors.js'
import { join, raw, type Sql, sql } from '../db/sql.js'
import { Aliases, type Collection, nothing } from './collection.js'
import { readView, wrong } from './definition.js'
import { compile } from './expression.js'
import { booleanOf } from './operands.js'
import type { Scope } from './scope.js'
import { type Output, tableOf } from './select.js'
import { familyOf } from './types.js'
import { Unfit } from './unfit.js'
import { within } from './within.js'

/** Of a statement. PostgreSQL takes 65,535 values in one: that many do not fit into it. */
const LONGEST = 500_000

/** A view, ready to be asked. */
export interface CompiledView {
  /** The type whose resources it makes rows of. */
  readonly resource: string
  readonly columns: readonly Output[]
  /**
   * The statement: column `rid`, then `c0`, `c1` … as JSON text, in the order of `rid`.
   * @param source  a SELECT of `rid` and `content`, resources of the view's type
   * @param limit   rows at most
   */
  statement(source: Sql, limit?: number): Sql
}

/**
 * A ViewDefinition as SQL. Nothing of it gets into the statement but as a bound value: names of elements come from
 * the definitions of R4, those of columns stay outside.
 *
 * @param base  FHIR base of this server, which references may start with
 * @throws Unprocessable  the view is not valid; names the column and the expression (422)
 */
export function compileView(json: Record<string, unknown>, base: string): CompiledView {
  const view = readView(json)
  const root: Collection = {
    ...nothing,
    branches: [{ type: view.resource, form: 'json', base: raw('s.content'), steps: [] }],
  }
  const scope: Scope = {
    aliases: new Aliases(),
    resource: root,
    context: root,
    item: root,
    rowIndex: () => raw('0::numeric'),
    constants: view.constants,
    base,
  }
  const conditions = view.where.map((one) =>
    within(one, 'where', () => {
      const found = compile(one.path, scope)
      if (found.branches.some(({ type }) => familyOf(type) !== 'boolean'))
        throw new Unfit(`gives ${found.branches[0]!.type}; it has to be true or false: use exists() or a comparison`)
      return booleanOf(found, scope)
    }),
  )
  const tables = view.select.map((select) => tableOf(select, scope))
  const columns = tables.flatMap((table) => table.columns)
  checkNames(columns)
  const from = tables.flatMap((table) => table.from)
  const length = join([...columns.map(({ json }) => json), ...from, ...conditions], '').length()
  if (length > LONGEST)
    throw new TooCostly(`The view is a statement of more than ${LONGEST} characters; ask for less at once`)
  return {
    resource: view.resource,
    columns,
    statement(source, limit) {
      const values = columns.map(({ json }, i) => sql`${json} as ${raw(`c${i}`)}`)
      return sql`select s.rid, ${join(values, ', ')} from ${join([sql`(${source}) s`, ...from], ', ')}
        where ${inTurn(conditions)} order by s.rid ${limit === undefined ? raw('') : sql`limit ${limit}`}`
    },
  }
}

/** Each is asked only where those before it are true: `and` would ask them in whatever order. */
function inTurn(conditions: readonly Sql[]): Sql {
  return conditions.reduceRight((rest, one) => sql`case when ${one} then ${rest} end`, raw('true'))
}

function checkNames(columns: readonly Output[]): void {
  if (columns.length === 0)
    throw new Unprocessable('A view has at least one column', { expression: ['ViewDefinition.select'] })
  const seen = new Set<string>()
  for (const { name, at } of columns) {
    if (seen.has(name)) throw wrong(`There are two columns ${name}`, `${at.replace(/\.path$/, '')}.name`)
    seen.add(name)
  }
}

import type { Context } from '../base/context.js'
import type { Issue } from '../base/errors.js'
import type { Database } from '../db/database.js'
import { indexesOf, type PlanNode, planText, rowsRead } from '../db/explain.js'
import type { Clause } from './clause.js'
import type { Finder } from './find.js'
import { acrossTypes, orderOf } from './order.js'
import type { Parameters } from './parameters.js'
import type { Choice, Plan } from './plan.js'
import { type Pair, UnusableParameter } from './reading.js'
import { isCondition, type SearchRequest } from './request.js'
import { mainDate } from './sources.js'

/** A search of more types than these is not explained: it is as many searches. */
const MOST_TYPES = 10

interface Asked {
  request: Pick<SearchRequest, 'types' | 'clauses' | 'applied' | 'sort' | 'count' | 'offset' | 'total'>
  parameters?: Parameters
  /** with the plan of the database */
  sql: boolean
}

/**
 * How a search is answered: for each condition which index serves it and how many resources it is expected to find,
 * then what was read for the first page, and what would help. Runs the search for it. No value of it is told.
 *
 * @throws UnusableParameter  it is of more than ten types
 */
export async function explain(
  db: Database,
  finder: Finder,
  ctx: Pick<Context, 'tenant' | 'signal'>,
  asked: Asked,
): Promise<Issue[]> {
  const { types } = asked.request
  if (types.length > MOST_TYPES)
    throw new UnusableParameter(`A search of up to ${MOST_TYPES} types can be explained: name them in _type`)
  const issues: Issue[] = []
  for (const type of types) issues.push(...(await explainType(db, finder, ctx, type, asked)))
  return issues
}

async function explainType(
  db: Database,
  finder: Finder,
  ctx: Pick<Context, 'tenant' | 'signal'>,
  type: string,
  { request, parameters, sql }: Asked,
): Promise<Issue[]> {
  const { clauses, applied, sort, types, count, offset, total } = request
  const { tenant } = ctx
  const own = clauses.get(type)!
  const order = types.length === 1 ? orderOf(tenant, type, sort, own, parameters) : acrossTypes(tenant, sort)
  const { parts, plan, wide } = await finder.plans(ctx, type, own, order, count + offset)
  const runs = [await run(db, plan, ctx.signal)]
  if (plan.bounded && runs[0]!.found <= count + offset) runs.push(await run(db, await wide(), ctx.signal))
  const { choice } = runs.at(-1)!.plan

  const names = applied.filter(isCondition).map(([name]: Pair) => name)
  const issues: Issue[] = []
  for (const [i, name] of names.entries())
    issues.push(said(name, await condition(finder, tenant, type, own[i]!, parts[i]!, choice)))
  runs.forEach((one, n) => {
    issues.push(
      said(
        type,
        n === 0
          ? page(one, order.index !== undefined)
          : `The walk ended early. ${page(one, order.index !== undefined)}`,
      ),
    )
  })
  if (total !== undefined && total !== 'none') {
    const kept = await finder.keptTotal(tenant, type, own)
    issues.push(said('_total', kept === undefined ? 'every match is counted' : 'is kept: nothing is counted'))
  }
  for (const advice of advices(type, request, choice, runs.at(-1)!, order.index !== undefined, names, parts)) {
    issues.push({
      severity: 'information',
      code: 'informational',
      details: { text: 'what would help' },
      diagnostics: advice,
    })
  }
  if (sql)
    for (const one of runs)
      issues.push({
        severity: 'information',
        code: 'informational',
        details: { text: 'SQL plan' },
        diagnostics: planText(one.node),
      })
  return issues
}

const said = (text: string, diagnostics: string): Issue => ({
  severity: 'information',
  code: 'informational',
  details: { text },
  diagnostics: `${text}: ${diagnostics}`,
})

interface Run {
  plan: Plan
  node: PlanNode
  found: number
  /** rows of resources, and values looked up beside them */
  read: number
  values: number
}

async function run(db: Database, plan: Plan, signal?: AbortSignal): Promise<Run> {
  const node = await db.explain(plan.rows, signal)
  const rows = rowsRead(node)
  const read = rows.get('resource') ?? 0
  const values = [...rows].reduce((sum, [table, n]) => (table === 'resource' ? sum : sum + n), 0)
  return { plan, node, found: node['Actual Rows'] ?? 0, read, values }
}

/** What stands in the index for a clause of each kind; those that are not here have no index. */
function indexOf(clause: Clause): string | undefined {
  switch (clause.kind) {
    case 'token':
      return 'the token index'
    case 'words':
      return 'the word index'
    case 'reference':
      return clause.patient ? 'the index of patients' : 'the reference index'
    case 'string':
      return clause.match === 'prefix' || clause.match === 'exact' || clause.match === 'equal'
        ? 'the string index'
        : 'the index of parts of strings'
    case 'quantity':
      return 'the index of quantities and numbers'
    case 'key':
      return 'the index of ids'
    case 'updated':
      return 'the index of _lastUpdated'
    case 'date':
      return clause.params.includes(null) ? 'the index of the main date' : undefined
    default:
      return undefined
  }
}

async function condition(
  finder: Finder,
  tenant: number,
  type: string,
  clause: Clause,
  parts: readonly Clause[],
  choice: Choice,
): Promise<string> {
  const said: string[] = []
  if (clause.kind === 'chain' || clause.kind === 'has') said.push(lookedUp(clause, parts))
  const served = parts.filter((part) => choice.serves.includes(part))
  const other = parts.filter(
    (part) => !served.includes(part) && choice.others.some(({ serves }) => serves.includes(part)),
  )
  const names = (of: readonly Clause[]) => [...new Set(of.flatMap((part) => indexOf(part) ?? []))].join(' and ')
  if (served.length)
    said.push(`${names(served)} ${choice.way === 'order' ? 'is walked where it can hold' : 'leads to its matches'}`)
  else if (other.length) said.push(`asked of every row that is read; ${names(other)} would lead to more rows`)
  else said.push('asked of every row that is read')
  for (const part of parts) {
    if (indexOf(part) === undefined) continue
    const { rows, isKept } = await finder.expected(tenant, type, part)
    said.push(
      isKept
        ? `${Math.round(rows)} ${type} have it, by kept totals`
        : `about ${Math.round(rows)} ${type} have it, by a guess`,
    )
  }
  return said.join('; ')
}

function lookedUp(clause: Clause & { kind: 'chain' | 'has' }, parts: readonly Clause[]): string {
  const [part] = parts
  const what =
    clause.kind === 'chain' ? `the ${clause.type} that it leads to` : `those that some ${clause.type} refers to`
  if (part?.kind === 'reference' || part?.kind === 'key') return `${what} were looked up first: ${part.keys.length}`
  return `${what} are too many to look up first: each row is followed`
}

const WAYS: Record<Choice['way'], string> = {
  ids: 'The rows are fetched by their ids',
  patient: "One patient's rows are walked in the order of the main date",
  candidates: 'All rows that the index leads to are fetched, tested and sorted',
  order: 'Rows are walked in the order of the page and tested until it is full',
  type: 'All rows of the type are read, tested and sorted: no index leads to fewer',
}

/** Indexes as the plan names them. */
const INDEXES: Record<string, string> = {
  resource_pkey: 'order of arrival',
  resource_tenant_key_key: 'ids',
  resource_updated: '_lastUpdated',
  resource_patient: 'patients and main date',
  resource_date: 'main date',
  resource_tok: 'tokens',
  resource_ref: 'references',
  resource_txt: 'words',
  string_value_prefix: 'strings',
  string_value_contains: 'parts of strings',
  string_value_rid: 'strings of a row',
  quantity_value_order: 'quantities and numbers',
  quantity_value_rid: 'quantities and numbers of a row',
  date_value_order: 'dates',
  date_value_rid: 'dates of a row',
}

function page({ plan: { choice }, node, found, read, values }: Run, inOrder: boolean): string {
  const { way, expected } = choice
  const used = [...indexesOf(node)].map((name) => INDEXES[name] ?? name).sort()
  return [
    way === 'patient' && !inOrder ? "One patient's rows are fetched and sorted" : WAYS[way],
    used.length ? `indexes used: ${used.join(', ')}` : 'no index is used',
    expected === undefined ? 'rows expected: not known' : `rows expected: ${Math.round(expected)}`,
    `rows read: ${read}`,
    ...(values ? [`values read beside them: ${values}`] : []),
    `rows found for the page and one more: ${found}`,
    `${Number(node['Actual Total Time'] ?? 0).toFixed(1)} ms in the database`,
  ].join('; ')
}

/** What would make the search read less. */
function advices(
  type: string,
  { sort }: Pick<SearchRequest, 'sort'>,
  choice: Choice,
  { read, found }: Run,
  inOrder: boolean,
  names: readonly string[],
  parts: readonly (readonly Clause[])[],
): string[] {
  const advice: string[] = []
  const date = mainDate(type)
  if (choice.way === 'type')
    advice.push(`No index leads to the matches: a condition by code, identifier, reference or text beside these would`)
  if (sort !== undefined && !inOrder && choice.way !== 'ids')
    advice.push(
      `No index has the order of _sort=${sort}: ${date ? `${date} and _lastUpdated have` : '_lastUpdated has'} one`,
    )
  if (choice.way !== 'ids' && read > 1000 && read > 20 * Math.max(found, 1))
    advice.push(`${read} rows were read for ${found}: a condition that fewer ${type} satisfy would lead there sooner`)
  names.forEach((name, i) => {
    for (const part of parts[i] ?? []) {
      if (part.kind === 'string' && part.match === 'contains' && part.values.some((text) => text.length < 3))
        advice.push(`${name}: three characters or more can be looked up in the index of parts of strings, fewer cannot`)
      if (part.kind === 'not' && names.length === 1)
        advice.push(`${name} says what matches are not: an index leads only to what they are`)
    }
  })
  return advice
}

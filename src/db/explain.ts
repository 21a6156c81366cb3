import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { Sql } from './sql.js'

/** A node of the plan that PostgreSQL ran, as `explain (analyze, buffers, format json)` has it. */
export interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  Alias?: string
  'Actual Rows'?: number
  'Actual Loops'?: number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: PlanNode[]
  [property: string]: unknown
}

/**
 * Runs a statement to tell how it is answered. It is prepared first: then the plan is the one that every value gets,
 * as for all statements of the server, and shows `$1` where the value was.
 */
export async function explained(
  query: (text: string) => Promise<{ rows: Record<string, unknown>[] }>,
  statement: Sql,
): Promise<PlanNode> {
  const { text, values } = statement.build()
  const name = `explained_${randomBytes(6).toString('hex')}`
  await query(`prepare ${name} as ${text}`)
  try {
    const given = values.length ? `(${values.map(literal).join(', ')})` : ''
    const { rows } = await query(`explain (analyze, buffers, format json) execute ${name}${given}`)
    return (rows[0]!['QUERY PLAN'] as [{ Plan: PlanNode }])[0].Plan
  } finally {
    await query(`deallocate ${name}`).catch(() => undefined)
  }
}

/** EXECUTE takes no bound values: this is what pg would have sent, quoted by pg. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  return pg.escapeLiteral(
    Array.isArray(value) ? array(value) : value instanceof Date ? value.toISOString() : String(value),
  )
}

const array = (values: readonly unknown[]): string =>
  `{${values.map((one) => (one === null ? 'null' : `"${String(one).replace(/["\\]/g, '\\$&')}"`)).join()}}`

/** What is said of a node besides its name, in this order. */
const TOLD = [
  'Index Cond',
  'Recheck Cond',
  'Filter',
  'Rows Removed by Filter',
  'Rows Removed by Index Recheck',
  'Sort Key',
  'Sort Method',
  'Heap Fetches',
  'Shared Hit Blocks',
  'Shared Read Blocks',
]

/** The plan as a tree of lines, as PostgreSQL's own text. */
export function planText(node: PlanNode, depth = 0): string {
  const indent = '  '.repeat(depth)
  const on = [
    node['Index Name'] && `using ${node['Index Name']}`,
    node['Relation Name'] && `on ${node['Relation Name']} ${node.Alias ?? ''}`,
  ]
  const head = [node['Node Type'], ...on].filter(Boolean).join(' ').trim()
  const times = `(estimated rows=${node['Plan Rows']}) (actual time=${node['Actual Startup Time']}..${node['Actual Total Time']} rows=${node['Actual Rows']} loops=${node['Actual Loops']})`
  const told = TOLD.filter((name) => node[name] !== undefined && node[name] !== 0).map(
    (name) => `${indent}    ${name}: ${node[name]}`,
  )
  const below = (node.Plans ?? []).map((one) => planText(one, depth + 1))
  return [`${indent}-> ${head} ${times}`, ...told, ...below].join('\n')
}

/** How many rows of tables and indexes a plan read, by table. */
export function rowsRead(node: PlanNode, found = new Map<string, number>()): Map<string, number> {
  const table = node['Relation Name']
  if (table) {
    const each =
      (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)
    found.set(table, (found.get(table) ?? 0) + Math.round(each * (node['Actual Loops'] ?? 1)))
  }
  for (const below of node.Plans ?? []) rowsRead(below, found)
  return found
}

/** Names of the indexes that a plan used. */
export function indexesOf(node: PlanNode): Set<string> {
  const names = (node.Plans ?? []).flatMap((below) => [...indexesOf(below)])
  // A part that was never reached used nothing.
  return new Set([...(node['Index Name'] && node['Actual Loops'] !== 0 ? [node['Index Name']] : []), ...names])
}

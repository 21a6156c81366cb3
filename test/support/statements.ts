import pg from 'pg'
import type { FreshDatabase } from './database.js'

export interface Statement {
  text: string
  values: unknown[]
}

/**
 * Each statement on resources that the server of this process sends to PostgreSQL while `work` goes on; what it does
 * by itself from time to time is on other tables.
 */
export async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const statements: Statement[] = []
  const { query } = pg.Client.prototype
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [config] = args as [Partial<Statement> | string]
    const { text, values = [] } = typeof config === 'string' ? { text: config } : config
    if (text !== undefined && /\bresource r\b/.test(text)) statements.push({ text, values })
    return (query as (...args: unknown[]) => unknown).apply(this, args)
  } as typeof query
  try {
    await work()
  } finally {
    pg.Client.prototype.query = query
  }
  return statements
}

export interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows'?: number
  'Actual Loops'?: number
  'Rows Removed by Filter'?: number
  Plans?: PlanNode[]
}

/** The nodes of the plan by which a session of the server would run the statement; it is run for that. */
export async function planOf({ connection }: FreshDatabase, { text, values }: Statement): Promise<PlanNode[]> {
  const session = new pg.Client(connection)
  await session.connect()
  try {
    await session.query(
      'set enable_seqscan = off; set plan_cache_mode = force_generic_plan; set jit = off; set timezone = UTC',
    )
    await session.query(`prepare asked as ${text}`)
    const literals = values.map((value) => (value === null ? 'null' : session.escapeLiteral(literal(value))))
    const given = literals.length ? `(${literals.join(', ')})` : ''
    const { rows } = await session.query(`explain (analyze, format json) execute asked${given}`)
    return flat(rows[0]['QUERY PLAN'][0].Plan)
  } finally {
    await session.end()
  }
}

/** As pg sends a value: an array as PostgreSQL writes it. */
const literal = (value: unknown) => (Array.isArray(value) ? `{${value.join()}}` : String(value))

const flat = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flat)]

/** Rows of a table that a plan looked at. */
export const rowsRead = (plan: readonly PlanNode[], table: string): number =>
  plan
    .filter((node) => node['Relation Name'] === table)
    .reduce(
      (sum, node) =>
        sum + ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)) * (node['Actual Loops'] ?? 1),
      0,
    )

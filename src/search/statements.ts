import { and, bigints, raw, type Sql, sql } from '../db/sql.js'
import { typeCode } from '../fhir/type-codes.js'
import type { Clause, Comparison, Range } from './clause.js'
import { SEVERAL_PATIENTS } from './entry.js'
import { LONGEST_SPAN_DAYS } from './layout.js'
import type { Order, Position } from './order.js'
import { instant, Where } from './where.js'

/** What is asked of one type: conditions that all hold, an order, how many. */
export interface Question {
  tenant: number
  type: string
  clauses: readonly Clause[]
  order: Order
  limit: number
  after?: Position
}

/** A way to all candidates by an index, and about how many those are. */
export interface Drive {
  estimate: number
  /** the estimate is a kept total, or the condition is likely to be a common one */
  scannable: boolean
  /** Reads `resource r`, in a way that only one index can answer. */
  from: Sql
  /** The clause it makes unnecessary to check again. */
  serves: readonly Clause[]
}

/** The hash already holds tenant and type; written so that no index offers itself for them. */
export const sameType = (tenant: number, type: string): Sql =>
  sql`(r.tenant + 0) = ${tenant} and (r.type + 0) = ${typeCode(type)} and not r.deleted`

export const ofType = (tenant: number, type: string): Sql =>
  sql`r.tenant = ${tenant} and r.type = ${typeCode(type)} and not r.deleted`

export function viaValues(tenant: number, type: string, table: string, params: readonly bigint[], test: Sql): Sql {
  return sql`(select distinct v.rid from ${raw(table)} v where v.tenant = ${tenant} and v.param = any(${bigints(params)}::bigint[]) and (${test})) v
    join resource r on r.rid = v.rid and ${ofType(tenant, type)} where true`
}

export const keyDrive = (tenant: number, clause: Clause & { kind: 'key' }): Drive => ({
  estimate: clause.keys.length,
  scannable: false,
  from: sql`resource r where r.tenant = ${tenant} and r.key = any(${bigints(clause.keys)}::bigint[]) and not r.deleted`,
  serves: [clause],
})

/** `from … where …` of everything that matches, by the drive or else by reading the type. */
export function matching({ tenant, type, clauses }: Omit<Question, 'order' | 'limit'>, drive: Drive | undefined): Sql {
  const where = new Where(tenant)
  if (!drive) return sql`from resource r where ${ofType(tenant, type)} and ${where.all(raw('r'), clauses)}`
  const rest = clauses.filter((clause) => !drive.serves.includes(clause))
  return sql`from ${drive.from} and (r.type + 0) = ${typeCode(type)} and ${where.all(raw('r'), rest)}`
}

/** All candidates, sorted. Materialised, so that the order cannot talk the planner out of the drive. */
export function set(question: Question, drive: Drive): Sql {
  const { order, limit, after } = question
  return sql`with hits as materialized (select ${columns(order)} ${matching(question, drive)})
    select * from hits r ${after ? sql`where ${order.past(after)}` : raw('')} order by ${order.by} limit ${limit}`
}

/** Walks the index of the order. With a bound it gives up after so many rows. */
export function scan(question: Question, bound?: number): Sql {
  const { tenant, type, clauses, order, limit, after } = question
  const filter = new Where(tenant).all(raw('r'), clauses)
  const range = and([ofType(tenant, type), ...indexRanges(question), ...(after ? [order.pastRow(after)] : [])])
  if (order.index === undefined) {
    return sql`select * from (select ${columns(order)} from resource r where ${range} and ${filter}) r order by ${order.by} limit ${limit}`
  }
  if (bound === undefined)
    return sql`select ${columns(order)} from resource r where ${range} and ${filter} order by ${order.index} limit ${limit}`
  return sql`select ${columns(order)} from (select * from resource r where ${range} order by ${order.index} limit ${Math.ceil(bound)}) r
    where ${filter} limit ${limit}`
}

/** What a condition on the main date or lastUpdated says of the index that the scan walks. */
function indexRanges(question: Question): Sql[] {
  return question.clauses.flatMap((clause) => rangesOf(question, clause))
}

/** Clauses that the index of the order answers, at least in part. */
export const ranged = (question: Question): Clause[] =>
  question.clauses.filter((clause) => rangesOf(question, clause).length > 0)

function rangesOf({ tenant, type, order }: Question, clause: Clause): Sql[] {
  if (clause.kind === 'updated' && order.column === 'at' && clause.comparisons.length === 1)
    return starts(raw('r.at'), clause.comparisons[0]!, (ms) => sql`${instant(ms)} - interval '1 millisecond'`)
  if (clause.kind !== 'date' || order.column !== 'date_lo' || clause.params.length !== 1 || clause.params[0] !== null)
    return []
  if (clause.comparisons.length !== 1) return []
  // A period without an end is as long as none: then a range may start anywhere before.
  const earliest = (ms: number) => sql`coalesce((select case when s.span > make_interval(days => ${LONGEST_SPAN_DAYS})
      then '-infinity' else ${instant(ms)} - s.span end from date_span s where s.tenant = ${tenant} and s.type = ${typeCode(type)}), ${instant(ms)})`
  return starts(raw('r.date_lo'), clause.comparisons[0]!, earliest)
}

/** Where ranges that satisfy the comparison can start, if none that ends after an instant starts before `earliest` of it. */
function starts(column: Sql, { prefix, value: [a, b] }: Comparison<Range>, earliest: (ms: number) => Sql): Sql[] {
  const from = (ms: number) => sql`${column} >= ${instant(ms)}`
  const overlapFrom = (ms: number) => sql`${column} >= ${earliest(ms)}`
  const before = (ms: number) => sql`${column} < ${instant(ms)}`
  switch (prefix) {
    case 'eq':
      return [from(a), before(b)]
    case 'sa':
      return [from(b)]
    case 'lt':
    case 'eb':
      return [before(a)]
    case 'le':
      return [before(b)]
    case 'gt':
      return [overlapFrom(b)]
    case 'ge':
      return [overlapFrom(a)]
    case 'ap':
      return [overlapFrom(a), before(b)]
    case 'ne':
      return []
  }
}

/**
 * A patient's rows lie together by date, so of each patient a page's worth is enough; those that belong to several
 * patients lie under 1 and are looked through.
 */
export function ofPatients(question: Question, patient: Clause & { kind: 'reference' }): Sql {
  const { tenant, type, clauses, order, limit, after } = question
  const where = new Where(tenant)
  const rest = where.all(
    raw('r'),
    clauses.filter((clause) => clause !== patient),
  )
  const several = where.one(raw('r'), { ...patient, patient: false })
  const branch = (key: Sql, filter: Sql) => sql`
    (select ${columns(order)} from resource r where ${ofType(tenant, type)} and r.patient = ${key} and ${filter}
      ${after ? sql`and ${order.pastRow(after)}` : raw('')} order by ${order.patientIndex ?? order.exact} limit ${limit})`
  const [key, second] = patient.keys
  const own =
    second === undefined
      ? branch(sql`${key}::bigint`, rest)
      : sql`(select o.* from unnest(${bigints(patient.keys)}::bigint[]) p(key), lateral ${branch(raw('p.key'), rest)} o)`
  return sql`select * from (${own} union all ${branch(sql`${SEVERAL_PATIENTS}::bigint`, sql`${several} and ${rest}`)}) r
    order by ${order.by} limit ${limit}`
}

const columns = (order: Order): Sql => sql`r.rid, r.id, r.key, r.version, r.type${order.values}`

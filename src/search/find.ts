import type { Context } from '../base/context.js'
import type { Part } from '../base/spliced.js'
import type { Session } from '../db/database.js'
import { bigints, raw, type Sql, sql } from '../db/sql.js'
import type { Terminology } from '../fhir/terminology.js'
import { typeCode, typeName } from '../fhir/type-codes.js'
import type { Clause } from './clause.js'
import { Contents } from './contents.js'
import { SEVERAL_PATIENTS } from './entry.js'
import { isCounted } from './hash.js'
import { contentText } from './layout.js'
import { Lookup, needsLookup } from './lookup.js'
import { typeTotal } from './names.js'
import type { Order, Position } from './order.js'
import type { Plan, Planner } from './plan.js'
import type { Stored } from './resolve.js'
import type { Totals } from './totals.js'
import { refsOf } from './where.js'

/** One match: the resource as stored text, and where it stands in the order. */
export interface Found<Content extends Part = Part> {
  type: string
  id: string
  key: bigint
  version: number
  content: Content
  position: Position
}

/** A page of matches of one type that are served as they are stored. */
export interface Listed {
  matches: { id: string; content: Part }[]
  /** there are further matches */
  more: boolean
  first?: Position
  last?: Position
}

/** Told which plan a page is read by, and the statement that reads it. */
export type Planned = (plan: Plan, statement: Sql) => void

/** Which page is read, and who wants to know how. */
export interface PageOptions {
  after?: Position
  offset?: number
  planned?: Planned
}

/** A current row of `resource`, without what it says. */
export interface Bare {
  rid: bigint
  id: string
  key: bigint
  version: number
  type: number
}

interface Row<Content extends Part> extends Bare {
  content: Content
  [value: `s${number}`]: string
}

/** An estimate is exact below this number. */
const COUNTED = 10_000
/** More rows than one type of one tenant has; what a `limit` takes. */
const ALL = 2 ** 31 - 1

export class Finder {
  constructor(
    private readonly session: Session,
    private readonly planner: Planner,
    private readonly totals: Totals,
    private readonly terminology: Terminology,
    /** absent inside a transaction, whose versions may never come to be */
    private readonly contents?: Contents,
  ) {}

  /** Whether pages can be had by `list`. */
  get printsPages(): boolean {
    return this.contents !== undefined
  }

  /** Inside a transaction: sees what that has written. */
  in(session: Session): Finder {
    return new Finder(session, this.planner, this.totals, this.terminology)
  }

  /** Up to `limit` matches of one type in order, from behind `after`. */
  async page(
    ctx: Pick<Context, 'tenant' | 'signal'>,
    type: string,
    clauses: readonly Clause[],
    order: Order,
    limit: number,
    { after, offset = 0, planned }: PageOptions = {},
  ): Promise<Found<string>[]> {
    const { tenant, signal } = ctx
    const question = { tenant, type, clauses: await this.resolve(ctx, clauses), order, limit: limit + offset, after }
    const plan = await this.planner.page(question)
    const read = (one: Plan) => {
      const statement = this.contentOf(tenant, one, order, offset)
      planned?.(one, statement)
      return this.session.query<Row<string>>(statement, signal)
    }
    let rows = await read(plan)
    if (plan.bounded && rows.length < limit) rows = await read(await this.planner.page(question, true))
    return rows.map(found)
  }

  /** As `page`, for matches that are served as they are. */
  async list(
    ctx: Pick<Context, 'tenant' | 'signal'>,
    type: string,
    clauses: readonly Clause[],
    order: Order,
    count: number,
    { after, offset = 0, planned }: PageOptions = {},
  ): Promise<Listed> {
    const { tenant, signal } = ctx
    const question = {
      tenant,
      type,
      clauses: await this.resolve(ctx, clauses),
      order,
      limit: count + 1 + offset,
      after,
    }
    const read = async (plan: Plan) => {
      const statement = listOf(this.past(plan, order, offset), order, count)
      planned?.(plan, statement)
      const [row] = plan.quick
        ? await this.session.quick<PageRow>(statement)
        : await this.session.query<PageRow>(statement, signal)
      return row!
    }
    const plan = await this.planner.page(question)
    let row = await read(plan)
    if (plan.bounded && row.n <= count) row = await read(await this.planner.page(question, true))
    const position = (values: string[] | null) =>
      values?.length ? { rid: values[0]!, values: values.slice(1) } : undefined
    return {
      matches: await this.listed(tenant, row.list),
      more: row.n > count,
      first: position(row.first),
      last: position(row.last),
    }
  }

  private async listed(tenant: number, list: string | null): Promise<Listed['matches']> {
    if (list === null) return []
    const rows = list.split(',').map((row) => row.split(' ') as [string, string, string])
    const contents = await this.contents!.of(
      this.session,
      tenant,
      rows.map(([rid, version]) => ({ rid, version })),
    )
    return rows.map(([, , id], i) => ({ id, content: contents[i]! }))
  }

  private past(plan: Plan, order: Order, offset: number): Sql {
    return offset ? sql`select * from (${plan.rows}) r order by ${order.by} offset ${offset}` : plan.rows
  }

  private contentOf(tenant: number, plan: Plan, order: Order, offset: number): Sql {
    return sql`select r.*, ${contentText} as content from (${this.past(plan, order, offset)}) r
        join version v on v.tenant = ${tenant} and v.rid = r.rid and v.version = r.version order by ${order.by}`
  }

  /**
   * What a search of one type would do for its first page.
   * @returns `parts`: for each clause those that it comes to once chains and the like are looked up
   */
  async plans(
    ctx: Pick<Context, 'tenant' | 'signal'>,
    type: string,
    clauses: readonly Clause[],
    order: Order,
    count: number,
  ): Promise<{ parts: readonly (readonly Clause[])[]; plan: Plan; wide: () => Promise<Plan> }> {
    const parts = await Promise.all(clauses.map((clause) => this.resolve(ctx, [clause])))
    const question = { tenant: ctx.tenant, type, clauses: parts.flat(), order, limit: count + 1 }
    return { parts, plan: await this.planner.page(question), wide: () => this.planner.page(question, true) }
  }

  /** About how many resources of the type satisfy a clause. */
  expected(tenant: number, type: string, clause: Clause) {
    return this.planner.expected(tenant, type, clause)
  }

  /** All matches of one type, for a statement that goes on from them: rid, id, key, version, type and the order's values. */
  async rowsOf(
    ctx: Pick<Context, 'tenant' | 'signal'>,
    type: string,
    clauses: readonly Clause[],
    order: Order,
  ): Promise<Sql> {
    const resolved = await this.resolve(ctx, clauses)
    const question = { tenant: ctx.tenant, type, clauses: resolved, order, limit: ALL }
    return (await this.planner.page(question, true)).rows
  }

  async count(ctx: Pick<Context, 'tenant' | 'signal'>, type: string, clauses: readonly Clause[]): Promise<number> {
    const { tenant } = ctx
    const kept = await this.keptTotal(tenant, type, clauses)
    if (kept !== undefined) return kept
    const statement = await this.planner.count({ tenant, type, clauses: await this.resolve(ctx, clauses) })
    const [row] = await this.session.query<{ n: bigint }>(statement, ctx.signal)
    return Number(row!.n)
  }

  /** As `count`, but from `COUNTED` on it is an estimate. */
  async estimate(
    ctx: Pick<Context, 'tenant' | 'signal'>,
    type: string,
    clauses: readonly Clause[],
  ): Promise<{ n: number; isExact: boolean }> {
    const { tenant } = ctx
    const kept = await this.keptTotal(tenant, type, clauses)
    if (kept !== undefined) return { n: kept, isExact: true }
    const question = { tenant, type, clauses: await this.resolve(ctx, clauses) }
    const [row] = await this.session.query<{ n: bigint }>(await this.planner.countUpTo(question, COUNTED), ctx.signal)
    const n = Number(row!.n)
    if (n < COUNTED) return { n, isExact: true }
    return { n: Math.max(n, await this.planner.guess(question)), isExact: false }
  }

  /** The answer when all is one token whose total is kept; of alternatives those that nothing has do not count. */
  async keptTotal(tenant: number, type: string, clauses: readonly Clause[]): Promise<number | undefined> {
    // What a transaction has written is not in the totals until it commits; contained resources are not counted there.
    if (!this.printsPages || tenant < 0) return undefined
    if (clauses.length === 0) return this.totals.exact(tenant, typeTotal(tenant, type))
    const [clause, second] = clauses
    if (second || clause?.kind !== 'token' || !clause.hashes.every(isCounted)) return undefined
    const totals = await Promise.all(clause.hashes.map((hash) => this.totals.exact(tenant, hash)))
    const some = totals.filter((n) => n > 0)
    return some.length <= 1 ? (some[0] ?? 0) : undefined
  }

  /**
   * Current resources by key, in no order; unknown and deleted ones are absent.
   * @param patients  only what the index has under one of these: a patient's key, or one of `entry.ts`
   */
  async byKeys(
    ctx: Pick<Context, 'tenant' | 'signal'>,
    keys: readonly bigint[],
    patients?: readonly bigint[],
  ): Promise<Found[]> {
    if (keys.length === 0) return []
    const ofThese = patients ? sql`and r.patient = any(${bigints(patients)}::bigint[])` : raw('')
    return this.current(
      ctx,
      sql`resource r where r.tenant = ${ctx.tenant} and r.key = any(${bigints(keys)}::bigint[]) and not r.deleted ${ofThese}`,
    )
  }

  /** Resources of `type` that refer to one of the keys by one of these parameters. */
  async referring(
    ctx: Pick<Context, 'tenant' | 'signal'>,
    type: string,
    { salts, patient }: { salts: readonly bigint[]; patient: boolean },
    keys: readonly bigint[],
    limit: number,
  ): Promise<Found[]> {
    const refs = bigints(refsOf(salts, keys))
    const { tenant } = ctx
    // Rows of several patients are few and lie together; the array test is wrapped so that only this index is used.
    const from = patient
      ? sql`resource r where r.tenant = ${tenant} and r.type = ${typeCode(type)} and not r.deleted
          and r.patient = any(${bigints([...keys, SEVERAL_PATIENTS])}::bigint[])
          and (r.patient <> ${SEVERAL_PATIENTS} or exists (select 1 from unnest(r.ref) e where e = any(${refs}::bigint[])))`
      : sql`resource r where r.ref && ${refs}::bigint[] and (r.tenant + 0) = ${tenant} and (r.type + 0) = ${typeCode(type)} and not r.deleted`
    return this.current(ctx, sql`${from} limit ${limit}`)
  }

  private async current(ctx: Pick<Context, 'tenant' | 'signal'>, from: Sql): Promise<Found[]> {
    const rows = await this.session.query<Bare>(
      sql`select r.rid, r.id, r.key, r.version, r.type from ${from}`,
      ctx.signal,
    )
    return this.printed(ctx, rows)
  }

  /** Rows with the content of their versions. */
  async printed({ tenant }: Pick<Context, 'tenant'>, rows: readonly Bare[]): Promise<Found[]> {
    // In a transaction nothing is remembered: what it reads may never come to be.
    const contents = this.contents ?? new Contents(0)
    const keys = rows.map(({ rid, version }) => ({ rid: String(rid), version: String(version) }))
    const texts = await contents.of(this.session, tenant, keys)
    return rows.map((row, i) => found({ ...row, content: texts[i]! }))
  }

  /** What indexes answer in place of what has to be looked up first. */
  private resolve(
    ctx: Pick<Context, 'tenant' | 'signal'>,
    clauses: readonly Clause[],
  ): Promise<readonly Clause[]> | readonly Clause[] {
    if (!clauses.some(needsLookup)) return clauses
    return new Lookup(this.session, this.planner, this.storedFor(ctx), ctx.signal).all(clauses)
  }

  private storedFor(ctx: Pick<Context, 'tenant' | 'signal'>): Stored {
    const { tenant, signal } = ctx
    return {
      tenant,
      query: (statement) => this.session.query(statement, signal),
      contents: async (from) => (await this.current(ctx, from)).map(({ content }) => String(content)),
      terminology: this.terminology,
      inTransaction: !this.printsPages,
      // What a transaction has written is not in the totals until it commits.
      present: async (hashes) => (this.printsPages ? this.totals.among(tenant, hashes) : hashes),
    }
  }
}

interface PageRow {
  /** rows found, one more than the page has when there are further ones */
  n: number
  /** `rid version id,rid version id` */
  list: string | null
  first: string[] | null
  last: string[] | null
}

/** Which versions are on the page: as one value each, since a driver takes longer over rows than the database. */
function listOf(rows: Sql, order: Order, count: number): Sql {
  const position = sql`array[r.rid::text${order.texts}]`
  const shown = sql`(select * from page r order by ${order.by} limit ${count}) r`
  return sql`with page as materialized (${rows})
    select (select count(*)::int from page) as n,
      (select ${position} from page r order by ${order.by} limit 1) as first,
      (select ${position} from ${shown} order by ${order.reversed().by} limit 1) as last,
      (select string_agg(r.rid || ' ' || r.version || ' ' || r.id, ',' order by ${order.by}) from ${shown}) as list`
}

function found<Content extends Part>(row: Row<Content>): Found<Content> {
  const values: string[] = []
  for (let i = 0; row[`s${i}`] !== undefined; i++) values.push(String(row[`s${i}`]))
  return {
    type: typeName(row.type),
    id: row.id,
    key: row.key,
    version: row.version,
    content: row.content,
    position: { values, rid: String(row.rid) },
  }
}

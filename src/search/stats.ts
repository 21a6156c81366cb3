import type { Context } from '../base/context.js'
import type { Session } from '../db/database.js'
import { join, raw, type Sql, sql } from '../db/sql.js'
import type { Clause } from './clause.js'
import type { Finder } from './find.js'
import { orderOf } from './order.js'

export interface Coding {
  system?: string
  code: string
  display?: string
}

/** A unit that values of one label have; `slope` and `shift` bring them to the unit that all are computed in. */
export interface MeasuredUnit {
  label: Coding
  system: string | null
  /** its code, or else its text */
  symbol: string | null
  unit: string | null
}
export interface Scale extends MeasuredUnit {
  slope: number
  shift: number
}

/** What is measured: by its code, or by that of a component; of a panel that is asked for, all its components. */
export class Measurements {
  private constructor(
    private readonly session: Session,
    private readonly ctx: Pick<Context, 'tenant' | 'signal'>,
    private readonly matches: Sql,
    private readonly codings: readonly Coding[],
  ) {}

  /** @param clauses  one of them names the subject, whose rows lie together */
  static async of(
    session: Session,
    finder: Finder,
    ctx: Pick<Context, 'tenant' | 'signal'>,
    clauses: readonly Clause[],
    codings: readonly Coding[],
  ): Promise<Measurements> {
    const order = orderOf(ctx.tenant, 'Observation', '-date', clauses)
    return new Measurements(session, ctx, await finder.rowsOf(ctx, 'Observation', clauses, order), codings)
  }

  /** Each unit of each label, those of the newest measurements first. */
  units(): Promise<MeasuredUnit[]> {
    return this.session.query<MeasuredUnit & Record<string, unknown>>(
      sql`with measured as (${this.measured()})
        select m.label, m.system, m.symbol, min(m.unit) as unit from measured m where m.value is not null
        group by m.label, m.system, m.symbol order by max(m.at) desc`,
      this.ctx.signal,
    )
  }

  /** All statistics of each label, as PostgreSQL's texts of numerics; null where there are too few measurements. */
  statistics(scales: readonly Scale[]): Promise<({ label: Coding } & Record<string, string | null>)[]> {
    const scale = JSON.stringify(scales.map((one, n) => ({ n, ...one })))
    // Percentiles by hand, since percentile_cont would make them binary fractions: 5.1 would not stay 5.1.
    return this.session.query(
      sql`with measured as (${this.measured()}),
        scaled as (
          select m.label, m.at, case when s.slope = 1 and s.shift = 0 then m.value else m.value * s.slope + s.shift end as x
          from measured m left join jsonb_to_recordset(${scale}::jsonb)
            s(label jsonb, system text, symbol text, slope numeric, shift numeric)
            on s.label = m.label and s.system is not distinct from m.system and s.symbol is not distinct from m.symbol),
        one as (
          select label, count(*) as total, count(x) as n, avg(x) as mean, min(x) as min, max(x) as max, sum(x) as sum,
            var_samp(x) as variance, stddev_samp(x) as deviation,
            array_agg(x order by x) filter (where x is not null) as sorted,
            regr_slope(x::float8, extract(epoch from at)::float8 / 86400)
              filter (where at > '-infinity' and at < 'infinity')::numeric as slope
          from scaled group by label),
        shape as (
          select o.label,
            sum(power((s.x - o.mean) / o.deviation, 3)) as third, sum(power((s.x - o.mean) / o.deviation, 4)) as fourth
          from one o join scaled s on s.label = o.label and s.x is not null where o.deviation > 0 group by o.label)
        select o.label, o.total::text as "total-count", o.n::text as count,
          ${join(
            Object.entries(PLAIN).map(([name, column]) => sql`${text(column)} as ${quoted(name)}`),
            ', ',
          )},
          ${join(
            Object.entries(FRACTIONS).map(([name, p]) => sql`${text(percentile(p))} as ${quoted(name)}`),
            ', ',
          )},
          ${text(sql`(${percentile(0.75)} - ${percentile(0.25)}) / 2`)} as "4-dev",
          case when o.n > 2 then ${text(sql`s.third * o.n / ((o.n - 1) * (o.n - 2))`)} end as skew,
          case when o.n > 3 then ${text(sql`s.fourth * o.n * (o.n + 1) / ((o.n - 1) * (o.n - 2) * (o.n - 3))
            - 3.0 * (o.n - 1) * (o.n - 1) / ((o.n - 2) * (o.n - 3))`)} end as kurtosis
        from one o left join shape s on s.label = o.label`,
      this.ctx.signal,
    )
  }

  /** One row for each quantity: rid, at, label, value (null when it is none to compute with), system, symbol, unit. */
  private measured(): Sql {
    const isAsked = (coding: Sql) =>
      join(
        this.codings.map((one) => sql`${coding} @> ${JSON.stringify([one])}::jsonb`),
        ' or ',
      )
    const labelled = (coding: Sql) =>
      sql`case ${join(
        this.codings.map(
          (one) => sql`when ${coding} @> ${JSON.stringify([one])}::jsonb then ${JSON.stringify(one)}::jsonb`,
        ),
        ' ',
      )} else ${coding} -> 0 end`
    const whole = sql`(v.content #> '{code,coding}')`
    const part = sql`(k #> '{code,coding}')`
    return sql`
      select f.rid, f.s0 as at, q.label, q.quantity ->> 'system' as system, coalesce(q.quantity ->> 'code', q.quantity ->> 'unit') as symbol,
        q.quantity ->> 'unit' as unit,
        case when not q.quantity ? 'comparator' then (q.quantity ->> 'value')::numeric end as value
      from (${this.matches}) f
      join version v on v.tenant = ${this.ctx.tenant} and v.rid = f.rid and v.version = f.version
      cross join lateral (
        select ${labelled(whole)} as label, v.content -> 'valueQuantity' as quantity
        where (${isAsked(whole)}) and (v.content ? 'valueQuantity' or not v.content ? 'component')
        union all
        select ${labelled(part)}, k -> 'valueQuantity' from jsonb_array_elements(v.content -> 'component') k
        where (${isAsked(part)}) or (${isAsked(whole)} and k ? 'valueQuantity')) q
      where q.label is not null`
  }
}

const PLAIN: Record<string, Sql> = {
  average: sql`o.mean`,
  minimum: sql`o.min`,
  maximum: sql`o.max`,
  sum: sql`o.sum`,
  variance: sql`o.variance`,
  'std-dev': sql`o.deviation`,
  regression: sql`o.slope`,
}
const FRACTIONS: Record<string, number> = {
  median: 0.5,
  '20-percent': 0.2,
  '80-percent': 0.8,
  '4-lower': 0.25,
  '4-upper': 0.75,
  '5-1': 0.2,
  '5-2': 0.4,
  '5-3': 0.6,
  '5-4': 0.8,
}

/** Every statistic of the code system. http://terminology.hl7.org/CodeSystem/observation-statistics */
export const STATISTICS: readonly string[] = [
  'total-count',
  'count',
  ...Object.keys(PLAIN),
  ...Object.keys(FRACTIONS),
  '4-dev',
  'skew',
  'kurtosis',
]

const text = (value: Sql): Sql => sql`trim_scale(${value})::text`

const quoted = (name: string): Sql => raw(`"${name}"`)

/** Between the two measurements next to it, linear. */
function percentile(p: number): Sql {
  const at = sql`((o.n - 1) * ${p}::numeric)`
  const lower = sql`o.sorted[floor(${at})::int + 1]`
  return sql`(${lower} + (o.sorted[ceil(${at})::int + 1] - ${lower}) * (${at} - floor(${at})))`
}

import { and, bigints, or, raw, type Sql, sql } from '../db/sql.js'
import { typeCode } from '../fhir/type-codes.js'
import type { Clause, Comparison, Decimal, Prefix, QuantityTest, Range, StringMatch } from './clause.js'
import { SEVERAL_PATIENTS } from './entry.js'
import { timestamp } from './layout.js'
import { isNear } from './near.js'
import { prose } from './prose.js'

/**
 * Clauses as SQL conditions on a row of `resource`, written so that no index answers them: they are what a scan in
 * the order of the page filters by. What drives a scan is in plan.ts; the planner has no choice to get wrong.
 */
export class Where {
  private aliases = 0

  constructor(private readonly tenant: number) {}

  /** @param row  alias of `resource` in the statement */
  all(row: Sql, clauses: readonly Clause[]): Sql {
    return and(clauses.map((clause) => this.one(row, clause)))
  }

  one(row: Sql, clause: Clause): Sql {
    switch (clause.kind) {
      case 'token':
        return hasAny(sql`${row}.tok`, clause.hashes)
      case 'words':
        return and(clause.words.map((hashes) => hasAny(sql`${row}.txt`, hashes)))
      case 'reference':
        return refers(row, clause)
      case 'string':
        return this.value('string_value', row, clause.params, (v) =>
          or(clause.values.map((text) => stringTest(v, clause.match, text))),
        )
      case 'date':
        return or(clause.params.map((param) => this.date(row, param, clause.comparisons)))
      case 'quantity':
        return this.value('quantity_value', row, clause.params, (v) =>
          or(clause.tests.map((test) => quantityTest(v, test))),
        )
      case 'updated':
        return or(clause.comparisons.map((comparison) => updatedTest(row, comparison)))
      case 'key':
        return sql`${row}.key = any(${bigints(clause.keys)}::bigint[])`
      case 'chain':
        return this.chain(row, clause)
      case 'has':
        return this.has(row, clause)
      case 'present':
        return or(
          clause.params.map((param) =>
            param === null
              ? sql`${row}.date_hi > '-infinity'`
              : this.value(`${clause.table}_value`, row, [param], () => sql`true`),
          ),
        )
      case 'prose':
        return prose(row, clause.scope, clause.text)
      case 'numbers':
        return this.numbers(row, clause)
      case 'near':
        return isNear(row, clause)
      case 'ofPatient':
        return sql`${row}.patient <> 0`
      case 'not':
        return sql`not (${this.one(row, clause.clause)})`
      case 'any':
        return or(clause.clauses.map((part) => this.one(row, part)))
      case 'all':
        return sql`(${this.all(row, clause.clauses)})`
      case 'concepts':
      case 'hierarchy':
      case 'profileBelow':
      case 'list':
      case 'currentList':
        throw new Error(`${clause.kind} is told by what is stored: resolve.ts makes tokens and references of it first`)
    }
  }

  private alias(): Sql {
    return raw(`s${++this.aliases}`)
  }

  private value(table: string, row: Sql, params: readonly bigint[], test: (alias: Sql) => Sql): Sql {
    const v = this.alias()
    return sql`exists (select 1 from ${raw(table)} ${v} where ${v}.tenant = ${row}.tenant and ${v}.rid = ${row}.rid
      and ${v}.param = any(${bigints(params)}::bigint[]) and ${test(v)} offset 0)`
  }

  private numbers(row: Sql, { params, tests }: Clause & { kind: 'numbers' }): Sql {
    const [a, b] = [this.alias(), this.alias()]
    const stored = or(
      params.map(([first, second]) => sql`(${a}.param = ${first}::bigint and ${b}.param = ${second}::bigint)`),
    )
    return sql`exists (select 1 from quantity_value ${a} join quantity_value ${b}
      on ${b}.tenant = ${a}.tenant and ${b}.rid = ${a}.rid and ${b}.unit = ${a}.unit
      where ${a}.tenant = ${row}.tenant and ${a}.rid = ${row}.rid and ${stored}
        and ${quantityTest(a, tests[0])} and ${quantityTest(b, tests[1])} offset 0)`
  }

  private date(row: Sql, param: bigint | null, comparisons: readonly Comparison<Range>[]): Sql {
    if (param !== null) {
      return this.value('date_value', row, [param], (v) =>
        or(comparisons.map((one) => rangeTest(sql`${v}.lo`, sql`${v}.hi`, one))),
      )
    }
    // A resource without the date holds -infinity twice and satisfies nothing, not even `ne`.
    return sql`(${row}.date_hi > '-infinity' and ${or(comparisons.map((one) => rangeTest(sql`${row}.date_lo`, sql`${row}.date_hi`, one)))})`
  }

  /** The resource refers to one of `type` that satisfies the clauses. */
  private chain(row: Sql, { salts, patient, type, clauses }: Clause & { kind: 'chain' }): Sql {
    const t = this.alias()
    const target = sql`${t}.tenant = ${this.tenant} and ${t}.type = ${typeCode(type)} and not ${t}.deleted and ${this.all(t, clauses)}`
    const byRef = or(
      salts.map((salt) => {
        const e = this.alias()
        return sql`exists (select 1 from unnest(${row}.ref) ${e} join resource ${t} on ${t}.key = (${e} # ${salt}::bigint) and ${t}.tenant = ${row}.tenant where ${target} offset 0)`
      }),
    )
    if (!patient) return byRef
    const byPatient = sql`exists (select 1 from resource ${t} where ${t}.tenant = ${row}.tenant and ${t}.key = ${row}.patient and ${target} offset 0)`
    return sql`case ${row}.patient when 0 then false when ${SEVERAL_PATIENTS} then ${byRef} else ${byPatient} end`
  }

  /** Some resource of `type` that satisfies the clauses refers to this one. */
  private has(row: Sql, { salts, patient, type, clauses }: Clause & { kind: 'has' }): Sql {
    const s = this.alias()
    const source = sql`${s}.tenant = ${this.tenant} and ${s}.type = ${typeCode(type)} and not ${s}.deleted and ${this.all(s, clauses)}`
    const byRef = or(
      salts.map(
        (salt) =>
          sql`exists (select 1 from resource ${s} where ${s}.ref @> array[${row}.key # ${salt}::bigint] and ${source} offset 0)`,
      ),
    )
    if (!patient) return byRef
    const several = or(salts.map((salt) => sql`(${row}.key # ${salt}::bigint) = any(${s}.ref)`))
    return sql`(exists (select 1 from resource ${s} where ${s}.patient = ${row}.key and ${source} offset 0)
      or exists (select 1 from resource ${s} where ${s}.patient = ${SEVERAL_PATIENTS} and ${several} and ${source} offset 0))`
  }
}

/** `h = any(tok)` cannot use the GIN index, unlike `tok @> {h}`; that is the point. */
function hasAny(column: Sql, hashes: readonly bigint[]): Sql {
  if (hashes.length === 0) return raw('false')
  if (hashes.length <= 8) return or(hashes.map((hash) => sql`${hash}::bigint = any(${column})`))
  // Neither can this: the index knows `&&`, not what is asked about its answer.
  if (hashes.length <= 64) return sql`((${column} && ${bigints(hashes)}::bigint[]) is true)`
  // Of many it is made once into a table of hashes, in which each element is looked up.
  return sql`exists (select 1 from unnest(${column}) e where (e in (select unnest(${bigints(hashes)}::bigint[]))) is true offset 0)`
}

/** What the elements of `ref` are when one of the keys is referred to. */
export function refsOf(salts: readonly bigint[], keys: readonly bigint[]): bigint[] {
  return salts.flatMap((salt) => keys.map((key) => key ^ salt))
}

function refers(row: Sql, { salts, keys, patient }: Clause & { kind: 'reference' }): Sql {
  const byRef = hasAny(sql`${row}.ref`, refsOf(salts, keys))
  if (!patient) return byRef
  return sql`(${row}.patient = any(${bigints(keys)}::bigint[]) or (${row}.patient = ${SEVERAL_PATIENTS} and ${byRef}))`
}

export function stringTest(v: Sql, match: StringMatch, text: string): Sql {
  switch (match) {
    case 'exact':
      return sql`${v}.exact = ${text}`
    case 'equal':
      return sql`${v}.value = ${text}`
    case 'prefix':
      // In the order of "C" every text with this prefix lies between it and it with the highest character.
      return sql`(${v}.value >= ${text} and ${v}.value < ${`${text}\u{10ffff}`})`
    case 'contains':
      return sql`${v}.value like ${`%${literally(text)}%`}`
    case 'suffix':
      return sql`${v}.value like ${`%${literally(text)}`}`
  }
}

const literally = (text: string) => text.replace(/[\\%_]/g, '\\$&')

type RangeTest = (lo: Sql, hi: Sql, range: Range) => Sql

/** Each prefix as a relation of the indexed range to the searched one. https://hl7.org/fhir/R4/search.html#prefix */
const ranges: Record<Prefix, RangeTest> = {
  eq: (lo, hi, [a, b]) => sql`(${lo} >= ${instant(a)} and ${lo} < ${instant(b)} and ${hi} <= ${instant(b)})`,
  ne: (lo, hi, [a, b]) => sql`(${lo} < ${instant(a)} or ${hi} > ${instant(b)})`,
  gt: (_, hi, [, b]) => sql`${hi} > ${instant(b)}`,
  lt: (lo, _, [a]) => sql`${lo} < ${instant(a)}`,
  ge: (lo, hi, [a, b]) => sql`(${lo} >= ${instant(a)} or ${hi} > ${instant(b)})`,
  le: (lo, hi, [a, b]) => sql`(${hi} <= ${instant(b)} or ${lo} < ${instant(a)})`,
  sa: (lo, _, [, b]) => sql`${lo} >= ${instant(b)}`,
  eb: (_, hi, [a]) => sql`${hi} <= ${instant(a)}`,
  ap: (lo, hi, [a, b]) => sql`(${lo} < ${instant(b)} and ${hi} > ${instant(a)})`,
}

export const instant = (ms: number): Sql => sql`${timestamp(ms)}::timestamptz`

export function rangeTest(lo: Sql, hi: Sql, { prefix, value }: Comparison<Range>): Sql {
  return ranges[prefix](lo, hi, value)
}

/** meta.lastUpdated is an instant of one millisecond. */
function updatedTest(row: Sql, comparison: Comparison<Range>): Sql {
  return rangeTest(sql`${row}.at`, sql`(${row}.at + interval '1 millisecond')`, comparison)
}

const numbers: Record<Prefix, (v: Sql, number: Decimal) => Sql> = {
  eq: (v, { value, half }) =>
    sql`(${v} >= ${value}::numeric - ${half}::numeric and ${v} < ${value}::numeric + ${half}::numeric)`,
  ne: (v, { value, half }) =>
    sql`(${v} < ${value}::numeric - ${half}::numeric or ${v} >= ${value}::numeric + ${half}::numeric)`,
  gt: (v, { value }) => sql`${v} > ${value}::numeric`,
  lt: (v, { value }) => sql`${v} < ${value}::numeric`,
  ge: (v, { value }) => sql`${v} >= ${value}::numeric`,
  le: (v, { value }) => sql`${v} <= ${value}::numeric`,
  sa: (v, { value }) => sql`${v} > ${value}::numeric`,
  eb: (v, { value }) => sql`${v} < ${value}::numeric`,
  ap: (v, { value, half }) =>
    sql`(${v} >= ${value}::numeric - ${half}::numeric and ${v} <= ${value}::numeric + ${half}::numeric)`,
}

export function quantityTest(v: Sql, { comparison, unit, unitCode }: QuantityTest): Sql {
  const value = numbers[comparison.prefix](sql`${v}.value`, comparison.value)
  if (unit !== undefined) return sql`(${v}.unit = ${unit}::bigint and ${value})`
  if (unitCode !== undefined) return sql`(${v}.unit_code = ${unitCode}::bigint and ${value})`
  return value
}

import type { Session } from '../db/database.js'
import { rowsExpected } from '../db/rows-expected.js'
import { and, bigints, join, raw, type Sql, sql } from '../db/sql.js'
import { typeCode } from '../fhir/type-codes.js'
import type { Clause } from './clause.js'
import { SEVERAL_PATIENTS } from './entry.js'
import { isCounted } from './hash.js'
import { typeTotal } from './names.js'
import { nearRids } from './near.js'
import {
  type Drive,
  keyDrive,
  matching,
  ofPatients,
  ofType,
  type Question,
  ranged,
  sameType,
  scan,
  set,
  viaValues,
} from './statements.js'
import type { Totals } from './totals.js'
import { quantityTest, refsOf, stringTest, Where } from './where.js'

/** Why rows are read as they are: `$explain` tells it. */
export interface Choice {
  /** by ids; along the index of a few patients; all candidates of an index, sorted; in the order of the page; all of a type, sorted */
  way: 'ids' | 'patient' | 'candidates' | 'order' | 'type'
  /** What the index answers; all other clauses are asked of each row that it leads to. */
  serves: readonly Clause[]
  /** rows that have to be looked at, about; undefined: nothing is known of it */
  expected?: number
  /** further indexes that could have led to candidates, and to about how many */
  others: readonly Pick<Drive, 'serves' | 'estimate'>[]
}

/** A statement whose rows are rid, id, key, version and the order's values `s0`, `s1` … */
export interface Plan {
  rows: Sql
  /** The scan was cut off after this many rows: fewer than `limit` results do not mean that there are no more. */
  bounded?: boolean
  /** An index leads to few rows: done in a millisecond or so. */
  quick?: boolean
  choice: Choice
}

/**
 * Measured, in microseconds: to read one row in the order of an index, to look at a value of it that is kept beside it,
 * and to fetch and sort one candidate.
 */
const READ = 0.5
const LOOK = 2.5
const FETCH = 2
/** A scan in page order that is expected to read more rows than this for one page is not worth starting. */
const MOST_READS = 20_000
/** A scan goes on for so much longer than expected before it gives up, and for so many rows at least. */
const PATIENCE = 4
const LEAST_READS = 500
/** Of so many patients each is looked at by its own; of more, rows are taken as they come. */
const MOST_PATIENTS = 64
/** Of a type with more resources the database is asked how common a string is: it takes a millisecond. */
const LARGE = 20_000
/** Up to so many candidates or rows to read, a page is had in a millisecond or so. */
const QUICK = 1000

export class Planner {
  constructor(
    private readonly totals: Totals,
    private readonly session: Session,
  ) {}

  /**
   * Chooses between walking an index in the order of the page, filtering as it goes, and fetching all candidates by
   * another index and sorting them: by kept totals, never by the database's assumption that conditions are independent.
   *
   * @param wide  the caller has seen the bounded scan end early: choose again without it
   */
  async page(question: Question, wide = false): Promise<Plan> {
    const { clauses, order } = question
    const byKey = clauses.find((clause) => clause.kind === 'key')
    if (byKey) {
      const choice: Choice = { way: 'ids', serves: [byKey], expected: byKey.keys.length, others: [] }
      return { rows: set(question, keyDrive(question.tenant, byKey)), quick: byKey.keys.length <= 100, choice }
    }
    const byPatient = fewPatients(clauses)
    if (byPatient) {
      const choice: Choice = { way: 'patient', serves: [byPatient], others: [] }
      return { rows: ofPatients(question, byPatient), quick: true, choice }
    }

    const total = await this.totals.estimate(question.tenant, typeTotal(question.tenant, question.type))
    const drives = await this.drives(question)
    const best = drives.reduce<Drive | undefined>((a, b) => (a && a.estimate <= b.estimate ? a : b), undefined)
    const inOrder = (): Choice => ({ way: 'order', serves: ranged(question), others: drives })
    if (!best) {
      const choice: Choice = order.index ? inOrder() : { ...inOrder(), way: 'type', expected: total }
      return { rows: scan(question), quick: clauses.length === 0 && order.index !== undefined, choice }
    }
    const few = best.estimate <= QUICK
    const others = drives.filter((drive) => drive !== best)
    const candidates: Choice = { way: 'candidates', serves: best.serves, expected: best.estimate, others }
    if (order.index === undefined || wide) return { rows: set(question, best), quick: few, choice: candidates }
    // Every further condition is taken to halve the matches: only a guess, so the scan is bounded.
    const matches = Math.max(best.estimate / 2 ** (clauses.length - 1), 1)
    const reads = (question.limit * total) / matches
    const reading = clauses.some(isBeside) ? READ + LOOK : READ
    if (!best.scannable || reads > MOST_READS || reads * reading > best.estimate * FETCH)
      return { rows: set(question, best), quick: few, choice: candidates }
    const choice = { ...inOrder(), expected: reads }
    return {
      rows: scan(question, Math.max(PATIENCE * reads, LEAST_READS)),
      bounded: true,
      quick: reads <= QUICK,
      choice,
    }
  }

  /** About how many resources of the type satisfy a clause; `isKept` when that is a kept total, not a guess. */
  async expected(tenant: number, type: string, clause: Clause): Promise<{ rows: number; isKept: boolean }> {
    const isKept = clause.kind === 'token' && clause.hashes.every(isCounted)
    return { rows: await this.matches(tenant, type, clause), isKept }
  }

  /** Keys of up to `limit` matches, in no order. */
  async keys(question: Omit<Question, 'order' | 'after'>, what: Sql): Promise<Sql> {
    const drive = await this.cheapest(question)
    return sql`select distinct ${what} as key ${matching(question, drive)} limit ${question.limit}`
  }

  async count(question: Omit<Question, 'order' | 'limit'>): Promise<Sql> {
    const drive = await this.cheapest(question)
    return sql`select count(*) as n ${matching(question, drive)}`
  }

  /** Counts no further than `most`. */
  async countUpTo(question: Omit<Question, 'order' | 'limit'>, most: number): Promise<Sql> {
    const drive = await this.cheapest(question)
    return sql`select count(*) as n from (select ${matching(question, drive)} limit ${most}) c`
  }

  /** About how many match: by kept totals, each further condition taken to halve them. */
  async guess(question: Omit<Question, 'order' | 'limit'>): Promise<number> {
    const { tenant, type, clauses } = question
    const most = (await this.cheapest(question))?.estimate
    const total = await this.totals.estimate(tenant, typeTotal(tenant, type))
    return Math.round(most === undefined ? total / 2 ** clauses.length : most / 2 ** (clauses.length - 1))
  }

  /** About how many candidates a search has to look at, when an index leads to them; undefined: it must read the type. */
  async cost(question: Omit<Question, 'order' | 'limit'>): Promise<number | undefined> {
    return (await this.cheapest(question))?.estimate
  }

  private async cheapest(question: Omit<Question, 'order' | 'limit'>): Promise<Drive | undefined> {
    const byKey = question.clauses.find((clause) => clause.kind === 'key')
    if (byKey) return keyDrive(question.tenant, byKey)
    const drives = await this.drives(question)
    return drives.reduce<Drive | undefined>((a, b) => (a && a.estimate <= b.estimate ? a : b), undefined)
  }

  private async drives(question: Omit<Question, 'order' | 'limit'>): Promise<Drive[]> {
    const { tenant, type, clauses } = question
    const drives: Drive[] = []
    const single = clauses.filter((clause) => clause.kind === 'token' && clause.hashes.length === 1) as (Clause & {
      kind: 'token'
    })[]
    if (single.length) {
      const hashes = single.map((clause) => clause.hashes[0]!)
      const estimates = await Promise.all(hashes.map((hash) => this.estimate(tenant, hash)))
      drives.push({
        estimate: Math.min(...estimates),
        scannable: true,
        from: sql`resource r where r.tok @> ${bigints(hashes)}::bigint[] and ${sameType(tenant, type)}`,
        serves: single,
      })
    }
    for (const clause of clauses) {
      if (clause.kind === 'any') {
        const drive = await this.union(tenant, type, clause)
        if (drive) drives.push(drive)
        continue
      }
      const from = this.from(tenant, type, clause)
      if (!from) continue
      const estimate = await this.matches(tenant, type, clause)
      const scannable =
        clause.kind === 'token' || clause.kind === 'words' || (clause.kind === 'string' && estimate > QUICK)
      drives.push({ estimate, scannable, from, serves: [clause] })
    }
    return drives
  }

  /** Alternatives of which each has an index that leads to it: together these lead to all candidates. */
  private async union(tenant: number, type: string, clause: Clause & { kind: 'any' }): Promise<Drive | undefined> {
    const ways = await Promise.all(
      clause.clauses.map((one) => this.cheapest({ tenant, type, clauses: one.kind === 'all' ? one.clauses : [one] })),
    )
    if (ways.length === 0)
      return { estimate: 0, scannable: false, from: raw('resource r where false'), serves: [clause] }
    const drives = ways.filter((way) => way !== undefined)
    if (drives.length < ways.length) return undefined
    const rids = join(
      drives.map(({ from }) => sql`select r.rid from ${from}`),
      ' union ',
    )
    return {
      estimate: drives.reduce((sum, { estimate }) => sum + estimate, 0),
      scannable: false,
      from: sql`(${rids}) v join resource r on r.rid = v.rid and ${ofType(tenant, type)} where true`,
      serves: drives.every(({ serves }, i) => serves.includes(clause.clauses[i]!)) ? [clause] : [],
    }
  }

  private from(tenant: number, type: string, clause: Clause): Sql | undefined {
    switch (clause.kind) {
      case 'token':
        return clause.hashes.length === 1
          ? undefined
          : sql`resource r where r.tok && ${bigints(clause.hashes)}::bigint[] and ${sameType(tenant, type)}`
      case 'words':
        return sql`resource r where ${and(clause.words.map((hashes) => sql`r.txt && ${bigints(hashes)}::bigint[]`))} and ${sameType(tenant, type)}`
      case 'reference': {
        if (clause.patient)
          return sql`resource r where r.tenant = ${tenant} and r.type = ${typeCode(type)} and not r.deleted
            and r.patient = any(${bigints([...clause.keys, SEVERAL_PATIENTS])}::bigint[]) and ${new Where(tenant).one(raw('r'), clause)}`
        return sql`resource r where r.ref && ${bigints(refsOf(clause.salts, clause.keys))}::bigint[] and ${sameType(tenant, type)}`
      }
      case 'string':
        return viaValues(tenant, type, 'string_value', clause.params, stringTests(clause))
      case 'quantity':
        return viaValues(
          tenant,
          type,
          'quantity_value',
          clause.params,
          join(
            clause.tests.map((test) => quantityTest(raw('v'), test)),
            ' or ',
          ),
        )
      case 'near':
        return sql`(${nearRids(clause, tenant)}) v join resource r on r.rid = v.rid and ${ofType(tenant, type)} where true`
      default:
        return undefined
    }
  }

  /** Where no total is kept it is a guess, and one that does not make an unknown condition look rarer than a known one. */
  private async matches(tenant: number, type: string, clause: Clause): Promise<number> {
    switch (clause.kind) {
      case 'token': {
        const estimates = await Promise.all(clause.hashes.map((hash) => this.estimate(tenant, hash)))
        return estimates.reduce((a, b) => a + b, 0)
      }
      case 'reference':
        return clause.keys.length * 300
      case 'near':
        return 500
      case 'words':
        return (await this.totals.estimate(tenant, typeTotal(tenant, type))) / 10
      case 'string': {
        const total = await this.totals.estimate(tenant, typeTotal(tenant, type))
        if (total > LARGE) return rowsExpected(this.session, valuesOf(tenant, clause))
        return clause.match === 'prefix' ? 3000 / Math.min(...clause.values.map((text) => text.length)) : 500
      }
      default:
        return (await this.totals.estimate(tenant, typeTotal(tenant, type))) / 4
    }
  }

  /** Tokens whose totals are not kept are those that hardly two resources share. */
  private estimate(tenant: number, hash: bigint): Promise<number> | number {
    return isCounted(hash) ? this.totals.estimate(tenant, hash) : 2
  }
}

/** Whether a row of `resource` does not tell: its values lie in a table beside it. */
const isBeside = ({ kind }: Clause) => kind === 'string' || kind === 'quantity'

const stringTests = ({ match, values }: Clause & { kind: 'string' }): Sql =>
  join(
    values.map((text) => stringTest(raw('v'), match, text)),
    ' or ',
  )

const valuesOf = (tenant: number, clause: Clause & { kind: 'string' }): Sql =>
  sql`select 1 from string_value v where v.tenant = ${tenant} and v.param = any(${bigints(clause.params)}::bigint[])
    and (${stringTests(clause)})`

function fewPatients(clauses: readonly Clause[]) {
  return clauses.find(
    (clause) =>
      clause.kind === 'reference' && clause.patient && clause.keys.length > 0 && clause.keys.length <= MOST_PATIENTS,
  ) as (Clause & { kind: 'reference' }) | undefined
}

import type { Session } from '../db/database.js'
import { raw, sql } from '../db/sql.js'
import type { Clause } from './clause.js'
import { SEVERAL_PATIENTS } from './entry.js'
import type { Planner } from './plan.js'
import { anyOf } from './reading.js'
import { isOpen, resolved, type Stored } from './resolve.js'

/** A chain or _has is answered by naming its targets when there are at most this many. */
const MOST_TARGETS = 500
/** … and looked up from the side of the sources when those are at most this many. */
const MOST_SOURCES = 3000

/** Whether something has to be looked up before an index can answer the clause. */
export const needsLookup = (clause: Clause): boolean =>
  clause.kind === 'chain' ||
  clause.kind === 'has' ||
  clause.kind === 'all' ||
  isOpen(clause) ||
  (clause.kind === 'any' && clause.clauses.some(needsLookup)) ||
  (clause.kind === 'not' && needsLookup(clause.clause))

/**
 * Looks up what the clauses of one search lead to: chains and _has whose targets are few become references and keys,
 * which indexes answer, and what stored terminology, Lists and hierarchies say becomes tokens and keys.
 */
export class Lookup {
  constructor(
    private readonly session: Session,
    private readonly planner: Planner,
    private readonly stored: Stored,
    private readonly signal?: AbortSignal,
  ) {}

  /** Clauses that all hold, looked up. */
  async all(clauses: readonly Clause[]): Promise<readonly Clause[]> {
    if (!clauses.some(needsLookup)) return clauses
    const found = await Promise.all(clauses.map((clause) => this.one(clause, clauses)))
    // What all must hold may be led to by an index, each for itself.
    return found.flatMap((clause) => (clause.kind === 'all' ? clause.clauses : [clause]))
  }

  private async one(clause: Clause, beside: readonly Clause[]): Promise<Clause> {
    const { tenant } = this.stored
    if (isOpen(clause)) return resolved(clause, beside, this.stored)
    switch (clause.kind) {
      case 'not':
        return { kind: 'not', clause: await this.one(clause.clause, beside) }
      case 'any':
        return anyOf(await Promise.all(clause.clauses.map((one) => this.one(one, beside))))
      case 'all':
        return { ...clause, clauses: [...(await this.all(clause.clauses))] }
      case 'chain': {
        const inner = await this.all(clause.clauses)
        const statement = await this.planner.keys(
          { tenant, type: clause.type, clauses: inner, limit: MOST_TARGETS + 1 },
          raw('r.key'),
        )
        const keys = (await this.session.query<{ key: bigint }>(statement, this.signal)).map(({ key }) => key)
        if (keys.length > MOST_TARGETS) return { ...clause, clauses: [...inner] }
        return { kind: 'reference', salts: clause.salts, keys, patient: clause.patient }
      }
      case 'has': {
        const inner = await this.all(clause.clauses)
        const question = { tenant, type: clause.type, clauses: inner }
        const cost = await this.planner.cost(question)
        if (cost === undefined || cost > MOST_SOURCES) return { ...clause, clauses: [...inner] }
        const keys = await this.targets(clause, question)
        return keys ? { kind: 'key', keys } : { ...clause, clauses: [...inner] }
      }
      default:
        return clause
    }
  }

  /** Keys that the matching sources refer to; xor of another parameter's element is no resource's key. */
  private async targets(
    clause: Clause & { kind: 'has' },
    question: { tenant: number; type: string; clauses: readonly Clause[] },
  ): Promise<bigint[] | undefined> {
    const limit = MOST_SOURCES * 4
    const wanted = clause.patient
      ? [raw('r.patient')]
      : clause.salts.map((salt) => sql`unnest(r.ref) # ${salt}::bigint`)
    const keys: bigint[] = []
    for (const what of wanted) {
      const statement = await this.planner.keys({ ...question, limit }, what)
      const rows = await this.session.query<{ key: bigint }>(statement, this.signal)
      if (rows.length === limit) return undefined
      keys.push(...rows.map(({ key }) => key))
    }
    if (clause.patient && keys.includes(SEVERAL_PATIENTS)) return this.targets({ ...clause, patient: false }, question)
    return keys
  }
}

import type { Session } from '../db/database.js'
import { type Sql, sql } from '../db/sql.js'

/** What of values is needed as text, since hashes cannot be read back. */
export const KINDS = { unit: 1, profile: 2 } as const
export type Kind = keyof typeof KINDS

/** Terms that resources to be written name. */
export type Terms = Readonly<Record<Kind, ReadonlySet<string>>>

/** Those that this process knows to be recorded in a database, so that the usual write asks nobody. */
const recorded = new WeakMap<Session, Set<string>>()
const MOST = 50_000

/**
 * Makes the terms known before the resources are there, in a transaction of its own: a term that nothing names does no
 * harm, and nobody waits for the end of a bundle.
 */
export async function recordTerms(db: Session, tenant: number, terms: Terms): Promise<void> {
  let known = recorded.get(db)
  if (!known || known.size > MOST) {
    known = new Set()
    recorded.set(db, known)
  }
  for (const kind of Object.keys(KINDS) as Kind[]) {
    const name = (term: string) => `${tenant} ${kind} ${term}`
    const fresh = [...terms[kind]].filter((term) => !known.has(name(term)))
    if (fresh.length === 0) continue
    // Sorted, so that two who record the same never wait for each other in a circle.
    await db.quick(sql`
      insert into vocabulary (tenant, kind, term) select ${tenant}, ${KINDS[kind]}, term from unnest(${fresh.sort()}::text[]) term
      on conflict do nothing`)
    for (const term of fresh) known.add(name(term))
  }
}

/** Statement whose rows are `term`. */
export const termsOf = (tenant: number, kind: Kind): Sql =>
  sql`select term from vocabulary where tenant = ${tenant} and kind = ${KINDS[kind]}`

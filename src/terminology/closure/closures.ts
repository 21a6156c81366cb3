import { NotFound } from '../../base/errors.js'
import type { Database, Transaction } from '../../db/database.js'
import { sql } from '../../db/sql.js'
import type { CodeSystems } from '../providers.js'
import { type Concept, type Relation, relationsOf } from './relations.js'

/** What a client has to add to what it knows of the closure. */
export interface Growth {
  /** Of the table: 0 when it has just been made. */
  readonly version: number
  readonly relations: readonly Relation[]
}

/** A table of this name with nothing in it; what it held before is gone. */
export async function begin(db: Database, tenant: number, name: string): Promise<Growth> {
  await db.transaction(async (transaction) => {
    await transaction.query(sql`delete from closure c where c.tenant = ${tenant} and c.name = ${name}`)
    await transaction.query(sql`insert into closure (tenant, name) values (${tenant}, ${name})`)
  })
  return { version: 0, relations: [] }
}

/**
 * Adds concepts.
 * @returns the relations that are new by them; the version stays where nothing is added
 * @throws NotFound  there is no such table; or a system or code is not known (404)
 */
export function grow(
  db: Database,
  tenant: number,
  name: string,
  concepts: readonly Concept[],
  systems: CodeSystems,
): Promise<Growth> {
  return db.transaction(async (transaction) => {
    const version = await versionOf(transaction, tenant, name)
    const bySystem = new Map<string, Map<string, Concept>>()
    for (const one of concepts) {
      const those = bySystem.get(one.system) ?? new Map<string, Concept>()
      bySystem.set(one.system, those.set(one.code, one))
    }
    const relations: Relation[] = []
    let added = 0
    for (const [system, asked] of bySystem) {
      const present = new Set(await codesIn(transaction, tenant, name, system))
      const fresh = [...asked.values()].filter(({ code }) => !present.has(code))
      if (fresh.length === 0) continue
      added += fresh.length
      relations.push(...(await relationsOf(fresh, [...present], systems)))
      await transaction.query(sql`
        insert into closure_concept (tenant, name, system, code)
        select ${tenant}, ${name}, ${system}, one.code from unnest(${fresh.map(({ code }) => code)}::text[]) as one (code)`)
    }
    if (added === 0) return { version, relations }
    await raise(transaction, tenant, name, version + 1, relations)
    return { version: version + 1, relations }
  })
}

/**
 * What was added after a version, for a client that lost what it was told.
 * @throws NotFound  there is no such table (404)
 */
export async function replay(db: Database, tenant: number, name: string, after: number): Promise<Growth> {
  const [table] = await db.query<{ version: number }>(
    sql`select c.version from closure c where c.tenant = ${tenant} and c.name = ${name}`,
  )
  if (!table) throw unknown(name)
  const relations = await db.query<{ system: string; code: string; subsumer: string }>(sql`
    select r.system, r.code, r.subsumer from closure_relation r
    where r.tenant = ${tenant} and r.name = ${name} and r.version > ${after} and r.version <= ${table.version}
    order by r.version, r.system, r.code, r.subsumer`)
  return { version: table.version, relations }
}

const unknown = (name: string) =>
  new NotFound(`There is no closure table ${name.slice(0, 64)}: it begins with a $closure that has the name alone`)

/** Whoever adds to it waits for who does already. */
async function versionOf(transaction: Transaction, tenant: number, name: string): Promise<number> {
  const [table] = await transaction.query<{ version: number }>(
    sql`select c.version from closure c where c.tenant = ${tenant} and c.name = ${name} for update`,
  )
  if (!table) throw unknown(name)
  return table.version
}

async function codesIn(transaction: Transaction, tenant: number, name: string, system: string): Promise<string[]> {
  const rows = await transaction.query<{ code: string }>(sql`
    select c.code from closure_concept c where c.tenant = ${tenant} and c.name = ${name} and c.system = ${system}`)
  return rows.map(({ code }) => code)
}

async function raise(
  transaction: Transaction,
  tenant: number,
  name: string,
  version: number,
  relations: readonly Relation[],
): Promise<void> {
  await transaction.query(
    sql`update closure c set version = ${version} where c.tenant = ${tenant} and c.name = ${name}`,
  )
  const [systems, codes, subsumers] = (['system', 'code', 'subsumer'] as const).map((part) =>
    relations.map((one) => one[part]),
  )
  await transaction.query(sql`
    insert into closure_relation (tenant, name, version, system, code, subsumer)
    select ${tenant}, ${name}, ${version}, one.system, one.code, one.subsumer
    from unnest(${systems}::text[], ${codes}::text[], ${subsumers}::text[]) as one (system, code, subsumer)
    on conflict do nothing`)
}

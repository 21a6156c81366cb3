import { Invalid } from '../base/errors.js'
import { bigints, type Sql, sql } from '../db/sql.js'
import { CodeSet } from '../fhir/code-set.js'
import { type StoredDefinitions, type Terminology, UnknownDefinition } from '../fhir/terminology.js'
import { typeCode } from '../fhir/type-codes.js'
import type { Clause, ConceptTest } from './clause.js'
import { withId, withUrl } from './definitions.js'
import { currentLists, listById, membersOf } from './lists.js'
import { converted } from './types/quantity.js'
import { among } from './types/token.js'
import * as uri from './types/uri.js'
import { type Kind, termsOf } from './vocabulary.js'

/** What is stored, as one search sees it. */
export interface Stored {
  tenant: number
  query<R extends Record<string, unknown>>(statement: Sql): Promise<R[]>
  /** JSON texts of the current resources that `resource r where …` reads */
  contents(from: Sql): Promise<string[]>
  terminology: Terminology
  /** Definitions may have been written by the transaction that this is a part of. */
  inTransaction: boolean
  /** Of many tokens those that some resource has. */
  present(hashes: readonly bigint[]): Promise<readonly bigint[]>
}

/** Clauses that are told by what is stored, and not by the resource alone. */
export type Open = Clause & {
  kind: 'concepts' | 'hierarchy' | 'profileBelow' | 'quantity' | 'list' | 'currentList'
}

const OPEN: ReadonlySet<Clause['kind']> = new Set(['concepts', 'hierarchy', 'profileBelow', 'list', 'currentList'])

export const isOpen = (clause: Clause): clause is Open =>
  OPEN.has(clause.kind) || (clause.kind === 'quantity' && clause.tests.some(({ ucum }) => ucum !== undefined))

/** More tokens than these are first looked for one by one, so that the rest need not be. */
const FEW = 64

/**
 * The same condition as one that an index answers.
 * @param beside  what else is asked of the same resource
 */
export async function resolved(clause: Open, beside: readonly Clause[], stored: Stored): Promise<Clause> {
  switch (clause.kind) {
    case 'concepts': {
      const sets = await Promise.all(clause.tests.map((test) => codesOf(test, stored)))
      const hashes = among(
        clause.tokens,
        sets.reduce((a, b) => a.with(b), CodeSet.none),
      )
      return { kind: 'token', hashes: [...(hashes.length > FEW ? await stored.present(hashes) : hashes)] }
    }
    case 'hierarchy':
      return { kind: 'reference', salts: clause.salts, keys: await relatives(clause, stored), patient: false }
    case 'profileBelow': {
      const profiles = await termsIn(stored, 'profile')
      return { kind: 'token', hashes: uri.amongBelow(clause.prefix, profiles, clause.paths) }
    }
    case 'list': {
      const [list] = await stored.contents(listById(stored.tenant, clause.id))
      if (list === undefined) throw new UnknownDefinition('_list: there is no List with this id')
      return { kind: 'key', keys: membersOf(stored.tenant, list) }
    }
    case 'currentList': {
      const ofPatients = beside.find((one) => one.kind === 'reference' && one.patient && one.keys.length === 1) as
        | (Clause & { kind: 'reference' })
        | undefined
      if (!ofPatients) throw new Invalid(`_list=${clause.name} is about one patient: it needs patient=…, too`)
      const lists = await stored.contents(currentLists(stored.tenant, clause, ofPatients.keys))
      if (lists.length === 0) return clause.otherwise
      const keys = lists.flatMap((list) => membersOf(stored.tenant, list))
      return { kind: 'all', clauses: [{ kind: 'key', keys }, ...clause.narrow] }
    }
    case 'quantity': {
      const units = await termsIn(stored, 'unit')
      return { ...clause, tests: clause.tests.flatMap((test) => converted(test, units)) }
    }
  }
}

function codesOf(test: ConceptTest, { terminology, inTransaction, ...stored }: Stored): Promise<CodeSet> {
  const written = inTransaction ? definitionsIn(stored) : undefined
  if (test.kind === 'in') return terminology.codesOf(stored.tenant, test.valueSet, written)
  return terminology.hierarchy(stored.tenant, test.kind, test.system, test.code, written)
}

function definitionsIn({ tenant, contents }: Pick<Stored, 'tenant' | 'contents'>): StoredDefinitions {
  return {
    withUrl: (type, url) => contents(withUrl(tenant, type, url)),
    async withId(type, id) {
      const [text] = await contents(withId(tenant, type, id))
      return text
    },
  }
}

const termsIn = async ({ tenant, query }: Stored, kind: Kind): Promise<string[]> =>
  (await query<{ term: string }>(termsOf(tenant, kind))).map(({ term }) => term)

/** Keys of the resources, and of all that are parts of them (or that they are parts of), from one to the next. */
async function relatives(
  { direction, type, parts, keys }: Open & { kind: 'hierarchy' },
  { tenant, query }: Stored,
): Promise<bigint[]> {
  const found = new Set(keys)
  for (let wave = keys; wave.length > 0; ) {
    const next = await query<{ key: bigint }>(
      direction === 'below' ? children(tenant, type, parts, wave) : parents(tenant, type, parts, wave),
    )
    wave = next.map(({ key }) => key).filter((key) => !found.has(key))
    for (const key of wave) found.add(key)
  }
  return [...found]
}

function children(tenant: number, type: string, parts: readonly bigint[], keys: readonly bigint[]): Sql {
  const refs = parts.flatMap((salt) => keys.map((key) => key ^ salt))
  return sql`select r.key from resource r where r.ref && ${bigints(refs)}::bigint[]
    and (r.tenant + 0) = ${tenant} and (r.type + 0) = ${typeCode(type)} and not r.deleted`
}

function parents(tenant: number, type: string, parts: readonly bigint[], keys: readonly bigint[]): Sql {
  return sql`select p.key from resource r, unnest(r.ref) e, unnest(${bigints(parts)}::bigint[]) salt, resource p
    where r.tenant = ${tenant} and r.key = any(${bigints(keys)}::bigint[]) and not r.deleted
      and p.tenant = ${tenant} and p.key = (e # salt) and p.type = ${typeCode(type)}`
}

import type { Principal } from '../base/context.js'
import { Forbidden } from '../base/errors.js'
import type { Clause } from '../search/clause.js'
import type { Exchange } from './exchange.js'
import type { Places } from './interactions.js'
import type { Letter } from './letter.js'

interface Grant {
  level: 'patient' | 'user' | 'system'
  /** `*` is every type. */
  type: string
  letters: string
}

/** The words of SMART v1, in the letters of v2. */
const v1: Record<string, string> = { read: 'rs', write: 'cud', '*': 'cruds' }

// A scope with a query (`system/Observation.rs?category=…`) allows less than its type, so it is not taken for it.
const scopeForm = /^(patient|user|system)\/(\*|[A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)$/

/** A principal is kept as long as its token is, and so are its scopes as parsed. */
const parsed = new WeakMap<readonly string[], Grant[]>()

function grants(scopes: readonly string[]): Grant[] {
  let found = parsed.get(scopes)
  if (!found) {
    found = scopes.flatMap((scope) => {
      const [, level, type = '', allows = ''] = scopeForm.exec(scope) ?? []
      return level ? { level: level as Grant['level'], type, letters: v1[allows] ?? allows } : []
    })
    parsed.set(scopes, found)
  }
  return found
}

/**
 * Whether `user/` or `system/` scopes allow an interaction with all resources of a type.
 *
 * @param scopes  SMART v2 (`system/Patient.rs`) or v1 (`user/*.read`)
 * @param type    a resource type, or `*` for every type at once
 */
export function permits(scopes: readonly string[], type: string, letter: Letter): boolean {
  return allowing(scopes, type, letter).some(({ level }) => level !== 'patient')
}

function allowing(scopes: readonly string[], type: string, letter: Letter): Grant[] {
  return grants(scopes).filter((grant) => (grant.type === '*' || grant.type === type) && grant.letters.includes(letter))
}

/**
 * Refuses what the principal's scopes do not cover. Each exchange of its own is asked about, so a Bundle as such
 * needs nothing and each of its entries what it would need alone.
 *
 * @throws Forbidden  names the scope that is missing (403)
 * @see https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources
 */
export function authorize(places: Places, { ctx, method, path, query, ifNoneExist }: Exchange): void {
  const { scopes } = ctx.principal
  if (!scopes) return
  const interaction = places.interaction(method, path)
  // What is not known here is not let through on the chance that it is 404 or 405.
  const { name, type = '*', needs } = interaction ?? { name: 'unknown', needs: everything }
  const letters: readonly Letter[] = ifNoneExist && name === 'create' ? ['c', 's'] : needs
  for (const each of name === 'search-system' ? typesOf(query) : [type]) {
    for (const letter of letters) demand(scopes, each, letter)
  }
}

/**
 * Refuses criteria that look into resources of other types, by chains or `_has`, which the scopes do not cover.
 * @throws Forbidden  names the scope that is missing (403)
 */
export function authorizeClauses(principal: Principal, clauses: Iterable<Clause>): void {
  const { scopes } = principal
  if (!scopes) return
  for (const clause of clauses) {
    if (clause.kind === 'chain' || clause.kind === 'has' || clause.kind === 'hierarchy')
      demand(scopes, clause.type, 's')
    if (clause.kind === 'list' || clause.kind === 'currentList') demand(scopes, 'List', 's')
    if ('clauses' in clause) authorizeClauses(principal, clause.clauses)
    if ('clause' in clause) authorizeClauses(principal, [clause.clause])
  }
}

/**
 * Refuses a search, or with `r` a read, that is about types which the scopes do not cover.
 * @throws Forbidden  names the scope that is missing (403)
 */
export function authorizeTypes({ scopes }: Principal, types: readonly string[], letter: Letter = 's'): void {
  if (scopes) for (const type of types) demand(scopes, type, letter)
}

/** Whether the principal may do everything, and so may see how the server does it. */
export function isAdministrator({ scopes }: Principal): boolean {
  return !scopes || everything.every((letter) => permits(scopes, '*', letter))
}

/** Whether the principal may see resources of a type, be it by reading or by searching. */
export function maySee({ scopes }: Principal, type: string): boolean {
  return !scopes || permits(scopes, type, 'r') || permits(scopes, type, 's')
}

/** Whether resources of a type may be on a page of a search for another one. */
export function mayInclude({ scopes }: Principal, type: string): boolean {
  return !scopes || permits(scopes, type, 's')
}

const everything: readonly Letter[] = ['c', 'r', 'u', 'd', 's']

/**
 * A search of the whole system may be narrowed to some types: `?_type=Patient,Observation`. Those of a further page
 * are sealed in its link: they are asked for once it is open.
 */
function typesOf(query: string): string[] {
  const pairs = new URLSearchParams(query)
  if (pairs.has('_cursor')) return []
  const types = pairs.getAll('_type').flatMap((list) => list.split(','))
  return types.length > 0 ? types : ['*']
}

function demand(scopes: readonly string[], type: string, letter: Letter): void {
  if (permits(scopes, type, letter)) return
  const needed = `system/${type}.${letter} or user/${type}.${letter}`
  throw allowing(scopes, type, letter).length > 0
    ? new Forbidden(`A patient-level scope cannot be used here yet; this needs the scope ${needed}`)
    : new Forbidden(`This needs the scope ${needed}`)
}

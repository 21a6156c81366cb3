import { type Sql, sql } from '../db/sql.js'
import { asBoolean, asNumber, asText, type Branch, type Collection, single } from './collection.js'
import { listed } from './element.js'
import type { Scope } from './scope.js'
import { type Family, familyOf } from './types.js'
import { Unfit } from './unfit.js'

/** The one family that all values of a collection are of; undefined for the collection that is always empty. */
export function familyOfAll({ branches }: Collection): Family | undefined {
  const families = new Set(branches.map(({ type }) => familyOf(type)))
  if (families.size > 1) throw new Unfit(`takes a value that is ${listed(branches)}: pick one by ofType()`)
  return families.values().next().value
}

function one(collection: Collection, family: Family | Family[], as: (branch: Branch) => Sql, scope: Scope): Sql {
  const found = familyOfAll(collection)
  const wanted = Array.isArray(family) ? family : [family]
  if (found !== undefined && !wanted.includes(found))
    throw new Unfit(`takes a ${listed(collection.branches)} where a ${wanted[0]} is needed`)
  return single(collection, as, scope.aliases)
}

/** The one text; dates and times are text too. */
export const textOf = (collection: Collection, scope: Scope): Sql =>
  sql`(${one(collection, ['text', 'temporal'], asText, scope)})::text`
export const numberOf = (collection: Collection, scope: Scope): Sql =>
  sql`(${one(collection, 'number', asNumber, scope)})::numeric`

/**
 * True, false or null. One value that is no boolean counts as true.
 * @see https://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections
 */
export function booleanOf(collection: Collection, scope: Scope): Sql {
  const isBoolean = collection.branches.every(({ type }) => familyOf(type) === 'boolean')
  if (isBoolean) return sql`(${single(collection, asBoolean, scope.aliases)})::boolean`
  if (collection.branches.some(({ type }) => familyOf(type) === 'boolean')) familyOfAll(collection)
  return single(collection, (branch) => sql`case when ${asText(branch)} is not null then true end`, scope.aliases)
}

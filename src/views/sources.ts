import { bigints, raw, type Sql, sql } from '../db/sql.js'
import { stringifyJson } from '../fhir/json.js'
import { typeCode } from '../fhir/type-codes.js'
import { patientRefs } from '../search/compartment.js'
import { keyOf } from '../search/hash.js'

/** Which of a tenant's resources a view is about. */
export interface Stored {
  tenant: number
  type: string
  /** Ids of patients: only what is of them. */
  patients?: readonly string[]
  /** Only what was last updated after this instant. */
  since?: string
  /** Where a page begins. */
  from?: bigint
}

/**
 * Current resources of the store; `rid` is the order in which they first came.
 * `offset 0` keeps the conditions of the view out of "version": there they would meet resources of other types and
 * versions of old, on which they may fail, and all of them.
 */
export function storedSource(stored: Stored): Sql {
  const { since, from } = stored
  return sql`select r.rid, v.content from resource r, lateral (select v.content from version v
      where v.tenant = r.tenant and v.rid = r.rid and v.version = r.version offset 0) v
    where ${rows(stored)} and not r.deleted
    ${since === undefined ? raw('') : sql`and r.at > ${since}::timestamptz`}
    ${from === undefined ? raw('') : sql`and r.rid >= ${from}`}`
}

function rows({ tenant, type, patients }: Stored): Sql {
  if (!patients) return sql`r.tenant = ${tenant} and r.type = ${typeCode(type)}`
  if (type === 'Patient') {
    const keys = patients.map((id) => keyOf(tenant, 'Patient', id))
    return sql`r.tenant = ${tenant} and r.key = any(${bigints(keys)}::bigint[]) and (r.type + 0) = ${typeCode(type)}`
  }
  // The sums keep all indexes out but that of the references, which leads to few.
  const refs = bigints(patientRefs(tenant, type, patients))
  return sql`r.ref && ${refs}::bigint[] and (r.tenant + 0) = ${tenant} and (r.type + 0) = ${typeCode(type)}`
}

/** Resources that came with the request, as one value; `rid` is their place in it. */
export function givenSource(resources: readonly unknown[], from?: bigint): Sql {
  return sql`select e.rid, e.content from jsonb_array_elements(${stringifyJson(resources)}::jsonb) with ordinality e(content, rid)
    where ${from === undefined ? raw('true') : sql`e.rid >= ${from}`}`
}

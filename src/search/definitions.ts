import { bigints, type Sql, sql } from '../db/sql.js'
import type { CanonicalType } from '../fhir/library.js'
import { typeCode } from '../fhir/type-codes.js'
import { keyOf } from './hash.js'
import { prefixOf } from './names.js'
import { sourcesOf } from './sources.js'
import * as uri from './types/uri.js'

// Where the definitions that somebody stored stand: `resource r where …`

/** Those with a canonical url, given without a version. */
export function withUrl(tenant: number, type: Exclude<CanonicalType, 'NamingSystem'>, url: string): Sql {
  const hashes = sourcesOf(type, 'url').codes.flatMap((code) => uri.tests['']!(prefixOf(tenant, type, code), url))
  return sql`resource r where r.tok && ${bigints(hashes)}::bigint[]
    and (r.tenant + 0) = ${tenant} and (r.type + 0) = ${typeCode(type)} and not r.deleted`
}

export const withId = (tenant: number, type: CanonicalType, id: string): Sql =>
  sql`resource r where r.tenant = ${tenant} and r.key = ${keyOf(tenant, type, id)}::bigint and not r.deleted`

/** All of a type. */
export const ofType = (tenant: number, type: CanonicalType): Sql =>
  sql`resource r where r.tenant = ${tenant} and r.type = ${typeCode(type)} and not r.deleted`

/** NamingSystems, which R4 gives no url: few enough to be looked through. */
export const namingSystems = (tenant: number): Sql => ofType(tenant, 'NamingSystem')

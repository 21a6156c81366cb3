import type { Context } from '../base/context.js'
import type { Session } from '../db/database.js'
import { bigints, raw, sql } from '../db/sql.js'
import { patientCompartment } from '../fhir/definitions.js'
import { typeCode } from '../fhir/type-codes.js'
import type { Bare, Finder, Found } from './find.js'
import { keyOf } from './hash.js'
import { timestamp } from './layout.js'
import { paramOf } from './names.js'
import type { Position } from './order.js'
import { sourcesOf } from './sources.js'
import { refsOf } from './where.js'

/** Which part of a compartment is asked for. */
export interface Part {
  limit: number
  /** where the page before ended: the type's number, and the row */
  after?: Position
  /** only these types */
  types?: readonly string[]
  /** only what was last updated from then on, milliseconds since 1970 */
  since?: number
}

/**
 * What belongs to a patient, without the patient: by type, then in the order of arrival.
 * The elements of `ref` hold type and parameter, so one look-up in its index finds all of the compartment at once.
 * @see https://hl7.org/fhir/R4/compartmentdefinition-patient.html
 */
export async function ofPatientCompartment(
  session: Session,
  finder: Finder,
  ctx: Pick<Context, 'tenant' | 'signal'>,
  id: string,
  { limit, after, types, since }: Part,
): Promise<Found[]> {
  const { tenant, signal } = ctx
  const refs = refsOf(salts(tenant), [keyOf(tenant, 'Patient', id)])
  const ofTypes = types ? sql`and (r.type + 0) = any(${types.map(typeCode)}::int[])` : raw('')
  const updated = since === undefined ? raw('') : sql`and r.at >= ${timestamp(since)}::timestamptz`
  const behind = after ? sql`and (r.type + 0, r.rid + 0) > (${after.values[0]}::int, ${after.rid}::bigint)` : raw('')
  // The sums keep all other indexes out: none of them has this order within a compartment.
  const rows = await session.query<Bare>(
    sql`select r.type, r.rid, r.id, r.key, r.version from resource r
      where r.ref && ${bigints(refs)}::bigint[] and (r.tenant + 0) = ${tenant} and not r.deleted ${ofTypes} ${updated} ${behind}
      order by r.type + 0, r.rid + 0 limit ${limit}`,
    signal,
  )
  const found = await finder.printed(ctx, rows)
  return found.map((one, i) => ({ ...one, position: { values: [String(rows[i]!.type)], rid: String(rows[i]!.rid) } }))
}

const byTenant = new Map<number, readonly bigint[]>()

/** Every way in which a resource can name the patient whose compartment it is in. */
function salts(tenant: number): readonly bigint[] {
  let all = byTenant.get(tenant)
  if (!all) {
    const ways = Object.entries(patientCompartment()).flatMap(([type, codes]) =>
      codes.flatMap((code) => sourcesOf(type, code).codes.map((source) => paramOf(tenant, type, source))),
    )
    all = [...new Set(ways)]
    byTenant.set(tenant, all)
  }
  return all
}

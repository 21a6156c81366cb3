import type { Context } from '../base/context.js'
import type { Session } from '../db/database.js'
import { bigints, raw, sql } from '../db/sql.js'
import { type Compartment, type CompartmentMembers, compartmentMembers, resourceTypes } from '../fhir/definitions.js'
import { parseReference } from '../fhir/references.js'
import { typeCode } from '../fhir/type-codes.js'
import type { Bare, Finder, Found } from './find.js'
import { keyOf } from './hash.js'
import { timestamp } from './layout.js'
import { paramOf } from './names.js'
import type { Position } from './order.js'
import { searchParameter } from './parameters.js'
import { patientParameter, sourcesOf } from './sources.js'
import { instant, refsOf } from './where.js'

/** Which part of a compartment is asked for. */
export interface Part {
  limit: number
  /** where the page before ended: the type's number, and the row */
  after?: Position
  /** only these types */
  types?: readonly string[]
  /** only what was last updated from then on, milliseconds since 1970 */
  since?: number
  /** only what is about care in this time, half-open, milliseconds since 1970; what has no date stays */
  during?: readonly [from: number | undefined, to: number | undefined]
}

/**
 * What is in a compartment, without itself: by type, then in the order of arrival.
 * The elements of `ref` hold type and parameter, so one look-up in its index finds all of the compartment at once.
 * @see https://hl7.org/fhir/R4/compartmentdefinition.html
 */
export async function ofCompartment(
  session: Session,
  finder: Finder,
  ctx: Pick<Context, 'tenant' | 'signal'>,
  [compartment, id]: readonly [Compartment, string],
  { limit, after, types, since, during }: Part,
): Promise<Found[]> {
  const { tenant, signal } = ctx
  const refs = refsOf(salts(tenant, compartment), [keyOf(tenant, compartment, id)])
  const ofTypes = types ? sql`and (r.type + 0) = any(${types.map(typeCode)}::int[])` : raw('')
  const updated = since === undefined ? raw('') : sql`and r.at >= ${timestamp(since)}::timestamptz`
  const behind = after ? sql`and (r.type + 0, r.rid + 0) > (${after.values[0]}::int, ${after.rid}::bigint)` : raw('')
  // The sums keep all other indexes out: none of them has this order within a compartment.
  const rows = await session.query<Bare>(
    sql`select r.type, r.rid, r.id, r.key, r.version from resource r
      where r.ref && ${bigints(refs)}::bigint[] and (r.tenant + 0) = ${tenant} and not r.deleted ${ofTypes} ${updated} ${behind}
      ${during ? whileCared(...during) : raw('')}
      order by r.type + 0, r.rid + 0 limit ${limit}`,
    signal,
  )
  const found = await finder.printed(ctx, rows)
  return found.map((one, i) => ({ ...one, position: { values: [String(rows[i]!.type)], rid: String(rows[i]!.rid) } }))
}

/** Types whose main date is a birth: it says nothing of when somebody was cared for. */
const BORN = ['Patient', 'Person', 'RelatedPerson'].map(typeCode)

function whileCared(from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY) {
  return sql`and ((r.type + 0) = any(${BORN}::int[]) or r.date_hi = '-infinity'
    or (r.date_hi > ${instant(from)} and r.date_lo < ${instant(to)}))`
}

/** Before the first row of the first type. */
export const FIRST: Position = { values: [String(Math.min(...resourceTypes.map(typeCode)) - 1)], rid: '0' }

/**
 * Type → reference parameters that place its resources in an encounter's compartment. The published list misses some
 * that have the same parameter (Flag, ImagingStudy, List, MedicationDispense, Task); all of it is here.
 * @see https://hl7.org/fhir/R4/compartmentdefinition-encounter.html
 */
function encounterMembers(): CompartmentMembers {
  const ways = resourceTypes.map((type) => [
    type,
    ['encounter', 'context'].filter((code) => searchParameter(type, code)?.targets.includes('Encounter')),
  ])
  return { ...Object.fromEntries(ways), DocumentManifest: ['related-ref'] }
}

const members: Readonly<Record<Compartment, CompartmentMembers>> = {
  Patient: compartmentMembers('Patient'),
  Encounter: encounterMembers(),
  RelatedPerson: compartmentMembers('RelatedPerson'),
  Practitioner: compartmentMembers('Practitioner'),
  Device: compartmentMembers('Device'),
}
const known = new Map<string, readonly bigint[]>()

export const compartmentNames = Object.keys(members) as readonly Compartment[]
export const isCompartment = (type: string): type is Compartment => Object.hasOwn(members, type)

/** The parameters that place resources of a type in compartments; none for those that are in none. */
export const placing = (compartment: Compartment, type: string): readonly string[] => members[compartment][type] ?? []

/** Every way in which a resource can name that whose compartment it is in. */
function salts(tenant: number, compartment: Compartment): readonly bigint[] {
  const name = `${tenant} ${compartment}`
  let all = known.get(name)
  if (!all) {
    const ways = Object.entries(members[compartment]).flatMap(([type, codes]) =>
      codes.flatMap((code) => sourcesOf(type, code).codes.map((source) => paramOf(tenant, type, source))),
    )
    all = [...new Set(ways)]
    known.set(name, all)
  }
  return all
}

/** What `ref` of a row has when it is in the compartment of one of these patients; for one type. */
export function patientRefs(tenant: number, type: string, ids: readonly string[]): bigint[] {
  const codes = (members.Patient[type] ?? []).flatMap((code) => sourcesOf(type, code).codes)
  const ways = [...new Set(codes)].map((code) => paramOf(tenant, type, code))
  return refsOf(
    ways,
    ids.map((id) => keyOf(tenant, 'Patient', id)),
  )
}

/** Ids of the patients whose a resource is: by their compartment, or by what it has for a patient (Device). */
export function patientsOf(resource: { resourceType: string; id?: string }): Set<string> {
  const { resourceType: type, id } = resource
  const patients = new Set<string>(type === 'Patient' && id !== undefined ? [id] : [])
  const own = patientParameter(type)
  for (const code of new Set([...(members.Patient[type] ?? []), ...(own ? [own] : [])])) {
    for (const path of searchParameter(type, code)?.paths ?? []) {
      path.each(resource, (value) => {
        const { reference } = value as { reference?: string }
        const target = reference === undefined ? undefined : parseReference(reference)
        if (target?.type === 'Patient' && target.id && !target.absolute) patients.add(target.id)
      })
    }
  }
  return patients
}

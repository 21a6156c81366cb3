import { FhirError, Invalid, TooCostly } from '../base/errors.js'
import { compartmentMembers } from '../fhir/definitions.js'
import { parseJson } from '../fhir/json.js'
import type { Core } from './core.js'
import type { Exchange } from './exchange.js'
import { authorizeTypes } from './scopes.js'

/** More would be a list of hashes too long for one statement. */
const MOST = 10_000

type Reference = { reference?: string }

/**
 * Ids of the patients that a request names, by themselves and as active members of groups.
 *
 * @returns undefined when it names none: then all are meant
 * @throws Invalid  what it names is not here, or the type is of no patient (400)
 */
export async function patientsNamed(
  core: Core,
  exchange: Exchange,
  type: string,
  { patient, group }: { patient: readonly Reference[]; group: readonly Reference[] },
): Promise<string[] | undefined> {
  if (patient.length === 0 && group.length === 0) return undefined
  if (type !== 'Patient' && !compartmentMembers('Patient')[type])
    throw new Invalid(`${type} is not in the compartment of patients: it cannot be narrowed by patient or group`)
  const ids = new Set(patient.map((one) => idOf(one, 'Patient', exchange.base)))
  for (const id of ids) await contentOf(core, exchange, 'Patient', id)
  const groups = new Set(group.map((one) => idOf(one, 'Group', exchange.base)))
  // A group of groups stands for their members: those are met as they are added.
  for (const one of groups) {
    const { member } = parseJson(await contentOf(core, exchange, 'Group', one)) as Group
    for (const { entity, inactive } of member ?? []) {
      const [, of, id] = /^(Patient|Group)\/([A-Za-z0-9.-]{1,64})$/.exec(entity?.reference ?? '') ?? []
      if (id !== undefined && !inactive) (of === 'Group' ? groups : ids).add(id)
    }
  }
  if (ids.size > MOST)
    throw new TooCostly(`More than ${MOST} patients at once; leave patient and group out, or name fewer`)
  return [...ids]
}

interface Group {
  member?: { entity?: Reference; inactive?: boolean }[]
}

function idOf({ reference = '' }: Reference, type: string, base: string): string {
  const local = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference
  const [, id] = /^(?:[A-Za-z]+\/)?([A-Za-z0-9.-]{1,64})$/.exec(local) ?? []
  if (id === undefined || (local.includes('/') && !local.startsWith(`${type}/`)))
    throw new Invalid(`${type.toLowerCase()} is a reference such as ${type}/123`)
  return id
}

async function contentOf({ store }: Core, { ctx }: Exchange, type: string, id: string): Promise<string> {
  authorizeTypes(ctx.principal, [type])
  try {
    return (await store.read(ctx.tenant, type, id)).content
  } catch (cause) {
    if (cause instanceof FhirError && (cause.status === 404 || cause.status === 410))
      throw new Invalid(`${type}/${id} is not here`, { cause })
    throw cause
  }
}

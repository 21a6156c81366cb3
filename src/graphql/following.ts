import { parseReference } from '../fhir/references.js'
import type { Following } from './arguments.js'
import type { Json } from './navigation.js'
import { NotThere } from './problem.js'
import type { Address } from './resources.js'

/** What is known of a reference before anything is read: nothing is wanted of it, it is here, or where it is. */
export type Followed = { found?: Json } | { address: Address; optional: boolean }

/**
 * Where a reference leads.
 *
 * @param asked      how the query follows it, once for each time
 * @param container  the resource around it, in which contained ones are
 * @param base       our own: what starts with it is here
 * @throws NotThere  nowhere, or not to this server, and the query does not allow for that
 * @see https://hl7.org/fhir/R4/graphql.html#references
 */
export function follow(reference: Json, asked: readonly Following[], container: Json, base: string): Followed {
  const { reference: text, type: said } = reference
  const parsed = typeof text === 'string' ? parseReference(text, base) : undefined
  const isInside = parsed?.fragment !== undefined && parsed.type === undefined
  const found = isInside ? containedIn(container, parsed.fragment!) : undefined
  const type = found?.resourceType ?? parsed?.type ?? said
  const those = asked.filter(({ types }) => typeof type !== 'string' || !types || types.has(type))
  if (those.length === 0) return {}
  if (found) return { found }
  const optional = those.every((one) => one.optional)
  if (parsed?.type && parsed.id && !parsed.absolute)
    return { address: { type: parsed.type, id: parsed.id, version: parsed.version }, optional }
  if (optional) return {}
  throw unresolved(isInside ? 'no such resource is contained' : 'it names no resource of this server')
}

export const unresolved = (why: string) =>
  new NotThere(`The reference cannot be resolved: ${why}; resource(optional: true) allows for that`)

/** `#` is the container itself. */
function containedIn(container: Json, id: string): Json | undefined {
  return id === '' ? container : containedOf(container).find((one) => one.id === id)
}

export const containedOf = ({ contained }: Json): readonly Json[] => (Array.isArray(contained) ? contained : [])

import { canonicalOf } from '../canonical.js'
import { typeDefinition } from '../definitions.js'

/** Whether a type is another one, or derived from it: Patient is a DomainResource, `Patient.contact` a BackboneElement. */
export function isA(type: string, other: string): boolean {
  for (let one: string | undefined = type; one; one = typeDefinition(one)?.base) if (one === other) return true
  return false
}

const BASE = 'http://hl7.org/fhir/StructureDefinition/'

/** The type that a canonical names, when it is one of R4's own and no profile: every node is held to that anyway. */
export function typeNamed(canonical: string): string | undefined {
  if (!canonical.startsWith(BASE)) return undefined
  const name = canonicalOf(canonical).url.slice(BASE.length)
  return typeDefinition(name) ? name : undefined
}

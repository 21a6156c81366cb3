import type { CodeSystem, ValueSet } from '@medplum/fhirtypes'
import { NotFound } from '../../base/errors.js'
import { refusal } from '../messages.js'
import type { CodeSystems } from '../providers.js'

const SUPPLEMENT = 'http://hl7.org/fhir/StructureDefinition/valueset-supplement'

/** The supplements that a value set says it needs. */
export function supplementsOf({ extension = [] }: ValueSet, systems: CodeSystems): Promise<readonly CodeSystem[]> {
  const names = extension.filter(({ url }) => url === SUPPLEMENT).map((one) => one.valueCanonical ?? one.valueUri ?? '')
  return supplementsNamed(names, systems)
}

/**
 * @param names  canonical urls
 * @throws NotFound  one is not known (404)
 */
export async function supplementsNamed(names: readonly string[], systems: CodeSystems): Promise<readonly CodeSystem[]> {
  if (names.length === 0) return []
  const found = await Promise.all(names.map((name) => systems.supplement(name)))
  const missing = names.filter((_, i) => !found[i])
  if (missing.length) {
    const message = missing.length === 1 ? 'supplementMissing' : 'supplementsMissing'
    throw refusal(message, { supplements: missing.join(',') }, { Kind: NotFound })
  }
  return found.map((one) => one!)
}

import type { Issue } from '../base/errors.js'
import type { Library } from './library.js'
import type { MembershipSource } from './terminology.js'
import { type Settings, usual } from './validation/rule.js'
import { validateStructure } from './validation/structure.js'

export type { Settings } from './validation/rule.js'
export { usual } from './validation/rule.js'

export interface Asked {
  /** `structure`: only what the JSON form of the type says, nothing that must be looked up */
  readonly mode: 'structure' | 'full'
  /** Canonicals of profiles that it must meet beside those of `meta.profile`. */
  readonly profiles?: readonly string[]
  readonly library: Library
  readonly terminology: MembershipSource
  /** Without it nobody looks whether a reference leads to something. */
  readonly references?: ReferenceSource
  readonly settings?: Partial<Settings>
}

/** Where it is looked up whether what a reference names is there. */
export interface ReferenceSource {
  /** @returns for each `Patient/1` whether it is on this server, in their order */
  exist(references: readonly string[]): Promise<readonly boolean[]>
}

/**
 * All that is to be said of a resource, in an order that is always the same.
 *
 * @param resource  from `parseJson`
 * @returns at most `mostIssues`, then a note if there are more; empty when all is well
 * @see https://hl7.org/fhir/R4/validation.html
 */
export async function validate(resource: unknown, asked: Asked): Promise<Issue[]> {
  const _settings = { ...usual, ...asked.settings }
  return validateStructure(resource)
}

import type { Database } from '../db/database.js'
import type { CodeSystemSource } from './provider.js'
import { StoredCodeSystems } from './stored/source.js'
import { computed } from './systems/computed/source.js'
import { kinds } from './systems/loaders.js'

/** The code systems of a tenant beside the resources of its library: those that loaders filled, and those that are computed. */
export function codeSystemsOf(db: Database): (tenant: number) => readonly CodeSystemSource[] {
  const stored = new StoredCodeSystems(db, kinds)
  return (tenant) => [stored.forTenant(tenant), computed]
}

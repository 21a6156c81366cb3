import type { Kind } from '../../stored/kind.js'
import type { StoredCodeSystem } from '../../stored/stored.js'
import { editionOf } from './editions.js'
import { implicitMap } from './implicit-maps.js'
import { implicitValueSet } from './implicit-value-sets.js'
import { SnomedCodeSystem } from './provider.js'

/** What opened them goes with them. */
const providers = new WeakMap<StoredCodeSystem, SnomedCodeSystem>()

export const snomed: Kind = {
  name: 'snomed',
  edition: editionOf,
  provider: providerOf,
  implicitValueSet,
  implicitMap,
}

function providerOf(system: StoredCodeSystem): SnomedCodeSystem {
  const provider = providers.get(system) ?? new SnomedCodeSystem(system)
  providers.set(system, provider)
  return provider
}

import type { CodeSystem } from '@medplum/fhirtypes'
import type { Library } from '../../fhir/library.js'
import type { CodeSystemProvider, CodeSystemSource } from '../provider.js'
import { ResourceCodeSystem } from './provider.js'

/** A library gives the same frozen resource each time: what was made of it lasts as long as that. */
const made = new WeakMap<CodeSystem, ResourceCodeSystem>()

/** The CodeSystem resources of a library; supplements are none of them. */
export function resourcesOf(library: Library): Pick<CodeSystemSource, 'withUrl' | 'revision'> {
  return {
    async withUrl(url): Promise<readonly CodeSystemProvider[]> {
      const found = await library.withUrl('CodeSystem', url)
      return found.filter((one) => one.content !== 'supplement' && !one.supplements).map(providerOf)
    },
    revision: library.revision,
  }
}

function providerOf(resource: CodeSystem): ResourceCodeSystem {
  let provider = made.get(resource)
  if (!provider) {
    provider = new ResourceCodeSystem(resource)
    made.set(resource, provider)
  }
  return provider
}

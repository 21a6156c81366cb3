import type { Resource } from '@medplum/fhirtypes'
import { type Library, overlay } from '../fhir/library.js'
import type { MembershipSource } from '../fhir/terminology.js'
import { membership } from './membership.js'
import type { CodeSystemSource } from './provider.js'
import { CodeSystems } from './providers.js'

/** What every tenant has of terminology: its own definitions, and what is loaded and computed for it. */
export class Terminologies {
  /**
   * @param loaded  of a tenant, besides the resources of its library
   * @param libraryOf  the definitions of a tenant as they are now
   */
  constructor(
    private readonly loaded: (tenant: number) => readonly CodeSystemSource[],
    private readonly libraryOf: (tenant: number) => Promise<Library>,
  ) {}

  /** @param brought  resources that came with the request (`tx-resource`): they come before all others */
  async of(tenant: number, brought: readonly Resource[] = []): Promise<CodeSystems> {
    const library = await this.libraryOf(tenant)
    await Promise.all(this.loaded(tenant).map((source) => source.refresh?.()))
    return this.within(tenant, overlay(library, brought))
  }

  /** What validation asks: about codes of value sets in one of the tenant's libraries. */
  membershipFor(tenant: number): MembershipSource {
    const loaded = this.loaded(tenant)
    return {
      get revision() {
        return loaded.map(({ revision }) => revision).join(' ')
      },
      membership: (questions, library) => membership(questions, new CodeSystems(loaded, library)),
    }
  }

  /** The same with another library. */
  within(tenant: number, library: Library): CodeSystems {
    return new CodeSystems(this.loaded(tenant), library)
  }
}

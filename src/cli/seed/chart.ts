import type { Resource } from '@medplum/fhirtypes'
import type { Random } from './random.js'

/** Resources in the making: what belongs in one bundle, each after those that it refers to. */
export class Chart {
  readonly resources: Resource[] = []

  constructor(readonly random: Random) {}

  /** Takes the resource in under the next id. */
  add<T extends Resource>(resource: T): T & { id: string } {
    const { resourceType, ...rest } = resource
    const added = { resourceType, id: this.random.uuid(), ...rest } as unknown as T & { id: string }
    this.resources.push(added)
    return added
  }
}

import { CodeSet } from '../fhir/code-set.js'
import { AbsentCodeSystem, AbsentSelection } from './absent.js'
import type { CodeSystemProvider, Selection } from './provider.js'
import { codesOf } from './valueset/parts.js'

/** A code system that has other codes than those that are known here: all of it is more than these. */
export class OpenCodeSystem extends AbsentCodeSystem {
  constructor(private readonly fragment: CodeSystemProvider) {
    super(fragment.url, fragment.version)
  }

  /** Of what is known. */
  override async filter(property: string, op: string, value: string): Promise<Selection> {
    const found = await this.fragment.filter(property, op, value)
    return new AbsentSelection(found && CodeSet.of(this.url, await codesOf(found)), this)
  }
}

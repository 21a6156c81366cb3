import type { ValueSet } from '@medplum/fhirtypes'
import type { CodeSystemProvider, ImplicitMap } from '../provider.js'
import type { TabledCodeSystem } from './loaded.js'
import type { Ordinals } from './ordinals.js'

/** What is particular to the code systems of one loader; `systems/<name>/kind.ts` has it. */
export interface Kind {
  readonly name: string
  /** A code as it is compared; without it case decides as the header says. */
  keyOf?(code: string): string
  /**
   * Filters of its own, tried before those that every system has.
   * @returns undefined  it is none of these
   * @throws Unprocessable  the value is none that the filter takes (422)
   */
  filter?(system: TabledCodeSystem, property: string, op: string, value: string): Promise<Ordinals | undefined>
  fault?(code: string): string | undefined
  /** What answers for a system that can do more than its tables: for one system always the same. */
  provider?(system: TabledCodeSystem): CodeSystemProvider
  edition?(version: string): string | undefined
  /** @param systems  those of this kind that are loaded, latest first */
  implicitValueSet?(url: string, systems: readonly TabledCodeSystem[]): Promise<ValueSet | undefined>
  implicitMap?(url: string, systems: readonly TabledCodeSystem[]): Promise<ImplicitMap | undefined>
}

import type { StructureDefinition } from '@medplum/fhirtypes'
import type { ElementDefinition } from '../definitions.js'
import type { Program } from './program.js'
import type { Json, Rule } from './rule.js'

/** What is looked at beyond the JSON form. */
export interface Beyond {
  /** Rules that see every node of a type. */
  rulesOfType(type: string): readonly Rule[]
  /**
   * Rules that see every value of an element.
   *
   * @param type  of the value, one of those that a choice has
   * @param isEnumerated  the JSON form already says which codes there are
   */
  rulesOfElement(element: ElementDefinition, type: string, isEnumerated: boolean): readonly Rule[]
  /** A resource whose elements have been seen, against its profiles. */
  checkResource(resource: Json): void
  /** @returns null when nobody knows the profile, undefined when it was noted to be fetched */
  conforms(node: unknown, type: string, profile: string): boolean | null | undefined
  compile(definition: StructureDefinition): Program
}

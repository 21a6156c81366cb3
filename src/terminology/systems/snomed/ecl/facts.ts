import type { Triples, Valued } from '../relationships.js'

/** Relationships that refinements are about: those of a release, or those of one expression. */
export interface Facts {
  /** Concept ids of the types that there are, without is-a. */
  types(): Promise<readonly string[]>
  ofType(type: string): Promise<Triples>
  valuesOf(types: readonly string[]): Promise<readonly Valued[]>
}

/** A group of attributes of a concept. Attributes outside of groups are each a group of their own. */
export type GroupKey = number

const GROUPS = 2 ** 20
const LOOSE = 2 ** 19

/**
 * @param group  0: none
 * @param nth  which it is of the relationships of this type
 */
export const keyOf = (source: number, group: number, type: string, nth: number): GroupKey =>
  source * GROUPS + (group > 0 ? group : LOOSE + ((Number(type.slice(-7)) + nth * 7919) % LOOSE))

export const ownerOf = (key: GroupKey): number => Math.floor(key / GROUPS)

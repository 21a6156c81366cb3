import type { Collection } from './collection.js'
import type { Column } from './definition.js'
import { listed } from './element.js'
import { familyOf } from './types.js'
import { Unfit } from './unfit.js'

/**
 * The FHIR type of a column: as the view says, else as the expression has it; none when several are possible.
 * @throws Unfit  what the view says and what the expression gives are not alike
 */
export function typeOfColumn({ type }: Column, { branches }: Collection): string | undefined {
  const types = [...new Set(branches.map((branch) => branch.type))]
  if (type === undefined) return types.length === 1 ? types[0] : undefined
  if (branches.some((branch) => !isAlike(branch.type, type))) {
    const hint = types.includes(type) ? ` alone: pick it by ofType(${type})` : ''
    throw new Unfit(`gives ${listed(branches)}, not ${type}${hint}`)
  }
  return type
}

/** Whether JSON writes values of both types alike: a code and a date are strings, a Coding is an object of its own. */
export function isAlike(one: string, other: string): boolean {
  const kind = kindOf(one)
  return kind === kindOf(other) && (kind !== 'complex' || isNamedAlike(one, other))
}

function kindOf(type: string) {
  const family = familyOf(type)
  return family === 'temporal' ? 'text' : family
}

/** A backbone may be called by its path or by what it is. */
const isNamedAlike = (one: string, other: string) =>
  one === other || [one, other].some((type) => type === 'BackboneElement' || type === 'Element')

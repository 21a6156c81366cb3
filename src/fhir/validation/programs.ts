import type { StructureDefinition } from '@medplum/fhirtypes'
import { isA, typeNamed } from './is-a.js'
import type { ProfileElement, Program } from './program.js'
import { walk } from './walk.js'

// By the definition itself, which the library shares and nobody changes: a new revision compiles only what is new.
const programs = new WeakMap<StructureDefinition, Program | null>()

/**
 * A profile as a program, compiled at first use.
 *
 * @returns null when nobody knows it or it has no snapshot; undefined when it was noted to be fetched
 */
export function programOf(canonical: string): Program | null | undefined {
  const definition = walk.definition('StructureDefinition', canonical)
  if (!definition) return definition
  let program = programs.get(definition)
  if (program === undefined) {
    program = definition.snapshot?.element.length ? walk.beyond!.compile(definition) : null
    programs.set(definition, program)
  }
  return program
}

/** What a value of a type must meet: a whole profile, or one element of it. */
export interface Demand {
  readonly element: ProfileElement
  /** Of a whole profile: what it is a profile of. */
  readonly type?: string
}

const demands = new WeakMap<Program, Map<string, Demand | null>>()

/** @param profile  a canonical, with `#` and the id of an element when only that one is meant */
export function demandOf(profile: string): Demand | null | undefined {
  const [canonical, id] = profile.split('#')
  const program = programOf(canonical!)
  if (!program || id === undefined) return program && { element: program.root, type: program.type }
  let known = demands.get(program)
  if (!known) {
    known = new Map()
    demands.set(program, known)
  }
  let demand = known.get(id)
  if (demand === undefined) {
    const element = elementWith(id, program.root)
    demand = element ? { element } : null
    known.set(id, demand)
  }
  return demand
}

function elementWith(id: string, within: ProfileElement): ProfileElement | undefined {
  if (within.id === id) return within
  for (const below of [...within.children, ...(within.slicing?.slices ?? [])]) {
    const found = elementWith(id, below)
    if (found) return found
  }
  return undefined
}

/** Whether a profile is of a type; null when nobody knows the profile. */
export function isOf(profile: string, type: string): boolean | null | undefined {
  const named = typeNamed(profile)
  if (named !== undefined) return isA(type, named)
  const program = programOf(profile)
  return program && isA(type, program.type)
}

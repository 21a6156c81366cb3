import type { Ground } from './ground.js'
import { conceptOf, Membership } from './member.js'
import { Notes } from './notes.js'
import type { Question } from './question.js'
import type { Prepared, PreparedClause } from './value-set.js'

/**
 * The systems that a code without one may be of: those that the value set includes, and have it.
 * @see https://hl7.org/fhir/R5/valueset-operation-validate-code.html inferSystem
 */
export async function systemsOf(
  code: string,
  prepared: Prepared,
  ground: Ground,
  question: Pick<Question, 'abstract' | 'activeOnly' | 'membershipOnly'>,
): Promise<string[]> {
  if (!isPlain(prepared)) return members(code, prepared, ground, question)
  const systems = new Set<string>()
  for (const { system, version, listed } of prepared.include) {
    if (system === undefined || systems.has(system)) continue
    const provider = await ground.systemFor(system, version)
    const has = listed ? listed.has(code) : provider && (await conceptOf(provider, code))
    if (has) systems.add(system)
  }
  // Where the systems alone do not decide it, the filters may.
  const isFiltered = prepared.include.some(({ filters }) => filters.length > 0)
  return systems.size > 1 && isFiltered ? members(code, prepared, ground, question) : [...systems]
}

/** It is enough to look into the systems. */
const isPlain = ({ include, exclude }: Prepared): boolean =>
  include.every(({ system, valueSet }) => system !== undefined && valueSet.length === 0) &&
  exclude.every(({ system, valueSet, filters }) => system !== undefined && valueSet.length + filters.length === 0)

async function members(
  code: string,
  prepared: Prepared,
  ground: Ground,
  question: Pick<Question, 'abstract' | 'activeOnly' | 'membershipOnly'>,
): Promise<string[]> {
  const systems: string[] = []
  for (const system of reached(prepared)) {
    const membership = new Membership(ground, question, new Notes())
    if (await membership.holds(prepared, { system, code, place: '' }, {})) systems.push(system)
  }
  return systems
}

/** Every system that it, or what it imports, includes. */
function reached({ include }: Prepared): Set<string> {
  const ofClause = ({ system, imports = [] }: PreparedClause) => [
    ...(system === undefined ? [] : [system]),
    ...imports.flatMap((one) => [...reached(one)]),
  ]
  return new Set(include.flatMap(ofClause))
}

import { impliedProfiles } from './implied.js'
import { isA, typeNamed } from './is-a.js'
import { messages } from './messages.js'
import { demandOf, programOf } from './programs.js'
import type { Json } from './rule.js'
import { checkValue } from './run.js'
import { walk } from './walk.js'

/** Holds a resource against the profiles that it declares, those that the caller asked for, and those that R4 implies. */
export function checkProfiles(resource: Json): void {
  const type = resource.resourceType as string
  const declared = (resource.meta as Json | undefined)?.profile
  const seen = new Set<string>()
  if (Array.isArray(declared)) {
    for (const [place, canonical] of declared.entries()) {
      if (typeof canonical === 'string') checkProfile(resource, type, canonical, seen, `.meta.profile[${place}]`)
    }
  }
  if (resource === walk.outermost)
    for (const canonical of walk.profiles) checkProfile(resource, type, canonical, seen, '')
  // R4 has it as a SHALL; yet a great deal of data declares nothing and claims nothing.
  walk.isLenient = walk.settings.vitalSigns === 'warning'
  for (const canonical of impliedProfiles(resource)) checkProfile(resource, type, canonical, seen, '')
  walk.isLenient = false
}

function checkProfile(resource: Json, type: string, canonical: string, seen: Set<string>, below: string): void {
  if (seen.has(canonical)) return
  seen.add(canonical)
  const named = typeNamed(canonical)
  if (named !== undefined) {
    if (!isA(type, named)) reportOther(canonical, named, type)
    return
  }
  const program = programOf(canonical)
  if (program === undefined) return
  if (program === null) {
    const more = { severity: 'warning', below } as const
    if (walk.definition('StructureDefinition', canonical))
      walk.report(messages.brokenProfile, () => `${canonical} has no snapshot, so it was not checked`, more)
    else walk.report(messages.unknownProfile, () => `${canonical} is not known here, so it was not checked`, more)
    return
  }
  if (!isA(type, program.type)) {
    reportOther(canonical, program.type, type)
    return
  }
  checkValue(program.root, resource, undefined, type)
  for (const imposed of program.imposed) checkProfile(resource, type, imposed, seen, '')
}

const reportOther = (canonical: string, right: string, found: string) =>
  walk.report(messages.profileOfOther, () => `${canonical} is a profile of ${right}; found ${found}`)

/** Whether a node meets a profile; null when nobody knows it. */
export function conforms(node: unknown, type: string, profile: string): boolean | null | undefined {
  const named = typeNamed(profile)
  if (named !== undefined) return isA(type, named)
  const demand = demandOf(profile)
  if (!demand) return demand
  if (demand.type !== undefined && !isA(type, demand.type)) return false
  return walk.holds(() => checkValue(demand.element, node, undefined, type))
}

import { type ElementDefinition, typeDefinition } from '../definitions.js'
import { isA, typeNamed } from './is-a.js'
import { messages } from './messages.js'
import { isObject } from './objects.js'
import type { ProfileType, ValueCheck } from './program.js'
import { demandOf, isOf } from './programs.js'
import { targetTypeOf } from './references.js'
import type { Found, Json } from './rule.js'
import { checkValue } from './run.js'
import { walk } from './walk.js'

/** That a value is of a type that the profile still allows, where R4 allows more. */
export function allowedTypes(
  types: readonly ProfileType[],
  base: ElementDefinition | undefined,
  canonical: string,
): ValueCheck[] {
  const codes = types.map(({ code }) => code)
  // `id` and `url` have a type of FHIRPath's in snapshots, and R4 knows none that could be excluded.
  const isNarrower = base?.types.some(({ code }) => !codes.includes(code))
  if (!isNarrower || codes.length === 0 || codes.includes('Resource') || codes.some((code) => !typeDefinition(code)))
    return []
  return [
    (_value, _twin, type) => {
      if (type !== 'Resource' && !codes.some((code) => isA(type, code)))
        walk.report(messages.type, () => `${canonical} allows ${codes.join(', ')}; found ${type}`)
    },
  ]
}

/** That a value meets the profile that its type has here, or one of several. */
export function typeProfiles(types: readonly ProfileType[]): ValueCheck[] {
  // An extension is held against its definition wherever it stands.
  const profiled = types.filter(({ code, profiles }) => profiles.length > 0 && code !== 'Extension')
  if (profiled.length === 0) return []
  return [
    (value, twin, type) => {
      const profiles = profiled.filter(({ code }) => isA(type, code)).flatMap((one) => one.profiles)
      if (profiles.length === 1) checkOne(profiles[0]!, value, twin, type)
      else if (profiles.length > 1) checkAny(profiles, value, type)
    },
  ]
}

function checkOne(profile: string, value: unknown, twin: unknown, type: string): void {
  const demand = demandOf(profile)
  if (demand === null) reportUnknown(profile)
  else if (demand) checkValue(demand.element, value, twin, type)
}

function checkAny(profiles: readonly string[], value: unknown, type: string): void {
  const answers = profiles.map((profile) => walk.conforms(value, type, profile))
  if (answers.every((answer) => answer === false))
    walk.report(messages.noProfile, () => `must meet one of ${profiles.join(', ')}, and meets none`)
}

function reportUnknown(profile: string): void {
  walk.report(messages.unknownTypeProfile, () => `must meet ${profile}, which is not known here`)
}

// ── References ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** That a reference leads to what the profile allows, where that is less than R4 does. */
export function targets(types: readonly ProfileType[], base: ElementDefinition | undefined): ValueCheck[] {
  const profiles = types.flatMap(({ code, targetProfiles }) => (code === 'Reference' ? targetProfiles : []))
  const named = profiles.map(typeNamed)
  const allowed = base?.types.find(({ code }) => code === 'Reference')?.targets
  const isAll = named.includes('Resource') || allowed?.every((one) => named.includes(one))
  if (profiles.length === 0 || isAll) return []
  return [
    (value, _twin, type) => {
      if (type === 'Reference' && isObject(value)) checkTarget(value, profiles)
    },
  ]
}

function checkTarget(node: Json, profiles: readonly string[]): void {
  const type = targetTypeOf(node)
  if (type === undefined) return
  const ofType = profiles.map((profile) => ({ profile, is: isOf(profile, type) }))
  if (ofType.some(({ is }) => is === undefined)) return
  const found = typeof node.reference === 'string' ? walk.resolve(node.reference) : null
  if (ofType.every(({ is }) => is === false)) {
    // What is not at hand may be something else than its reference says.
    const severity = found ? 'error' : 'warning'
    walk.report(messages.targetType, () => `must lead to ${profiles.join(', ')}; found ${type}`, { severity })
    return
  }
  if (!found) return
  const candidates = ofType.filter(({ is }) => is !== false).map(({ profile }) => profile)
  const answers = inFound(found, () => candidates.map((profile) => walk.conforms(found.resource, type, profile)))
  if (answers.every((answer) => answer === false))
    walk.report(messages.targetProfile, () => `must lead to what meets ${candidates.join(' or ')}`)
}

/** Runs with the walk's sense of place where the target is. */
function inFound<T>({ resource, path, fullUrl }: Found, run: () => T): T {
  const before = { resource: walk.resource, rootResource: walk.rootResource, around: walk.around }
  walk.resource = resource
  if (!path.includes('.contained[')) walk.rootResource = resource
  if (fullUrl !== undefined && walk.around) walk.around = { bundle: walk.around.bundle, fullUrl }
  const result = run()
  Object.assign(walk, before)
  return result
}

/** That a reference leads into the resource, the Bundle or elsewhere, as the profile demands. */
export function aggregations(types: readonly ProfileType[]): ValueCheck[] {
  const modes = types.flatMap(({ aggregation }) => aggregation ?? [])
  if (modes.length === 0) return []
  return [
    (value, _twin, type) => {
      if (type !== 'Reference' || !isObject(value) || typeof value.reference !== 'string') return
      const mode = value.reference.startsWith('#')
        ? 'contained'
        : walk.resolve(value.reference)
          ? 'bundled'
          : 'referenced'
      if (!modes.includes(mode) && !(mode === 'bundled' && modes.includes('referenced')))
        walk.report(messages.aggregation, () => `must be ${modes.join(' or ')}; found ${mode}`)
    },
  ]
}

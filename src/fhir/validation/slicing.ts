import { judge } from './bindings.js'
import { isA, typeNamed } from './is-a.js'
import { type LocatedPart, locate } from './locate.js'
import { messages } from './messages.js'
import { isObject } from './objects.js'
import type { Discriminator, ProfileElement, Slicing, Step } from './program.js'
import { demandOf, isOf } from './programs.js'
import { listOf, type Selected, select } from './select.js'
import { hasPattern, isExactly } from './values.js'
import { walk } from './walk.js'

/** Whether a value has what the slice has; undefined when that cannot be told. */
export function matches(
  { discriminators }: Slicing,
  slice: ProfileElement,
  from: Selected,
  check: CheckValue,
): boolean | undefined {
  let answer: boolean | undefined = true
  for (let i = 0; i < discriminators.length; i++) {
    const { type, steps } = discriminators[i]!
    const one = testOf(slice, steps, makers[type] ?? untold)(from, check)
    if (one === false) return false
    if (one === undefined) answer = undefined
  }
  return answer
}

/** Holds a value against an element of a profile, as the walk does. */
export type CheckValue = (element: ProfileElement, value: unknown, twin: unknown, type: string) => void

type Maker = (slice: ProfileElement, steps: readonly Step[]) => Test

type Test = (from: Selected, check: CheckValue) => boolean | undefined

const tests = new WeakMap<ProfileElement, Map<readonly Step[], Test>>()

/** Made once for each slice and path. */
function testOf(slice: ProfileElement, steps: readonly Step[], make: Maker): Test {
  let ofSlice = tests.get(slice)
  if (!ofSlice) {
    ofSlice = new Map()
    tests.set(slice, ofSlice)
  }
  let test = ofSlice.get(steps)
  if (!test) {
    test = make(slice, steps)
    ofSlice.set(steps, test)
  }
  return test
}

/** Whether one of them passes; undefined when none does, and of some it cannot be told. */
function some<T>(all: readonly T[], test: (one: T) => boolean | null | undefined): boolean | undefined {
  let answer: boolean | undefined = false
  for (const one of all) {
    const passes = test(one)
    if (passes) return true
    if (passes !== false) answer = undefined
  }
  return answer
}

// ── Tests by type of discriminator ─────────────────────────────────────────────────────────────────────────────────

/** The profile does not say by what the slice is known: nothing is taken to be of it. */
function untold({ id }: ProfileElement): Test {
  return () => {
    if (walk.isNews(`slice ${id}`))
      walk.report(messages.discriminator, () => `may be of ${id}: the profile does not say how that is told`, {
        severity: 'warning',
      })
    return false
  }
}

const byValue: Maker = (slice, steps) => {
  const isExtensionUrl = steps.length === 1 && steps[0]!.kind === 'child' && steps[0]!.name === 'url'
  const profiles = slice.types.flatMap((type) => type.profiles)
  if (isExtensionUrl && slice.types[0]?.code === 'Extension' && profiles.length > 0) {
    const urls = new Set<unknown>(profiles.map((profile) => profile.split('|', 1)[0]))
    return ({ value }) => isObject(value) && urls.has(value.url)
  }
  const located = locate(slice, steps)
  if (!located) return untold(slice)
  if ('exact' in located) return byPart(located, steps)
  if ('element' in located) {
    if (profiles.length === 0 || steps.length === 0 || isTelling(located.element))
      return byElement(located.element, steps)
    return (from, check) => some(profiles, (one) => within(one, from, steps, check))
  }
  const before = steps.slice(0, steps.length - located.rest.length)
  return (from, check) =>
    some(select(from, before), (node) => some(located.profiles, (one) => within(one, node, located.rest, check)))
}

/** What of the fixed value the path leads to must be found where the path leads in the value. */
function byPart({ exact, rest }: LocatedPart, steps: readonly Step[]): Test {
  let parts: unknown[] = [exact.value]
  for (const one of rest) {
    parts = parts.flatMap((part) => (one.kind === 'child' && isObject(part) ? listOf(partOf(part, one.name)) : []))
  }
  if (parts.length > 0)
    return (from) => select(from, steps).some(({ value }) => parts.some((part) => hasPattern(value, part)))
  const before = steps.slice(0, steps.length - rest.length)
  return (from) => select(from, before).some(({ value }) => isExactly(value, exact))
}

const partOf = (part: Record<string, unknown>, name: string): unknown =>
  part[name] ?? Object.entries(part).find(([key]) => key.startsWith(name) && /^[A-Z]/.test(key.slice(name.length)))?.[1]

function byElement(element: ProfileElement, steps: readonly Step[]): Test {
  const { exact, requiredValueSet, min, max } = element
  if (max === 0) return (from) => select(from, steps).length === 0
  if (exact) return (from) => select(from, steps).some(({ value }) => isExactly(value, exact))
  if (element.children.some(isTelling))
    return (from, check) =>
      some(select(from, steps), (node) => walk.holds(() => check(element, node.value, node.twin, node.type)))
  if (requiredValueSet)
    return (from) => some(select(from, steps), ({ value, type }) => judge(value, type, requiredValueSet))
  const profiles = element.types.flatMap((type) => type.profiles)
  if (profiles.length > 0)
    return (from) =>
      some(select(from, steps), ({ value, type }) => some(profiles, (one) => walk.conforms(value, type, one)))
  if (min > 0) return (from) => select(from, steps).length > 0
  return untold(element)
}

const isTelling = (element: ProfileElement): boolean =>
  element.exact !== undefined || element.checks.length > 0 || element.isCounted || element.children.some(isTelling)

/** The rest of the path, in a profile that is only known when it is asked for. */
function within(profile: string, node: Selected, rest: readonly Step[], check: CheckValue): boolean | null | undefined {
  if (typeNamed(profile) !== undefined) return rest.length === 0 && isA(node.type, typeNamed(profile)!)
  const demand = demandOf(profile)
  if (!demand) return demand
  return testOf(demand.element, rest, byValue)(node, check)
}

const byExistence: Maker = (slice, steps) => {
  const located = locate(slice, steps)
  const isAbsent = located !== undefined && 'element' in located && located.element.max === 0
  return (from) => select(from, steps).length > 0 !== isAbsent
}

const byType: Maker = (slice, steps) => {
  const located = locate(slice, steps)
  if (located && 'profiles' in located)
    return (from) => some(select(from, steps), ({ type }) => some(located.profiles, (one) => isOf(one, type)))
  const types = located && 'element' in located ? located.element.types.map(({ code }) => code) : []
  return (from) => select(from, steps).some(({ type }) => types.some((one) => isA(type, one)))
}

const byProfile: Maker = (slice, steps) => {
  const located = locate(slice, steps)
  if (!located || 'exact' in located) return untold(slice)
  if ('profiles' in located)
    return (from) =>
      some(select(from, steps), ({ value, type }) =>
        some(located.profiles, (one) =>
          value === undefined ? isOf(one, type) && null : walk.conforms(value, type, one),
        ),
      )
  const { types } = located.element
  return (from, check) =>
    some(select(from, steps), ({ value, twin, type }) =>
      some(types, ({ code, profiles }) => {
        if (!isA(type, code)) return false
        if (profiles.length === 0) return walk.holds(() => check(located.element, value, twin, type))
        return some(profiles, (one) => walk.conforms(value, type, one))
      }),
    )
}

const makers: Readonly<Record<Discriminator['type'], Maker>> = {
  value: byValue,
  pattern: byValue,
  exists: byExistence,
  type: byType,
  profile: byProfile,
}

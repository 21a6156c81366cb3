import { typeDefinition } from '../definitions.js'
import { type Part, typesOf } from './tree.js'

/** `*` is more than any number. */
const most = (max: string | undefined) => (max === undefined || max === '*' ? Number.POSITIVE_INFINITY : Number(max))

/** A rule that a constraint on an element breaks, in words; nothing when it keeps it. */
type Check = (base: Part, own: Part, isNewSlice: boolean) => string | undefined | false

const checks: readonly Check[] = [
  ({ min = 0 }, own, isNewSlice) =>
    !isNewSlice &&
    own.min !== undefined &&
    own.min < min &&
    `min is ${own.min}, and ${min} in the base: it cannot be less`,
  ({ max }, own) =>
    own.max !== undefined &&
    most(own.max) > most(max) &&
    `max is ${own.max}, and ${max} in the base: it cannot be more`,
  (base, own) => {
    const [min = base.min ?? 0, max = base.max] = [own.min, own.max]
    return min > most(max) && `min is ${min}, more than max, which is ${max}`
  },
  (base, own) => {
    const allowed = new Set(typesOf(base).flatMap(({ code }) => code ?? []))
    if (allowed.size === 0) return undefined
    const foreign = typesOf(own).find(({ code }) => code !== undefined && !isAllowed(code, allowed))
    return foreign && `type ${foreign.code} is none of those of the base: ${[...allowed].join(', ')}`
  },
]

/** What is wrong with a constraint, given what the base says of the element. */
export const faultsOf = (base: Part, own: Part, isNewSlice: boolean): string[] =>
  checks.flatMap((check) => check(base, own, isNewSlice) || [])

/** The values of primitives, and the ids of elements, have types of FHIRPath's; profiles name FHIR's instead. */
const SYSTEM = 'http://hl7.org/fhirpath/'

/** The type itself, or one that it is derived from: any resource where Resource is allowed. */
function isAllowed(code: string, allowed: ReadonlySet<string>): boolean {
  if (allowed.has(code) || allowed.has('*')) return true
  if (typeDefinition(code)?.kind === 'primitive-type' && [...allowed].some((one) => one.startsWith(SYSTEM))) return true
  const base = typeDefinition(code)?.base
  return base !== undefined && isAllowed(base, allowed)
}

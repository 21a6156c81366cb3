import type { ElementDefinition } from '@medplum/fhirtypes'
import type { Part } from './tree.js'

type Key = keyof ElementDefinition
type Combine = (base: unknown, own: unknown) => unknown

const union: Combine = (base, own) => {
  const seen = new Set((base as unknown[]).map((one) => JSON.stringify(one)))
  return [...(base as unknown[]), ...(own as unknown[]).filter((one) => !seen.has(JSON.stringify(one)))]
}

/** What is said again replaces what was said, by the name that `by` takes of it. */
const replacing =
  <T>(by: (one: T) => unknown): Combine =>
  (base, own) => {
    const said = new Set((own as T[]).map(by))
    return [...(base as T[]).filter((one) => !said.has(by(one))), ...(own as T[])]
  }

/** `...` at the beginning continues what the base says. */
const continued: Combine = (base, own) =>
  (own as string).startsWith('...') ? `${base}\r\n${(own as string).slice(3)}` : own

const filled: Combine = (base, own) => ({ ...(base as object), ...(own as object) })

/** Whether it is one is not a profile's to say, but of an extension. */
const kept: Combine = (base, own) => base || own

/** How what a differential says of an element goes with what the base says; what is not here is replaced. */
const combine: Partial<Record<Key, Combine>> = {
  constraint: replacing<{ key?: string }>(({ key }) => key),
  extension: replacing<{ url: string }>(({ url }) => url),
  condition: union,
  alias: union,
  code: union,
  mapping: union,
  example: union,
  binding: filled,
  slicing: filled,
  isModifier: kept,
  isSummary: kept,
  short: continued,
  definition: continued,
  comment: continued,
  requirements: continued,
}

const apart = new Set<string>(['id', 'path', 'base'])

/** @see https://hl7.org/fhir/R4/elementdefinition.html#interpretation */
export function merged(base: Part, own: Part): Part {
  const result: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(own)) {
    if (apart.has(key)) continue
    const said = result[key]
    result[key] = said === undefined ? value : (combine[key as Key]?.(said, value) ?? value)
  }
  return result as Part
}

/** What a profile says of its root, as the start of an element of that type; the base says the rest. */
export function fromProfile(root: Part, base: Part, isExtension: boolean): Part {
  const { id, path, base: _, sliceName, slicing, min, max, type, mapping, ...own } = root
  return merged(base, { ...own, ...(isExtension && { max }) })
}

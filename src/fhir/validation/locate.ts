import type { ProfileElement, Step } from './program.js'

/** The rest of the path goes into what an element is fixed to. */
export interface LocatedPart {
  readonly exact: NonNullable<ProfileElement['exact']>
  readonly rest: readonly Step[]
}

/** Where the path of a discriminator leads in the profile. */
export type Located =
  | { readonly element: ProfileElement }
  | LocatedPart
  /** The rest of the path goes into other profiles. */
  | { readonly profiles: readonly string[]; readonly rest: readonly Step[] }
  | undefined

export function locate(slice: ProfileElement, steps: readonly Step[]): Located {
  let here = slice
  for (const [i, one] of steps.entries()) {
    const rest = steps.slice(i)
    if (here.exact) return { exact: here.exact, rest }
    if (one.kind === 'resolve')
      return { profiles: here.types.flatMap(({ targetProfiles }) => targetProfiles), rest: rest.slice(1) }
    const next = stepInto(here, one)
    if (!next) {
      const profiles = here.types.flatMap((type) => type.profiles)
      return profiles.length > 0 ? { profiles, rest } : undefined
    }
    here = next
  }
  // What is said of the one type that a choice has is said in a slice for it.
  const slices = here.slicing?.discriminators[0]?.type === 'type' ? here.slicing.slices : []
  return { element: here !== slice && slices.length === 1 && !here.exact ? slices[0]! : here }
}

function stepInto(element: ProfileElement, one: Step): ProfileElement | undefined {
  const slices = element.slicing?.slices ?? []
  if (one.kind === 'ofType') return slices.find(({ types }) => types.some(({ code }) => code === one.type)) ?? element
  if (one.kind === 'extension') {
    const extensions = element.children.find(({ name }) => name === 'extension')?.slicing?.slices
    const found = extensions?.find((slice) => urlOf(slice) === one.url)
    const inner = found?.slicing?.slices ?? []
    return inner.length === 1 ? inner[0] : found
  }
  if (one.kind === 'resolve') return undefined
  const child = element.children.find(({ name }) => name === one.name)
  // What is said of the one type that a choice has is below a slice for it.
  return child ?? (slices.length === 1 ? stepInto(slices[0]!, one) : undefined)
}

/** The url by which a slice of extensions is known. */
export const urlOf = ({ types, children }: ProfileElement): unknown =>
  types[0]?.profiles[0] ?? children.find(({ name }) => name === 'url')?.exact?.value

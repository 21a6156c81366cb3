import type { Extension, ElementDefinition as FullElement } from '@medplum/fhirtypes'
import { typeNamed } from './is-a.js'
import type { ProfileElement, ProfileType } from './program.js'

/** "Any resource, with the profile Patient" is a Patient. */
export const profileTypes = ({ type = [] }: FullElement): ProfileType[] =>
  type.flatMap((one): ProfileType[] => {
    const named = one.code === 'Resource' ? (one.profile ?? []).map(typeNamed) : []
    return named.length > 0 && !named.includes(undefined)
      ? named.map((code) => ({ code: code!, profiles: [], targetProfiles: [] }))
      : [profileType(one)]
  })

type FullType = NonNullable<FullElement['type']>[number] & { _profile?: { extension?: Extension[] }[] }

function profileType({ code, profile = [], targetProfile = [], aggregation, _profile = [] }: FullType): ProfileType {
  const profiles = profile.map((one, place) => {
    const element = _profile[place]?.extension?.find(({ url }) => url?.endsWith('/elementdefinition-profile-element'))
    return element?.valueString === undefined ? one : `${one}#${element.valueString}`
  })
  return {
    code: code!,
    profiles: profiles.filter((one) => typeNamed(one) === undefined),
    targetProfiles: targetProfile,
    ...(aggregation && { aggregation }),
  }
}

/** `fixedUri`, `patternCodeableConcept`, `minValueDate`: the value behind a name that ends with its type. */
export function choiceOf(element: FullElement, prefix: string): unknown {
  const key = Object.keys(element).find((one) => one.startsWith(prefix) && /^[A-Z]/.test(one.slice(prefix.length)))
  return key && element[key as keyof FullElement]
}

/** What the value is fixed to, or must have. */
export function exactOf(element: FullElement): Pick<ProfileElement, 'exact'> {
  const fixed = choiceOf(element, 'fixed')
  if (fixed !== undefined) return { exact: { value: fixed, isPattern: false } }
  const pattern = choiceOf(element, 'pattern')
  return pattern === undefined ? {} : { exact: { value: pattern, isPattern: true } }
}

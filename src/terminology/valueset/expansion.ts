import type { ValueSet, ValueSetComposeIncludeConcept, ValueSetExpansionContains } from '@medplum/fhirtypes'

/** Codes of one version of one system, as a value set may list them. */
interface Listed {
  readonly system: string
  readonly version?: string
  readonly concept: ValueSetComposeIncludeConcept[]
}

/** The codes of a stored expansion by system; undefined when it is only a page of one, or there is none. */
export function enumerated({ expansion }: ValueSet): Listed[] | undefined {
  if (!expansion) return undefined
  const { total, offset, contains = [], parameter } = expansion
  const bySystem = new Map<string, Listed>()
  let count = 0
  const visit = (items: readonly ValueSetExpansionContains[]) => {
    for (const { system = '', version, code, display, designation, abstract, contains: nested } of items) {
      count++
      if (code !== undefined && !abstract) {
        const key = `${system}|${version ?? ''}`
        const listed = bySystem.get(key) ?? { system, version, concept: [] }
        bySystem.set(key, listed)
        listed.concept.push({ code, display, designation })
      }
      if (nested) visit(nested)
    }
  }
  visit(contains)
  const isCut = parameter?.some(({ name }) => name === 'count' || name === 'offset') && total === undefined
  if (offset || isCut || (total ?? 0) > count) return undefined
  return [...bySystem.values()]
}

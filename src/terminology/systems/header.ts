import type { CodeSystem } from '@medplum/fhirtypes'

interface Told {
  url: string
  version: string
  name: string
  title: string
  publisher?: string
  copyright?: string
  /** Where it holds, as dates. */
  effective?: { from?: string; to?: string }
  hierarchy?: CodeSystem['hierarchyMeaning']
  caseSensitive?: boolean
  language?: string
  content?: CodeSystem['content']
  /** `code type what it means` */
  properties: readonly (readonly [code: string, type: PropertyType, description: string])[]
}

type PropertyType = NonNullable<NonNullable<CodeSystem['property']>[number]['type']>

const STANDARD = 'http://hl7.org/fhir/concept-properties#'
const STANDARDS = new Set(['inactive', 'notSelectable', 'parent', 'child', 'deprecated'])
/** R5 has an element for it. */
export const EFFECTIVE = 'http://hl7.org/fhir/StructureDefinition/resource-effectivePeriod'

/** What a CodeSystem resource says of a system whose concepts are in tables. */
export function headerOf(told: Told): CodeSystem & { url: string; version: string } {
  const { effective, properties, hierarchy, language = 'en' } = told
  const period = { start: effective?.from, end: effective?.to }
  return {
    resourceType: 'CodeSystem',
    language,
    extension: effective && [{ url: EFFECTIVE, valuePeriod: period }],
    url: told.url,
    version: told.version,
    name: told.name,
    title: told.title,
    status: 'active',
    experimental: false,
    publisher: told.publisher,
    copyright: told.copyright,
    caseSensitive: told.caseSensitive ?? true,
    hierarchyMeaning: hierarchy,
    content: told.content ?? 'complete',
    property: properties.map(([code, type, description]) => ({
      code,
      uri: STANDARDS.has(code) ? STANDARD + code : undefined,
      description,
      type,
    })),
  }
}

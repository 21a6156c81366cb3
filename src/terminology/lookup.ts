import { canonical } from '../fhir/canonical.js'
import { Displays, LANGUAGE_USE } from './displays.js'
import { type Languages, sameLanguage } from './languages.js'
import type { CodeSystemProvider, Concept, ConceptProperty, Designation } from './provider.js'
import { noSuchCode } from './unknown.js'

/** What is known of one concept, as far as it was asked for. */
export interface LookedUp {
  readonly name: string
  readonly version?: string
  readonly code: string
  readonly display: string
  readonly definition?: string
  readonly abstract?: boolean
  readonly designations: readonly Designation[]
  readonly properties: readonly ConceptProperty[]
}

interface Asked {
  readonly code: string
  /** Codes of properties, `designation`, `lang.de` …; none, or `*`, is all. */
  readonly properties: readonly string[]
  /** In which the display is wanted. */
  readonly languages?: Languages
}

/**
 * @throws NotFound  the code system has no such code (404)
 * @see https://hl7.org/fhir/R4/codesystem-operation-lookup.html
 */
export async function lookUp(provider: CodeSystemProvider, { code, properties, languages }: Asked): Promise<LookedUp> {
  const found = (await provider.locate([code])).get(code)
  if (!found) throw await noSuchCode(provider, code)
  const wanted = wantedBy(properties)
  const concept = isPlain(properties) ? found : await inContext(provider, found, properties, wanted)
  const displays = Displays.of(provider, concept)
  const { header, url, version } = provider
  return {
    name: header.name ?? header.title ?? canonical(url, version),
    ...(version !== undefined && { version }),
    code,
    // Who has nothing to show for a code in a language shows what there is.
    display: displays.preferred(languages) ?? displays.preferred() ?? code,
    ...(wanted('definition') && concept.definition !== undefined && { definition: concept.definition }),
    ...(wanted('abstract') && { abstract: concept.abstract }),
    designations: designationsOf(provider, concept).filter(
      ({ language = '' }) => wanted('designation') || wanted(`lang.${language}`),
    ),
    properties: propertiesOf(concept).filter((one) => wanted(one.code)),
  }
}

type Wanted = (name: string) => boolean

/** What a concept has by itself, without its neighbours. */
const PLAIN = /^(name|version|system|code|display|definition|designation|abstract|inactive|lang\..+)$/i

const isPlain = (properties: readonly string[]) => properties.length > 0 && properties.every((one) => PLAIN.test(one))

/** A concept with those above and below it, and with what the codes in its properties mean. */
async function inContext(
  provider: CodeSystemProvider,
  concept: Concept,
  names: readonly string[],
  wanted: Wanted,
): Promise<Concept> {
  if (provider.shown) return provider.shown(concept, names)
  const below = wanted('child') ? await provider.filter('parent', '=', concept.code) : undefined
  const children = (await below?.page({ offset: 0, count: Number.POSITIVE_INFINITY, brief: true })) ?? []
  const said = new Set(concept.properties.map(({ code, value }) => `${code} ${value}`))
  const related = [
    ...(wanted('parent') ? concept.parents.map((value) => ({ code: 'parent', value })) : []),
    ...children.map(({ code: value }) => ({ code: 'child', value })),
  ].filter(({ code, value }) => !said.has(`${code} ${value}`))
  const all = [
    ...related.map((one) => ({ ...one, type: 'code' as const })),
    ...concept.properties.filter(({ code }) => wanted(code)),
  ]
  const displays = new Map(children.map(({ code, display }) => [code, display]))
  const codes = all.flatMap(({ type, value }) =>
    type === 'code' && typeof value === 'string' && !displays.has(value) ? value : [],
  )
  for (const [code, { display }] of codes.length ? await provider.locate(codes) : []) displays.set(code, display)
  const described = (one: ConceptProperty) => {
    const description = one.type === 'code' ? displays.get(one.value as string) : undefined
    return description === undefined ? one : { ...one, description }
  }
  return { ...concept, properties: all.map(described) }
}

function wantedBy(properties: readonly string[]): Wanted {
  if (properties.length === 0 || properties.includes('*')) return () => true
  const names = new Set(properties.map((one) => one.toLowerCase()))
  return (name) => names.has(name.toLowerCase())
}

/** The display is one of them, where no other says the same. */
function designationsOf(
  { header: { language } }: CodeSystemProvider,
  { display, designations: known }: Concept,
): Designation[] {
  const designations = known.filter(({ inactive }) => !inactive)
  const isSaid = designations.some(
    (one) => one.value === display && (one.language === undefined || sameLanguage(one.language, language ?? '')),
  )
  if (display === undefined || isSaid) return [...designations]
  return [{ ...(language !== undefined && { language }), use: LANGUAGE_USE, value: display }, ...designations]
}

/** That a concept is active is worth saying, too. */
function propertiesOf({ properties, inactive }: Concept): ConceptProperty[] {
  if (properties.some(({ code }) => code === 'inactive')) return [...properties]
  return [{ code: 'inactive', type: 'boolean', value: String(inactive) }, ...properties]
}

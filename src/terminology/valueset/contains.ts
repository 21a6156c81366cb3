import type { Extension, ValueSetComposeIncludeConceptDesignation, ValueSetExpansionContains } from '@medplum/fhirtypes'
import { decimalOf } from '../../fhir/json.js'
import { Displays, ofDesignation, shown } from '../displays.js'
import type { Languages } from '../languages.js'
import type { ConceptProperty, Designation } from '../provider.js'
import type { Member } from './pages.js'

export interface Shown {
  /** In which language displays are wanted. */
  readonly languages?: Languages
  /** Which designations: all, or those of these languages and uses (`system|code`). */
  readonly designations?: 'all' | readonly string[]
  /** By code, of the system; `definition` is one. */
  readonly properties: readonly string[]
  /** Urls of code systems of which several versions are in the value set: each code says which is its. */
  readonly versioned: ReadonlySet<string>
}

/** R4 has no element for properties of an expansion, and these extensions instead. */
const R5 = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion'
export const PROPERTY = `${R5}.property`
const CONTAINS_PROPERTY = `${R5}.contains.property`

const DEFINITIONS = 'http://hl7.org/fhir/StructureDefinition/'
/** Extensions of concepts that R5 has made properties of the expansion. */
const AS_PROPERTIES: Readonly<Record<string, string>> = {
  [`${DEFINITIONS}codesystem-label`]: 'label',
  [`${DEFINITIONS}valueset-label`]: 'label',
  [`${DEFINITIONS}codesystem-conceptOrder`]: 'order',
  [`${DEFINITIONS}valueset-conceptOrder`]: 'order',
  [`${DEFINITIONS}itemWeight`]: 'weight',
}
/** Those that go along as they are. */
const KEPT = new Set(
  [
    'coding-sctdescid',
    'rendering-style',
    'rendering-xhtml',
    'structuredefinition-standards-status',
    'translation',
    'valueset-concept-definition',
    'valueset-deprecated',
  ].map((name) => DEFINITIONS + name),
)
const STANDARDS_STATUS = `${DEFINITIONS}structuredefinition-standards-status`

/** One code of an expansion. */
export function containsOf({ part, concept, listed }: Member, asked: Shown): ValueSetExpansionContains {
  const { provider } = part
  const { url: system, version } = provider
  const own = (listed?.designation ?? []).map(designationOf)
  const display = displayOf({ part, concept, listed }, own, asked.languages)
  const properties = propertiesOf({ part, concept, listed }, asked.properties)
  const extension = [
    ...keptOf([
      ...(concept.extensions ?? []).filter(({ url }) => url !== STANDARDS_STATUS),
      ...(listed?.extension ?? []),
    ]),
    ...properties.map(propertyExtension),
  ]
  const designation = asked.designations && designationsOf({ part, concept, listed }, own, display, asked)
  return {
    ...(extension.length && { extension }),
    system,
    ...(concept.abstract && { abstract: true }),
    ...(concept.inactive && { inactive: true }),
    ...(asked.versioned.has(system) && version !== undefined && { version }),
    code: concept.code,
    ...(display !== undefined && { display }),
    ...(designation?.length && { designation }),
  }
}

/** The value set's own word counts for more than the system's, where nobody asks for a language. */
function displayOf({ part, concept, listed }: Member, own: readonly Designation[], languages?: Languages) {
  const { provider } = part
  if (!languages) return listed?.display ?? concept.display
  const all = [
    ...(listed?.display === undefined ? [] : [shown(listed.display, provider.header.language)]),
    ...own.map((one) => ofDesignation(one, provider.url)),
    ...Displays.of(provider, concept).all,
  ]
  const wanted = new Displays(all).preferred(languages)
  return wanted ?? (languages.refuseOthers ? undefined : (listed?.display ?? concept.display))
}

function designationsOf(
  { part, concept }: Member,
  own: readonly Designation[],
  display: string | undefined,
  { designations, languages }: Shown,
): ValueSetComposeIncludeConceptDesignation[] {
  const { language } = part.provider.header
  const isOther = display !== concept.display
  const systems = isOther && concept.display !== undefined ? [{ language, use: PREFERRED, value: concept.display }] : []
  const further = [...concept.designations.filter(({ acceptable, inactive }) => !acceptable && !inactive), ...own]
  // The one that is shown as the display need not be said again; the same word of another language does.
  const chosen = isOther ? further.find((one) => one.value === display && isWanted(one, languages)) : undefined
  return [...systems, ...further]
    .filter((one) => one !== chosen && (designations === 'all' || designations?.some((token) => isOf(one, token))))
    .map(asElement)
}

const isWanted = ({ language }: Designation, languages: Languages | undefined) =>
  !languages || language === undefined || languages.include(language)

const PREFERRED = {
  system: 'http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra',
  code: 'preferredForLanguage',
  display: 'Preferred For Language',
}

/** @param token  a language, or a use as `system|code` */
function isOf({ language, use }: Designation, token: string): boolean {
  const at = token.lastIndexOf('|')
  if (at < 0) return language === token
  const [system, code] = [token.slice(0, at), token.slice(at + 1)]
  if (system === 'urn:ietf:bcp:47') return language === code
  return use?.system === system && (code === '' || use.code === code)
}

function asElement({ language, use, value, extensions = [] }: Designation): ValueSetComposeIncludeConceptDesignation {
  const extension = keptOf(extensions)
  return {
    ...(extension.length && { extension }),
    ...(language !== undefined && { language }),
    ...(use && { use: { ...use } }),
    value,
  }
}

const designationOf = ({ language, use, value, extension }: ValueSetComposeIncludeConceptDesignation): Designation => ({
  language,
  use,
  value: value!,
  extensions: extension,
})

/** Of one url the last. */
const keptOf = (extensions: readonly Extension[]): Extension[] => [
  ...new Map(extensions.filter(({ url }) => KEPT.has(url!)).map((one) => [one.url, one])).values(),
]

function propertiesOf({ part, concept, listed }: Member, codes: readonly string[]): ConceptProperty[] {
  const found = new Map<string, ConceptProperty>()
  for (const { url, ...value } of [...(concept.extensions ?? []), ...(listed?.extension ?? [])]) {
    const code = AS_PROPERTIES[url!]
    const said = Object.values(value).find((one) => typeof one === 'string' || typeof one === 'number')
    if (code && said !== undefined)
      found.set(code, { code, type: code === 'label' ? 'string' : 'decimal', value: literalOf(said) })
  }
  const status = concept.status
  const all = [...found.values(), ...(status ? [{ code: 'status', type: 'code', value: status } as const] : [])]
  const asked = codes.filter((code) => !(code === 'status' && status))
  return [...all, ...asked.flatMap((code) => valuesOf({ part, concept }, code))]
}

const literalOf = (value: string | number) => String(value).replace('\u0001', '')

/** A property by its code, or what every concept has by the name that the standard gives it. */
function valuesOf({ concept }: Pick<Member, 'part' | 'concept'>, code: string): readonly ConceptProperty[] {
  const own = concept.properties.filter((one) => one.code === code)
  if (own.length) return own
  switch (code) {
    case 'definition':
      return concept.definition === undefined ? [] : [{ code, type: 'string', value: concept.definition }]
    case 'parent':
      return concept.parents.map((value) => ({ code, type: 'code', value }))
    case 'inactive':
      return [{ code, type: 'boolean', value: String(concept.inactive) }]
    default:
      return []
  }
}

function propertyExtension({ code, type, value }: ConceptProperty): Extension {
  return {
    url: CONTAINS_PROPERTY,
    extension: [
      { url: 'code', valueCode: code },
      { url: 'value', [`value${type.charAt(0).toUpperCase()}${type.slice(1)}`]: jsonOf(type, value) },
    ],
  }
}

function jsonOf(type: ConceptProperty['type'], value: ConceptProperty['value']): unknown {
  if (typeof value !== 'string') return value
  if (type === 'boolean') return value === 'true'
  return type === 'integer' || type === 'decimal' ? decimalOf(value) : value
}

/** Codes of the properties that are shown of a concept. */
export const shownProperties = (contains: ValueSetExpansionContains): string[] =>
  (contains.extension ?? []).flatMap(({ url, extension }) =>
    url === CONTAINS_PROPERTY ? (extension![0]!.valueCode ?? []) : [],
  )

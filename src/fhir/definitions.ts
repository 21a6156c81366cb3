import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../base/root.js'

/** One type an element may have; a choice such as `value[x]` has several. */
export interface ElementType {
  /** `string`, `Period`, `Reference`, `BackboneElement` */
  readonly code: string
  /** For Reference and canonical: the types it may point at, `['Patient', 'Group']`; absent = any. */
  readonly targets?: readonly string[]
}

/** One element of a type; https://hl7.org/fhir/R4/elementdefinition.html without its prose. */
export interface ElementDefinition {
  /** As FHIRPath names it: `birthDate`; `deceased` for `deceased[x]`. */
  readonly name: string
  readonly min: number
  readonly max: '1' | '*'
  /** Is written with its type behind the name: `deceasedBoolean`, `deceasedDateTime`. */
  readonly choice?: true
  /** Empty when contentReference stands in. A BackboneElement's own elements are under `Patient.contact`. */
  readonly types: readonly ElementType[]
  /** Path of the element whose content is repeated here: `Questionnaire.item`. */
  readonly contentReference?: string
  /** URL (without version) of the value set that a required binding names. */
  readonly requiredValueSet?: string
  readonly isSummary?: true
  readonly isModifier?: true
}

export interface TypeDefinition {
  /** `Patient`, `HumanName`, `string`, or the path of a backbone: `Patient.contact` */
  readonly name: string
  readonly kind: 'resource' | 'complex-type' | 'primitive-type' | 'backbone'
  /** `DomainResource`; absent on Resource and Element. */
  readonly base?: string
  readonly abstract?: true
  /** In the order of the standard, inherited ones included; empty for primitives. */
  readonly elements: readonly ElementDefinition[]
  /** The lexical form of a primitive, not anchored. */
  readonly regex?: string
}

export type SearchType =
  | 'number'
  | 'date'
  | 'string'
  | 'token'
  | 'reference'
  | 'composite'
  | 'quantity'
  | 'uri'
  | 'special'

/** https://hl7.org/fhir/R4/searchparameter.html without its prose. */
export interface SearchParameterDefinition {
  readonly url: string
  readonly code: string
  readonly base: readonly string[]
  readonly type: SearchType
  /** FHIRPath from the resource; for several bases the union of all; absent on `_content` and `_query`. */
  readonly expression?: string
  /** Types a reference may point at. */
  readonly target?: readonly string[]
  readonly multipleOr?: boolean
  readonly multipleAnd?: boolean
  readonly comparator?: readonly string[]
  /** Of a composite, in the order of its values. */
  readonly component?: readonly { readonly definition: string; readonly expression: string }[]
  /** What it finds, by base type. */
  readonly descriptions: Readonly<Record<string, string>>
}

/** What build/r4.json holds; `definitions/build.ts` writes it. */
export interface Definitions {
  readonly types: Readonly<Record<string, TypeDefinition>>
  readonly searchParameters: readonly SearchParameterDefinition[]
  /** Value set URL → codes, where a required binding of a `code` can be enumerated. */
  readonly codes: Readonly<Record<string, readonly string[]>>
  readonly patientCompartment: Readonly<Record<string, readonly string[]>>
}

const { types, searchParameters, codes, patientCompartment: patient } = load()

function load(): Definitions {
  try {
    return freeze(JSON.parse(readFileSync(join(root, 'build', 'r4.json'), 'utf8')))
  } catch (cause) {
    throw new Error('build/r4.json, the definitions of FHIR R4, cannot be read: run `npm run build`', { cause })
  }
}

// Shared by the whole process for its whole life: nobody may change it by accident.
function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) freeze(child)
    Object.freeze(value)
  }
  return value
}

const definitions = new Map(Object.entries(types))

/** The 146 concrete resource types of R4, sorted. */
export const resourceTypes: readonly string[] = Object.freeze(
  Object.values(types)
    .filter((type) => type.kind === 'resource' && !type.abstract)
    .map((type) => type.name)
    .sort(),
)

const resourceTypeNames = new Set(resourceTypes)

export function isResourceType(name: unknown): name is string {
  return resourceTypeNames.has(name as string)
}

/** @param name  a resource type, a data type, or the path of a backbone such as `Patient.contact` */
export function typeDefinition(name: string): TypeDefinition | undefined {
  return definitions.get(name)
}

/** All of R4, each once; a parameter shared by several types has several bases. */
export function searchParameterDefinitions(): readonly SearchParameterDefinition[] {
  return searchParameters
}

const codeSets = new Map(Object.entries(codes))

/**
 * The codes a required binding allows.
 *
 * @param valueSet  canonical URL, with or without `|version`
 * @returns undefined when the value set cannot be enumerated here (languages, media types) or is bound nowhere
 */
export function requiredCodes(valueSet: string): readonly string[] | undefined {
  return codeSets.get(valueSet.split('|', 1)[0]!)
}

/**
 * Resource type → search parameters that place it in a patient's compartment; types outside it are absent.
 * @see https://hl7.org/fhir/R4/compartmentdefinition-patient.html
 */
export function patientCompartment(): Readonly<Record<string, readonly string[]>> {
  return patient
}

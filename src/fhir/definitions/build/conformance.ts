import type {
  CodeSystem,
  ConceptMap,
  ElementDefinition,
  NamingSystem,
  StructureDefinition,
  ValueSet,
} from '@medplum/fhirtypes'
import type { CanonicalType } from '../../library.js'
import { genuineElements, isR4Type, publishedElements, structuresIn } from './genuine.js'
import type { Sources } from './sources.js'

type Shipped = CodeSystem | ConceptMap | NamingSystem | StructureDefinition | ValueSet

const types: readonly CanonicalType[] = ['CodeSystem', 'ConceptMap', 'NamingSystem', 'StructureDefinition', 'ValueSet']

/**
 * The conformance resources of FHIR R4 and of HL7 Terminology, without what only readers of their pages need.
 * Of one url the one that is meant by it without a version comes first.
 */
export function* conformanceResources(sources: Sources): Generator<Shipped> {
  for (const resource of inOrder(sources)) yield compact(resource)
}

function* inOrder(sources: Sources): Generator<Shipped> {
  const core = [...structures(sources), ...terminologyOfCore(sources)]
  // HL7 Terminology goes on with what R4 4.0.1 published under terminology.hl7.org, in versions of its own that began
  // anew: 3.0.0 is newer than 4.0.1. Under hl7.org/fhir/ R4's own stays what is meant.
  yield* core.filter((resource) => urlOf(resource).startsWith('http://hl7.org/fhir/'))
  for (const resource of sources.terminologyOf(types)) yield resource as Shipped
  yield* core.filter((resource) => !urlOf(resource).startsWith('http://hl7.org/fhir/'))
}

const urlOf = (resource: Shipped): string => (resource.resourceType === 'NamingSystem' ? '' : resource.url!)

/** R4's types as HL7 published them, then what is derived from them. */
function* structures(sources: Sources): Generator<Shipped> {
  const published = publishedElements(structuresIn(sources.bundle('elements')))
  for (const structure of structuresIn([...sources.bundle('types'), ...sources.bundle('resources')])) {
    if (isR4Type(structure)) yield { ...structure, snapshot: { element: genuineElements(structure, published) } }
    else if (structure.derivation === 'constraint') yield structure
  }
  yield* structuresIn([...sources.bundle('profiles'), ...sources.bundle('extensions')])
}

function* terminologyOfCore(sources: Sources): Generator<Shipped> {
  for (const file of ['valueSets', 'v2', 'v3', 'conceptMaps'] as const) {
    for (const resource of sources.bundle(file) as (Shipped & { version?: string })[]) {
      // The package carries some of R5, too.
      if (types.includes(resource.resourceType) && resource.version !== '5.0.0') yield resource
    }
  }
}

function compact(resource: Shipped): Shipped {
  const { meta, text, contact, ...kept } = resource
  if (kept.resourceType !== 'StructureDefinition') return kept
  const { differential, mapping, keyword, snapshot, ...structure } = kept
  return { ...structure, snapshot: { element: snapshot!.element.map(withoutProse) } }
}

function withoutProse(element: ElementDefinition): ElementDefinition {
  const { comment, requirements, alias, mapping, example, ...kept } = element
  return kept
}

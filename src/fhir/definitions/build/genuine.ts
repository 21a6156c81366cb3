import type { ElementDefinition, Resource, StructureDefinition } from '@medplum/fhirtypes'
import { R4 } from './sources.js'

// The package's structures have been edited for the server that they come from; here is what HL7 published.

// SimpleQuantity and MoneyQuantity are profiles, MetadataResource is an interface, SubscriptionStatus came with R4B.
export const isR4Type = ({ kind, derivation, fhirVersion, snapshot }: StructureDefinition) =>
  kind !== 'logical' && derivation !== 'constraint' && fhirVersion === R4 && snapshot !== undefined

export const structuresIn = (resources: readonly Resource[]): StructureDefinition[] =>
  resources.filter((resource) => resource.resourceType === 'StructureDefinition')

export type Published = Map<string, ElementDefinition>

/**
 * The leaf elements as HL7 published them. The package's own structures carry additions (Meta.project, Binary.url,
 * parts of R5's ResearchStudy), so what this list does not have is no R4, and where they differ it is right.
 */
export function publishedElements(elements: StructureDefinition[]): Published {
  const roots = elements.map((element) => element.snapshot!.element[0]!)
  return new Map(roots.map((element) => [element.path!, element]))
}

// HL7 published each leaf under its path as id, and an id has at most 64 characters.
const LONGEST_ID = 64

const inherited = new Set(['id', 'extension', 'modifierExtension'])
export const lastOf = (path: string) => path.slice(path.lastIndexOf('.') + 1)
export const parentOf = (path: string) => path.slice(0, path.lastIndexOf('.'))
export const isBackbone = ({ type }: ElementDefinition) =>
  type?.[0]?.code === 'BackboneElement' || type?.[0]?.code === 'Element'

/** The elements of a type, in their order. */
export function genuineElements(structure: StructureDefinition, published: Published): ElementDefinition[] {
  const elements = structure.snapshot!.element
  // Age, Count, Distance and Duration repeat Quantity's elements, which were published only there.
  const isQuantity = structure.baseDefinition?.endsWith('/Quantity')
  return isQuantity || structure.kind === 'primitive-type'
    ? elements
    : asPublished(structure.type!, elements, published)
}

function asPublished(name: string, elements: ElementDefinition[], published: Published): ElementDefinition[] {
  const isAdded = ({ path }: ElementDefinition) =>
    path !== name && path!.length <= LONGEST_ID && !inherited.has(lastOf(path!)) && !published.has(path!)
  const hasContent = (element: ElementDefinition) => isBackbone(element) || element.contentReference !== undefined

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

  const constraints = elements.flatMap(({ constraint = [] }) => constraint)
  const everyElements = constraints.filter(({ key }) => key === 'ele-1').slice(0, 1)
  const genuine = kept.map((element): ElementDefinition => {
    const { type, binding } = published.get(element.path!) ?? element
    // Those of R4 were published in XPath, too.
    const constraint = element.constraint?.filter(({ key, xpath }) => xpath || key === 'ele-1' || key === 'ext-1')
    return { ...element, type, binding, ...(constraint && { constraint }) }
  })
  // What the package dropped goes back behind the element it was published behind: XML goes by this order.
  const paths = new Set(elements.map((element) => element.path))
  const own = [...published.values()].filter(({ path }) => path!.startsWith(`${name}.`))
  for (const [index, element] of own.entries()) {
    if (paths.has(element.path)) continue
    genuine.splice(genuine.findIndex(({ path }) => path === own[index - 1]?.path) + 1, 0, {
      ...element,
      constraint: everyElements,
    })
  }
  return genuine
}

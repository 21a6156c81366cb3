import { isResourceType } from '../definitions.js'

interface Reference {
  reference?: string
  type?: string
}
interface Resource {
  resourceType: string
  id?: string
  contained?: Resource[]
}

/**
 * Whether a Reference points at a resource of the type, as far as that can be told without following it: by a
 * contained resource (`#p1`), by the URL (`Patient/1`, `http://h/fhir/Patient/1/_history/2`), or else by
 * `Reference.type`, which stands beside an identifier or a `urn:uuid:`.
 *
 * @param resource  the one that holds the reference, whose contained resources `#p1` means
 * @see https://hl7.org/fhir/R4/references.html#literal
 */
export function refersTo(reference: Reference, type: string, resource: Resource): boolean {
  const { reference: url, type: declared } = reference
  if (typeof url === 'string') {
    if (url[0] === '#') return containedType(resource, url.slice(1)) === type
    const typeInUrl = typeOf(url)
    if (typeInUrl) return typeInUrl === type
  }
  return declared === type || declared === `http://hl7.org/fhir/StructureDefinition/${type}`
}

function containedType(resource: Resource, id: string): string | undefined {
  if (id === '') return resource.resourceType
  return resource.contained?.find((contained) => contained.id === id)?.resourceType
}

function typeOf(url: string): string | undefined {
  const history = url.indexOf('/_history/')
  const end = url.lastIndexOf('/', history < 0 ? undefined : history - 1)
  if (end <= 0) return undefined
  const name = url.slice(url.lastIndexOf('/', end - 1) + 1, end)
  return isResourceType(name) ? name : undefined
}

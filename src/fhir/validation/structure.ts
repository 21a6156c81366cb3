import type { Issue } from '../../base/errors.js'
import { isResourceType } from '../definitions.js'
import { isObject } from './objects.js'
import { usual } from './rule.js'
import { checkResource } from './shapes.js'
import { Shelf } from './shelf.js'
import { walk } from './walk.js'

const bare = new Shelf()

/**
 * Whether a resource has the shape that R4 gives its type: known elements, cardinality, JSON types, the lexical form
 * of primitives, choices, extensions, nested resources, and the codes of required bindings. Invariants, profiles and
 * terminology are not looked at.
 *
 * @param resource  from `parseJson`
 * @param at        FHIRPath of the resource when it is a part: `Bundle.entry[3].resource`
 * @returns at most 100 issues in the order of the document, then a note if there are more; empty when all is well
 * @see https://hl7.org/fhir/R4/json.html
 */
export function validateStructure(resource: unknown, at = nameOf(resource)): Issue[] {
  const course = { root: at, settings: usual, shelf: bare }
  return walk.run(course, resource, () => checkResource(resource)).issues
}

/** What a path starts with. */
export const nameOf = (resource: unknown): string =>
  isObject(resource) && isResourceType(resource.resourceType) ? resource.resourceType : 'Resource'

import { isResourceType, resourceTypes, typeDefinition } from '../fhir/definitions.js'
import { capitalized, type Member, membersOf } from '../fhir/members.js'

/**
 * A field as GraphQL knows it. `element` is what the JSON has under the field's name; the others are what
 * https://hl7.org/fhir/R4/graphql.html adds: the `resource` a reference points at, one resource by id (`read`),
 * and the two ways to search (`list`, `connection`).
 */
export interface Field {
  readonly name: string
  readonly kind: 'typename' | 'element' | 'resource' | 'read' | 'list' | 'connection' | 'introspection'
  /** As FHIR names it: `HumanName`, `Patient.contact`, `date`; `Resource` is a resource of any type. */
  readonly type: string
  readonly list: boolean
  /** It is a leaf: nothing can be selected below it. */
  readonly scalar: boolean
}

/** The root of a query on the whole system. */
export const QUERY = 'Query'
/** The resource of any type, whose fields are those of the type that it turns out to be. */
export const ANY = 'Resource'

const leaf = (name: string, type: string): Field => ({ name, kind: 'element', type, list: false, scalar: true })
const typename: Field = { name: '__typename', kind: 'typename', type: 'string', list: false, scalar: true }
const resourceType: Field = leaf('resourceType', 'code')
const target: Field = { name: 'resource', kind: 'resource', type: ANY, list: false, scalar: false }
const introspection = ['__schema', '__type'].map(
  (name): Field => ({ name, kind: 'introspection', type: name, list: false, scalar: false }),
)

/** A page of a search: https://hl7.org/fhir/R4/graphql.html#searching */
const connection: readonly Field[] = [
  ...['count', 'offset', 'pagesize'].map((name) => leaf(name, 'integer')),
  ...['first', 'previous', 'next', 'last'].map((name) => leaf(name, 'id')),
]
const edge: readonly Field[] = [leaf('mode', 'code'), leaf('score', 'decimal')]

const known = new Map<string, ReadonlyMap<string, Field>>()

/**
 * The fields of a type that come from its definition, in its order. What every type has (`__typename`), and what
 * resources have of searches, is found by `fieldOf` alone.
 */
export function ownFields(type: string): ReadonlyMap<string, Field> {
  let fields = known.get(type)
  if (!fields) {
    fields = new Map(defined(type).map((field) => [field.name, field]))
    known.set(type, fields)
  }
  return fields
}

function defined(type: string): readonly Field[] {
  const [subject, part] = pageOf(type) ?? []
  if (part === 'Connection')
    return [...connection, { name: 'edges', kind: 'element', type: `${subject}Edge`, list: true, scalar: false }]
  if (part === 'Edge')
    return [...edge, { name: 'resource', kind: 'element', type: subject!, list: false, scalar: false }]
  const elements = [...membersOf(type)].flatMap(([name, member]) => ofMember(name, member))
  if (type === 'Reference') return [...elements, target]
  return isResource(type) ? [resourceType, ...elements] : elements
}

/** An element, and for a primitive its twin with an underscore: https://hl7.org/fhir/R4/json.html#primitive */
function ofMember(name: string, { element, type }: Member): Field[] {
  const list = element.max === '*'
  const scalar = isPrimitive(type)
  const field: Field = { name, kind: 'element', type, list, scalar }
  // An id, of a resource or an element, has no extensions that JSON could hold.
  if (!scalar || name === 'id') return [field]
  return [field, { name: `_${name}`, kind: 'element', type: 'Element', list, scalar: false }]
}

/** @returns undefined when the type has no such field */
export function fieldOf(type: string, name: string): Field | undefined {
  if (name === '__typename') return typename
  if (type === QUERY) return search(name, isResourceType(name)) ?? introspection.find((one) => one.name === name)
  return ownFields(type).get(name) ?? (isResource(type) ? search(name, false) : undefined)
}

/** `Patient`, `PatientList`, `PatientConnection`; `List` and `ListList`, too. */
function search(name: string, byId: boolean): Field | undefined {
  if (byId) return { name, kind: 'read', type: name, list: false, scalar: false }
  const [, type, how] = /^([A-Za-z]+)(List|Connection)$/.exec(name) ?? []
  if (!isResourceType(type)) return undefined
  return how === 'List'
    ? { name, kind: 'list', type, list: true, scalar: false }
    : { name, kind: 'connection', type: name, list: false, scalar: false }
}

/** `PatientConnection` as `['Patient', 'Connection']`, `PatientEdge` likewise. */
export function pageOf(type: string): [subject: string, part: 'Connection' | 'Edge'] | undefined {
  const [, subject, part] = /^([A-Za-z]+)(Connection|Edge)$/.exec(type) ?? []
  return isResourceType(subject) ? [subject, part as 'Connection' | 'Edge'] : undefined
}

/** What a field of kind `list` or `connection` searches for. */
export const searchedType = ({ type }: Field): string => pageOf(type)?.[0] ?? type

export const isResource = (type: string): boolean => type === ANY || isResourceType(type)
const isPrimitive = (type: string) => typeDefinition(type)?.kind === 'primitive-type'

/** `Patient.contact` as the published schema has it: `PatientContact`. What a `_name` holds is an `ElementBase`. */
export function graphqlName(type: string): string {
  return type === 'Element' ? 'ElementBase' : type.split('.').map(capitalized).join('')
}

/** Whether something of this type is what a fragment's condition names. */
export function isA(type: string, condition: string): boolean {
  if (graphqlName(type) === condition) return true
  return isResource(type) && (condition === ANY || typeDefinition(type)?.base === condition)
}

let named: Map<string, string> | undefined

/** The type of a fragment's condition: `PatientContact` is `Patient.contact`. */
export function typeNamed(name: string): string | undefined {
  if (isResource(name) || name === 'DomainResource' || pageOf(name)) return name
  named ??= new Map(complexTypes().map((type) => [graphqlName(type), type]))
  return named.get(name)
}

/** Every type that something below a resource can have, backbones included. */
export function complexTypes(): string[] {
  const types = new Set<string>([ANY, 'Element'])
  // A set goes on to what is added while it is walked.
  const visit = (type: string) => {
    for (const field of ownFields(type).values()) if (!field.scalar) types.add(field.type)
  }
  for (const type of resourceTypes) visit(type)
  for (const type of types) visit(type)
  return [...types]
}

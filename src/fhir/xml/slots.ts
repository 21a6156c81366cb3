import { typeDefinition } from '../definitions.js'
import { membersOf } from '../members.js'

/** How a member of a type is written in XML; https://hl7.org/fhir/R4/xml.html */
export interface Slot {
  /** As JSON and XML call it: `birthDate`, `deceasedBoolean` */
  readonly name: string
  /** Where JSON has the id and extensions of a primitive: `_birthDate` */
  readonly twin: string
  /** Where its own members are found: `HumanName`, `date`, `Patient.contact` */
  readonly type: string
  readonly isList: boolean
  /** An `attribute` is the id of an element or the url of an extension; a `resource` stands in an element of its own. */
  readonly kind: 'attribute' | 'primitive' | 'complex' | 'resource' | 'xhtml'
  /** Position in the order that the standard gives. */
  readonly order: number
}

const known = new Map<string, ReadonlyMap<string, Slot>>()

/** @param type  a resource type, data type or backbone path; a primitive has `id` and `extension` */
export function slotsOf(type: string): ReadonlyMap<string, Slot> {
  const found = known.get(type)
  if (found) return found
  const isResource = typeDefinition(type)?.kind === 'resource'
  const slots = new Map<string, Slot>()
  for (const [name, { element, type: content }] of membersOf(type)) {
    const isAttribute = (name === 'id' && !isResource) || (name === 'url' && type === 'Extension')
    const kind = isAttribute ? 'attribute' : kindOf(content)
    slots.set(name, { name, twin: `_${name}`, type: content, isList: element.max === '*', kind, order: slots.size })
  }
  known.set(type, slots)
  return slots
}

function kindOf(type: string): Slot['kind'] {
  if (type === 'xhtml') return 'xhtml'
  const kind = typeDefinition(type)?.kind
  return kind === 'primitive-type' ? 'primitive' : kind === 'resource' ? 'resource' : 'complex'
}

/** A part of the way from a resource down to an element. */
export interface Step {
  readonly name: string
  /** Of an element that repeats. */
  readonly index?: number
}

/** `Patient.name[0].given[1]` */
export const pathText = (path: readonly Step[]): string =>
  path.map(({ name, index }) => (index === undefined ? name : `${name}[${index}]`)).join('.')

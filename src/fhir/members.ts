import { type ElementDefinition, typeDefinition } from './definitions.js'

/** A JSON member of a type: `deceasedBoolean` of Patient is element `deceased`, with a boolean in it. */
export interface Member {
  readonly element: ElementDefinition
  /** Where the definition of what it holds is found: `HumanName`, `date`, `Patient.contact`, or `Resource` for any */
  readonly type: string
}

const known = new Map<string, ReadonlyMap<string, Member>>()
const none: ReadonlyMap<string, Member> = new Map()

/**
 * JSON name → member, in the order of the standard, without the `_name` twins of primitives.
 *
 * @param type  a resource type, data type or backbone path; a primitive has the members of its `_name` object
 *              (`id` and `extension`), an unknown type has none
 */
export function membersOf(type: string): ReadonlyMap<string, Member> {
  const found = known.get(type)
  if (found) return found
  const definition = typeDefinition(type)
  if (!definition) return none
  if (definition.kind === 'primitive-type') return membersOf('Element')
  const members = new Map(definition.elements.flatMap((element) => spellings(type, element)))
  known.set(type, members)
  return members
}

function spellings(owner: string, element: ElementDefinition): [string, Member][] {
  const { name, choice, types, contentReference } = element
  if (contentReference) return [[name, { element, type: contentReference }]]
  return types.map(({ code }) => {
    const path = `${owner}.${name}`
    return [choice ? name + capitalized(code) : name, { element, type: typeDefinition(path) ? path : code }]
  })
}

export const capitalized = (code: string) => code.charAt(0).toUpperCase() + code.slice(1)

import { Invalid } from '../base/errors.js'
import { isResourceType } from '../fhir/definitions.js'
import { elements } from '../fhir/elements.js'

/**
 * What `_elements` leaves of a type. A name without a type is for every type that has it, so that those which do not
 * keep what they cannot be without.
 *
 * @returns undefined when all names are for other types: then resources are whole
 */
export function elementsOf(type: string, names: readonly string[]): string[] | undefined {
  const own = names.filter((name) => name.startsWith(`${type}.`) || !isResourceType(name.split('.', 1)[0]!))
  if (own.length === 0) return undefined
  const known = own.filter((name) => has(type, name))
  return known.length > 0 ? known : ['id']
}

/** @throws Invalid  a name that none of the types has (400) */
export function checkElements(types: readonly string[], names: readonly string[]): void {
  for (const name of names) {
    if (!types.some((type) => isFor(type, name) && has(type, name)))
      throw new Invalid(`_elements: none of the types that are exported has ${name.slice(0, 64)}`)
  }
}

const isFor = (type: string, name: string) => {
  const [first = ''] = name.split('.', 1)
  return !isResourceType(first) || first === type
}

function has(type: string, name: string): boolean {
  try {
    elements({ resourceType: type }, [name])
    return true
  } catch (cause) {
    if (cause instanceof Invalid) return false
    throw cause
  }
}

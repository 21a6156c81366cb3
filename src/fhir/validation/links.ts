import { isA } from '../fhirpath/item.js'
import { membersOf } from '../members.js'
import type { Json } from './rule.js'

/** What leads somewhere: `Reference.reference`, or a value of type uri or one derived from that. */
export interface Link {
  readonly text: string
  /** `Reference`, `uri`, `url`, `canonical`, `oid`, `uuid` */
  readonly type: string
  /** Type and name of the element that holds it: `Coding.system` */
  readonly element: string
}

/** Visits every link of a resource and of those within it, but not of a Bundle within it. */
export function eachLink(resource: Json, visit: (link: Link) => void): void {
  const walk = (node: Json, type: string): void => {
    const members = membersOf(type)
    for (const key in node) {
      const member = members.get(key)
      if (!member) continue
      const value = node[key]
      if (Array.isArray(value)) for (const one of value) into(one, type, key, member.type)
      else into(value, type, key, member.type)
    }
  }
  const into = (value: unknown, owner: string, key: string, type: string): void => {
    if (typeof value === 'object' && value !== null) {
      const { resourceType } = value as Json
      if (resourceType !== 'Bundle') walk(value as Json, typeof resourceType === 'string' ? resourceType : type)
    } else if (typeof value === 'string') {
      const isReference = owner === 'Reference' && key === 'reference'
      if (isReference || isA(type, 'uri')) {
        visit({ text: value, type: isReference ? 'Reference' : type, element: `${owner}.${key}` })
      }
    }
  }
  walk(resource, String(resource.resourceType))
}

import { isObject } from '../objects.js'
import type { Json } from '../rule.js'

export interface Found {
  code: string
  version?: string
  /** Where it is, from the node: `.diagnosisCodeableConcept.coding[1].code` */
  below: string
}

/** The codes of one system in a Coding or CodeableConcept, as far as they have the form of such. */
export function codesAt(node: Json, element: string, system: string): Found[] {
  const value = node[element]
  if (!isObject(value)) return []
  const codings = Array.isArray(value.coding)
    ? value.coding.map((coding: unknown, i) => [coding, `.${element}.coding[${i}].code`] as const)
    : [[value, `.${element}.code`] as const]
  return codings.flatMap(([coding, below]) => {
    if (!isObject(coding) || coding.system !== system || typeof coding.code !== 'string') return []
    return { code: coding.code, below, ...(typeof coding.version === 'string' && { version: coding.version }) }
  })
}

/** The first date at one of these places: `item.servicedPeriod.start`, of the first item that has it. */
export function dateAt(resource: Json, places: readonly string[]): string | undefined {
  for (const place of places) {
    const found = firstAt(resource, place.split('.'))
    if (typeof found === 'string' && /^\d{4}/.test(found)) return found.slice(0, 10)
  }
  return undefined
}

function firstAt(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (Array.isArray(value))
    return value.map((one) => firstAt(one, name === undefined ? [] : [name, ...rest])).find(isThere)
  if (name === undefined) return value
  return isObject(value) ? firstAt(value[name], rest) : undefined
}

const isThere = (value: unknown) => value !== undefined

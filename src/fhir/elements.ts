import { Invalid } from '../base/errors.js'
import { type ElementDefinition, isResourceType } from './definitions.js'
import { membersOf } from './members.js'

type Json = Record<string, unknown>

/** What is asked of an element: all of it, or these of its own elements. */
type Wanted = 'all' | Map<string, Wanted>

/**
 * A resource with only the elements that `_elements` names, and those it cannot be without: mandatory ones, id, meta.
 * The argument stays as it is; the result shares its parts.
 *
 * @param names  `['identifier', 'name.family', 'value']`; a choice goes by its name (`value` or `value[x]`), and
 *               `Patient.active` is for that type alone; when all names are for others, the resource is whole
 * @throws Invalid  names that the type does not have
 * @see https://hl7.org/fhir/R4/search.html#elements
 */
export function elements(resource: Json, names: string[]): Json {
  const type = String(resource.resourceType)
  const prefix = `${type}.`
  const own = names.filter((name) => name.startsWith(prefix) || !isResourceType(name.split('.', 1)[0]!))
  if (own.length === 0) return resource
  const paths = own.map((name) =>
    (name.startsWith(prefix) ? name.slice(prefix.length) : name).replaceAll('[x]', '').split('.'),
  )
  const unknown = own.filter((_, index) => !isKnown(type, paths[index]!))
  if (unknown.length > 0) throw new Invalid(`_elements: ${type} has no ${unknown.join(', ')}; it has ${namesOf(type)}`)

  const wanted = new Map<string, Wanted>([
    ['id', 'all'],
    ['meta', 'all'],
  ])
  for (const path of paths) want(wanted, path)
  return subsetted(pick(resource, type, wanted))
}

function isKnown(type: string, [name, ...rest]: string[]): boolean {
  const named = [...membersOf(type)].filter(([key, { element }]) => element.name === name || key === name)
  return named.some(([, member]) => rest.length === 0 || isKnown(member.type, rest))
}

const namesOf = (type: string) =>
  [...new Set([...membersOf(type).values()].map(({ element }) => element.name))].join(', ')

function want(wanted: Map<string, Wanted>, [name, ...rest]: string[]): void {
  const before = wanted.get(name!)
  if (before === 'all') return
  if (rest.length === 0) {
    wanted.set(name!, 'all')
    return
  }
  const below = before ?? new Map<string, Wanted>()
  wanted.set(name!, below)
  want(below, rest)
}

function pick(node: Json, type: string, wanted: Map<string, Wanted>): Json {
  const members = membersOf(type)
  const picked: Json = {}
  for (const [name, value] of Object.entries(node)) {
    const key = name.startsWith('_') ? name.slice(1) : name
    const member = members.get(key)
    if (!member) {
      if (name === 'resourceType') picked[name] = value
      continue
    }
    const part = wanted.get(member.element.name) ?? wanted.get(key) ?? (isNeeded(member.element) ? 'all' : undefined)
    if (part) picked[name] = part === 'all' ? value : each(value, (child) => pick(child, member.type, part))
  }
  return picked
}

/**
 * What no projection leaves out: mandatory elements, and modifier extensions, without which the rest would say
 * something else (https://hl7.org/fhir/R4/extensibility.html#modifierExtension).
 */
export const isNeeded = ({ min, name }: ElementDefinition) => min > 0 || name === 'modifierExtension'

/** Applies a projection to an object, or to the objects of a list; a primitive has nothing to leave out. */
export function each(value: unknown, project: (child: Json) => Json): unknown {
  if (Array.isArray(value)) return value.map((item) => each(item, project))
  return typeof value === 'object' && value !== null ? project(value as Json) : value
}

const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }

/** The resource with the tag that warns clients against writing it back. The argument stays as it is. */
export function subsetted(resource: Json): Json {
  const { resourceType, id, meta, ...rest } = resource
  const { tag, ...others } = (meta ?? {}) as { tag?: { system?: string; code?: string }[] }
  const kept = (tag ?? []).filter(({ system, code }) => system !== SUBSETTED.system || code !== SUBSETTED.code)
  return {
    resourceType,
    ...(id !== undefined && { id }),
    meta: { ...others, tag: [...kept, { ...SUBSETTED }] },
    ...rest,
  }
}

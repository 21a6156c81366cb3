import { Invalid } from '../base/errors.js'
import type { ElementDefinition } from './definitions.js'
import { each, isNeeded, subsetted } from './elements.js'
import { type Member, membersOf } from './members.js'

type Json = Record<string, unknown>

/** https://hl7.org/fhir/R4/valueset-summary.html */
export type SummaryMode = 'true' | 'text' | 'data' | 'count' | 'false'

/**
 * A resource as `_summary` asks for it, with the tag SUBSETTED unless the mode is `false`.
 * The argument stays as it is; the result shares its parts.
 *
 * @throws Invalid  `count`, which is an answer to a search and not a form of a resource
 * @see https://hl7.org/fhir/R4/search.html#summary
 */
export function summarize(resource: Json, mode: SummaryMode): Json {
  return forms[mode](resource, String(resource.resourceType))
}

const forms: Record<SummaryMode, (resource: Json, type: string) => Json> = {
  true: (resource, type) => subsetted(summaryOf(resource, type)),
  text: (resource, type) => subsetted(only(resource, type, (element) => isNeeded(element) || inText.has(element.name))),
  data: (resource, type) => subsetted(only(resource, type, ({ name }) => name !== 'text')),
  count: () => {
    throw new Invalid('_summary=count is for searches: it counts matches')
  },
  false: (resource) => resource,
}

const inText = new Set(['id', 'meta', 'text'])

function only(node: Json, type: string, keeps: (element: ElementDefinition) => boolean): Json {
  const members = membersOf(type)
  const kept = Object.entries(node).filter(([name]) => {
    const member = members.get(name.startsWith('_') ? name.slice(1) : name)
    return member ? keeps(member.element) : name === 'resourceType'
  })
  return Object.fromEntries(kept)
}

/** A primitive keeps its `_name` twin, which may say why it has no value. */
function summaryOf(node: Json, type: string): Json {
  if (type === 'Resource') return summaryOf(node, String(node.resourceType))
  const members = summaryMembers(type)
  if (!members) return node
  const summary: Json = {}
  for (const name in node) {
    const member = members.get(name.charCodeAt(0) === UNDERSCORE ? name.slice(1) : name)
    const value = node[name]
    if (member)
      summary[name] = typeof value === 'object' ? each(value, (child) => summaryOf(child, member.type)) : value
    else if (name === 'resourceType') summary[name] = value
  }
  return summary
}

const UNDERSCORE = 95
const known = new Map<string, ReadonlyMap<string, Member> | undefined>()

/**
 * The members of a type that are marked Σ or always needed. None for Extension and Narrative, which mark nothing:
 * they are in a summary as a whole, or not at all.
 */
function summaryMembers(type: string): ReadonlyMap<string, Member> | undefined {
  if (known.has(type)) return known.get(type)
  const members = [...membersOf(type)]
  const marked = members.some(([, { element }]) => element.isSummary)
  const kept = new Map(members.filter(([, { element }]) => element.isSummary || isNeeded(element)))
  known.set(type, marked ? kept : undefined)
  return known.get(type)
}

import { isResourceType, resourceTypes } from '../fhir/definitions.js'
import type { Entry, Link } from './entry.js'
import { keyOf } from './hash.js'
import { paramOf } from './names.js'
import type { SearchParameter } from './parameters.js'
import { storedParameters } from './sources.js'
import { refsOf } from './where.js'

/** Type, id and version of a reference to this server; a search instead of an id is one that nobody has resolved. */
const LOCAL = /^([A-Z][A-Za-z]+)(?:\/([A-Za-z0-9.-]{1,64})(?:\/_history\/(\d{1,9}))?(?:#.*)?|(\?.+))$/s

/** @returns undefined for what names no resource of this server */
export function linkOf(tenant: number, reference: string): Link | undefined {
  const [, type, id, version, query] = LOCAL.exec(reference) ?? []
  if (!isResourceType(type)) return undefined
  // No id has a question mark, so that nothing is ever there.
  return { key: keyOf(tenant, type, id ?? query!), version: Number(version ?? 0), reference }
}

type Json = Record<string, unknown>

/** `place` gives the element as FHIRPath: `Observation.performer[1]` */
type Visit = (reference: string, place: () => string) => void

/**
 * Visits all that a resource refers to, be it in extensions and contained resources. What a Bundle or Parameters hold is
 * of a world of its own: their entries refer to each other.
 */
export function eachLocalReference(resource: { resourceType: string }, visit: Visit): void {
  walk(resource as Json, resource.resourceType, visit, undefined)
}

/** The way back to the root; nothing is written out unless somebody asks where he is. */
interface Step {
  readonly name: string | number
  readonly above: Step | undefined
}

function walk(node: Json, root: string, visit: Visit, above: Step | undefined): void {
  const { reference } = node
  // Three other elements of R4 are named reference: see fhir/references.ts.
  if (typeof reference === 'string' && node.resourceType === undefined && node.language === undefined)
    visit(reference, () => placeOf(root, above))
  for (const name in node) {
    const child = node[name]
    if (typeof child !== 'object' || child === null) continue
    if (name === 'resource' && typeof (child as Json).resourceType === 'string') continue
    const step = { name, above }
    if (!Array.isArray(child)) walk(child as Json, root, visit, step)
    else
      child.forEach((item: unknown, i) => {
        if (typeof item === 'object' && item !== null) walk(item as Json, root, visit, { name: i, above: step })
      })
  }
}

function placeOf(root: string, step: Step | undefined): string {
  if (!step) return root
  const above = placeOf(root, step.above)
  return typeof step.name === 'number' ? `${above}[${step.name}]` : `${above}.${step.name}`
}

/** Under which a reference is indexed that no search parameter finds. */
const ELSEWHERE = 'reference elsewhere'

/**
 * Adds to an entry all that the resource refers to on this server, and to what it is found by what no parameter has:
 * then the index can tell who refers to a resource, by whichever element.
 */
export function addLinks(tenant: number, resource: { resourceType: string }, entry: Entry): void {
  let salt: bigint | undefined
  eachLocalReference(resource, (reference) => {
    const link = linkOf(tenant, reference)
    if (!link) return
    entry.links.push(link)
    if (!entry.found.has(link.key)) {
      salt ??= paramOf(tenant, 'Resource', ELSEWHERE)
      entry.ref.add(link.key ^ salt)
    }
  })
}

export const mayTarget = ({ targets }: SearchParameter, type: string): boolean =>
  targets.length === 0 || targets.includes(type)

const saltsByType = new Map<string, readonly bigint[]>()

/** What `resource.ref` holds of those that refer to a resource by any of their elements. */
export function linkHashes(tenant: number, type: string, key: bigint): bigint[] {
  const name = `${tenant} ${type}`
  let salts = saltsByType.get(name)
  if (!salts) {
    const found = resourceTypes.flatMap((from) =>
      storedParameters(from)
        .filter((one) => one.type === 'reference' && mayTarget(one, type))
        .map(({ code }) => paramOf(tenant, from, code)),
    )
    salts = [...new Set([...found, paramOf(tenant, 'Resource', ELSEWHERE)])]
    saltsByType.set(name, salts)
  }
  return refsOf(salts, [key])
}

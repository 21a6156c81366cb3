import { parseReference } from '../references.js'
import type { Found, Json } from './rule.js'

/** The Bundle around a resource, and the entry of it in which it is. */
export interface Around {
  readonly bundle: BundleIndex
  /** Of the entry: relative references go from there. */
  readonly fullUrl: string | undefined
}

/** The entries of a Bundle by what they may be referred to as; made when the first reference asks. */
export class BundleIndex {
  private places: Map<string, number> | undefined

  /** @param path  FHIRPath of the Bundle */
  constructor(
    private readonly bundle: Json,
    private readonly path: string,
  ) {}

  find(name: string): Found | undefined {
    this.places ??= this.index()
    const place = this.places.get(name)
    if (place === undefined) return undefined
    const { resource, fullUrl } = (this.bundle.entry as Json[])[place]!
    return {
      resource: resource as Json,
      path: `${this.path}.entry[${place}].resource`,
      ...(typeof fullUrl === 'string' && { fullUrl }),
    }
  }

  private index(): Map<string, number> {
    const places = new Map<string, number>()
    const name = (key: string, place: number) => {
      if (!places.has(key)) places.set(key, place)
    }
    const entries = Array.isArray(this.bundle.entry) ? this.bundle.entry : []
    for (const [place, entry] of entries.entries()) {
      const { resource, fullUrl } = (entry ?? {}) as { resource?: Json; fullUrl?: unknown }
      if (typeof resource !== 'object' || resource === null) continue
      const version = (resource.meta as Json | undefined)?.versionId
      const names = [`${resource.resourceType}/${resource.id}`, ...(typeof fullUrl === 'string' ? [fullUrl] : [])]
      for (const one of names) {
        name(one, place)
        if (typeof version === 'string') name(`${one}/_history/${version}`, place)
      }
    }
    return places
  }
}

const restful = /^(https?:\/\/.+)\/[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/

/**
 * Where a reference leads without leaving what is validated.
 *
 * @param root  the resource that contains the others
 * @see https://hl7.org/fhir/R4/bundle.html#references
 */
export function resolveAround(
  reference: string,
  root: Json,
  around: Around | undefined,
  rootPath: string,
): Found | null {
  const parsed = parseReference(reference)
  if (parsed?.fragment !== undefined && reference.startsWith('#'))
    return resolveContained(parsed.fragment, root, rootPath)
  if (!around) return null
  const { bundle, fullUrl } = around
  const withoutFragment = reference.split('#', 1)[0]!
  if (parsed?.type === undefined || parsed.absolute) return bundle.find(withoutFragment) ?? null
  const base = fullUrl === undefined ? undefined : restful.exec(fullUrl)?.[1]
  return bundle.find(base === undefined ? withoutFragment : `${base}/${withoutFragment}`) ?? null
}

function resolveContained(id: string, root: Json, path: string): Found | null {
  if (id === '') return { resource: root, path }
  if (!Array.isArray(root.contained)) return null
  const place = root.contained.findIndex((one) => one?.id === id)
  return place < 0 ? null : { resource: root.contained[place], path: `${path}.contained[${place}]` }
}

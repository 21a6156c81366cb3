import { isResourceType } from '../../definitions.js'
import type { Json } from '../rule.js'

/** An entry of a Bundle, as far as it is what it should be. */
export interface Entry {
  /** Its place in `Bundle.entry`. */
  readonly index: number
  readonly fullUrl?: string
  readonly resource?: Json & { readonly resourceType: string; readonly id?: string }
  /** `match`, `include`, `outcome` */
  readonly mode?: unknown
}

export function entriesOf(bundle: Json): Entry[] {
  if (!Array.isArray(bundle.entry)) return []
  return bundle.entry.map((entry: unknown, index): Entry => {
    const { fullUrl, resource, search } = objectOf(entry)
    return {
      index,
      ...(typeof fullUrl === 'string' && { fullUrl }),
      ...(isResourceType(objectOf(resource).resourceType) && { resource: resource as Entry['resource'] }),
      mode: objectOf(search).mode,
    }
  })
}

export const objectOf = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {})
export const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.map(objectOf) : [])

/** `http://…`, `urn:…` and the like. */
export const isAbsolute = (url: string) => /^[A-Za-z][A-Za-z0-9+.-]*:/.test(url)

const restful = /^(https?:\/\/.+)\/([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})$/

/** The parts of a URL that a FHIR server would give a resource, `http://h/fhir/Patient/1`. */
export function restfulParts(url: string): { base: string; type: string; id: string } | undefined {
  const [, base, type, id] = restful.exec(url) ?? []
  return isResourceType(type) ? { base: base!, type, id: id! } : undefined
}

/** Entries by what may be said to refer to them, which several may share. */
export class EntryIndex {
  private readonly byFullUrl = new Map<string, Entry[]>()
  /** By `Patient/1`. */
  private readonly byName = new Map<string, Entry[]>()

  constructor(entries: readonly Entry[]) {
    for (const entry of entries) {
      const { fullUrl, resource } = entry
      const version = objectOf(resource?.meta).versionId
      const versioned = (name: string) => (typeof version === 'string' ? [name, `${name}/_history/${version}`] : [name])
      if (fullUrl !== undefined) for (const name of versioned(fullUrl)) add(this.byFullUrl, name, entry)
      if (resource?.id !== undefined) {
        for (const name of versioned(`${resource.resourceType}/${resource.id}`)) add(this.byName, name, entry)
      }
    }
  }

  /**
   * Where a reference leads, from an entry; https://hl7.org/fhir/R4/bundle.html#references
   * @returns `found`, all it may mean; or none of these, and in `alike` those that only look as if they were meant
   */
  find(reference: string, from: Entry): { found: readonly Entry[]; alike: readonly Entry[] } {
    const target = reference.split('#', 1)[0]!
    if (isAbsolute(target)) return { found: this.byFullUrl.get(target) ?? none, alike: none }
    const { fullUrl, resource } = from
    const parts = fullUrl === undefined ? undefined : restfulParts(fullUrl)
    const isOwn = parts && parts.type === resource?.resourceType && parts.id === resource.id
    const found = isOwn ? this.byFullUrl.get(`${parts.base}/${target}`) : undefined
    if (found) return { found, alike: none }
    const [type, id] = target.split('/')
    return { found: none, alike: isResourceType(type) ? (this.byName.get(`${type}/${id}`) ?? none) : none }
  }
}

const none: readonly Entry[] = []

function add(index: Map<string, Entry[]>, name: string, entry: Entry): void {
  const known = index.get(name)
  if (known) known.push(entry)
  else index.set(name, [entry])
}

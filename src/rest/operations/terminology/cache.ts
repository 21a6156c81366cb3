import type { Resource } from '@medplum/fhirtypes'

/** So many caches, of so many resources each, are kept; the one that was not used for longest goes first. */
const MOST_CACHES = 100
const MOST_RESOURCES = 5000

/** By tenant and `cache-id`: resources by what they are known by. In this process only. */
const caches = new Map<string, Map<string, Resource>>()

/**
 * What a client has sent under this id so far, with what it sends now; the newest first, as the first of one name counts.
 * @see https://build.fhir.org/ig/HL7/fhir-tx-ecosystem-ig/ "tx-resource and cache-id"
 */
export function broughtBefore(tenant: number, id: string, now: readonly Resource[]): Resource[] {
  const key = `${tenant} ${id}`
  const cache = caches.get(key) ?? new Map<string, Resource>()
  caches.delete(key) // to the end of the map: its first key is always the one that was used longest ago
  caches.set(key, cache)
  for (const one of now) cache.set(nameOf(one), one)
  while (cache.size > MOST_RESOURCES) cache.delete(cache.keys().next().value!)
  if (caches.size > MOST_CACHES) caches.delete(caches.keys().next().value!)
  return [...now, ...[...cache.values()].filter((one) => !now.includes(one))]
}

function nameOf(resource: Resource): string {
  const { url = '', version = '' } = resource as { url?: string; version?: string }
  return `${resource.resourceType} ${url}|${version}`
}

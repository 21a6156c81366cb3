import { matches, type Target } from './target.js'

// What a package brought is known by its tags; that all of it was stored, by those of its ImplementationGuide, which is
// written last.

/** System of the tag that names the package: `hl7.fhir.us.core@6.1.0` */
export const PACKAGE = 'https://ingle.example/package'
/** System of the tag that tells its content: SHA-256 */
export const CONTENT = 'https://ingle.example/package-content'

interface Tagged {
  meta?: { tag?: { system?: string; code?: string }[] }
}

export const tagOf = (resource: object, system: string): string | undefined =>
  (resource as Tagged).meta?.tag?.find((tag) => tag.system === system)?.code

export interface Installed {
  label: string
  title?: string
  /** absent when some of it was refused, or it was interrupted */
  sha256?: string
  dependencies: { name: string; version: string }[]
}

/** The packages of a server, by label. */
export async function installed(target: Target): Promise<Map<string, Installed>> {
  const found = new Map<string, Installed>()
  const path = `ImplementationGuide?_tag=${encodeURIComponent(`${PACKAGE}|`)}&_count=200`
  for await (const guide of matches(target, path)) {
    const { title, dependsOn } = guide as { title?: string; dependsOn?: { packageId?: string; version?: string }[] }
    const label = tagOf(guide, PACKAGE)!
    found.set(label, {
      label,
      title,
      sha256: tagOf(guide, CONTENT),
      dependencies: (dependsOn ?? []).map(({ packageId = '', version = '' }) => ({ name: packageId, version })),
    })
  }
  return found
}

/** One resource that a package brought. */
export interface Brought {
  type: string
  id: string
  url?: string
  version?: string
  sha256?: string
}

/** All that a package brought, of any type. */
export async function* brought(target: Target, label: string, types: readonly string[]): AsyncGenerator<Brought> {
  const tag = encodeURIComponent(`${PACKAGE}|${label}`)
  for (const type of types) {
    for await (const one of matches(target, `${type}?_tag=${tag}&_elements=url,version,meta&_count=500`)) {
      const { resourceType, id, url, version } = one as Record<string, string>
      yield { type: resourceType!, id: id!, url, version, sha256: tagOf(one, CONTENT) }
    }
  }
}

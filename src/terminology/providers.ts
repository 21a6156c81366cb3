import type { CodeSystem, ValueSet } from '@medplum/fhirtypes'
import { canonicalOf, compareVersions } from '../fhir/canonical.js'
import type { Library } from '../fhir/library.js'
import type { CodeSystemProvider, CodeSystemSource, ImplicitMap } from './provider.js'
import { ResourceCodeSystem } from './resources/provider.js'
import { resourcesOf } from './resources/source.js'
import { supplemented } from './supplemented.js'
import { versionFits } from './versions.js'

/** Every code system that a request may name: the resources of a library, what is loaded and what is computed. */
export class CodeSystems {
  private readonly resources: Pick<CodeSystemSource, 'withUrl' | 'revision'>

  constructor(
    private readonly loaded: readonly CodeSystemSource[],
    readonly library: Library,
  ) {
    this.resources = resourcesOf(library)
  }

  /** Two under the same revision are the same. */
  get revision(): string {
    return [this.resources, ...this.loaded].map(({ revision }) => revision).join(' ')
  }

  /**
   * Every version of a url, the one that is meant by the url alone first: of resources in the order of the library, of
   * what is loaded the highest. A whole system comes before a fragment of it; a resource that has no concepts counts only
   * where there is nothing else.
   */
  async withUrl(url: string): Promise<readonly CodeSystemProvider[]> {
    const [resources, ...loaded] = await Promise.all([this.resources, ...this.loaded].map((one) => one.withUrl(url)))
    const found = [...resources!, ...loaded.flat().sort((a, b) => compareVersions(b.version, a.version))]
    const filled = found.filter(({ content }) => content !== 'not-present')
    const distinct = new Map<string | undefined, CodeSystemProvider>()
    for (const one of wholeFirst(filled.length ? filled : found))
      if (!distinct.has(one.version)) distinct.set(one.version, one)
    return [...distinct.values()]
  }

  /** Of all that there are, whether they have concepts or not. */
  async urls(): Promise<string[]> {
    const loaded = await Promise.all(this.loaded.map((source) => source.list()))
    return [...new Set([...(await this.library.urls('CodeSystem')), ...loaded.flat().map(({ url }) => url)])]
  }

  /** @param version  exact, or with wildcards; without it the one that is meant by the url alone */
  async find(url: string, version?: string): Promise<CodeSystemProvider | undefined> {
    const all = await this.withUrl(url)
    if (version === undefined) return all[0]
    return all.find((one) => one.version === version) ?? all.find((one) => versionFits(version, one.version))
  }

  /** @returns undefined when a supplement of this name is not known */
  async supplement(canonical: string): Promise<CodeSystem | undefined> {
    const { url, version } = canonicalOf(canonical)
    const found = (await this.library.withUrl('CodeSystem', url)).filter(({ content }) => content === 'supplement')
    return version === undefined ? found[0] : found.find((one) => versionFits(version, one.version))
  }

  /** A value set that exists because a code system does: of a loaded one as it says, of any other all its codes. */
  async implicitValueSet(url: string): Promise<ValueSet | undefined> {
    for (const source of this.loaded) {
      const implied = await source.implicitValueSet?.(url)
      if (implied) return implied
    }
    const [, system] = /^(.+)\?fhir_vs$/.exec(url) ?? []
    if (!system || !(await this.find(system))) return undefined
    return { resourceType: 'ValueSet', url, status: 'active', compose: { include: [{ system }] } }
  }

  async implicitMap(url: string): Promise<ImplicitMap | undefined> {
    for (const source of this.loaded) {
      const implied = await source.implicitMap?.(url)
      if (implied) return implied
    }
    return undefined
  }
}

const wholeFirst = (found: readonly CodeSystemProvider[]) => [
  ...found.filter(({ content }) => content === 'complete'),
  ...found.filter(({ content }) => content !== 'complete'),
]

/** The code system with those of the supplements that are about it. */
export function withSupplements(provider: CodeSystemProvider, supplements: readonly CodeSystem[]): CodeSystemProvider {
  const ours = supplements.filter((one) => {
    const { url, version } = canonicalOf(one.supplements ?? '')
    return url === provider.url && (version === undefined || versionFits(version, provider.version))
  })
  if (ours.length === 0) return provider
  return provider instanceof ResourceCodeSystem ? provider.supplemented(ours) : supplemented(provider, ours)
}

import type { CodeSystem, ValueSet } from '@medplum/fhirtypes'
import { canonical, canonicalOf, compareVersions } from '../../fhir/canonical.js'
import type { Library } from '../../fhir/library.js'
import type { CodeSystemProvider } from '../provider.js'
import { type CodeSystems, withSupplements } from '../providers.js'
import { valueSetOf } from '../valueset/value-sets.js'
import { type VersionRule, wantedVersion } from '../versions.js'
import { inEffect } from './effect.js'

/** What the terminology of one request is: what is known, and which versions and supplements of it are meant. */
export interface Meant {
  readonly systems: CodeSystems
  /** Of code systems. */
  readonly versions: readonly VersionRule[]
  readonly valueSetVersions: readonly VersionRule[]
  readonly supplements: readonly CodeSystem[]
}

/** A value set that another one imports is not known: the answer says so, where an unknown one of the request is refused. */
export class MissingImport extends Error {
  constructor(readonly canonical: string) {
    super(`The value set ${canonical} is not known`)
  }
}

/** What was found, by canonical url. */
interface Found {
  /** Of the library and all that is loaded: under another one it has to be found anew. */
  readonly revision: string
  readonly systems: Map<string, Promise<CodeSystemProvider | undefined>>
  readonly valueSets: Map<string, Promise<ValueSet | undefined>>
}

/** A library lasts as long as nothing in it changes; what came with a request is a library of its own. */
const lately = new WeakMap<Library, Found>()
/** Names of what is not known are kept too, but not any number of them. */
const MOST_KEPT = 5000

function foundIn({ library, revision }: CodeSystems): Found {
  const found = lately.get(library)
  if (found?.revision === revision && found.systems.size + found.valueSets.size < MOST_KEPT) return found
  const anew = { revision, systems: new Map(), valueSets: new Map() }
  lately.set(library, anew)
  return anew
}

/** Code systems and value sets as one request means them; what was found once is not looked for again. */
export class Ground {
  private readonly found: Found

  /** @param date  where no version is named, the one that is in effect on this day is meant */
  constructor(
    private readonly meant: Meant,
    private readonly date?: string,
  ) {
    const isCommon = meant.supplements.length === 0 && date === undefined
    this.found = isCommon ? foundIn(meant.systems) : { revision: '', systems: new Map(), valueSets: new Map() }
  }

  get rules(): readonly VersionRule[] {
    return this.meant.versions
  }

  /** The code system in the version that the rules choose; where nothing is said, the one that its url alone means. */
  systemFor(url: string, named?: string): Promise<CodeSystemProvider | undefined> {
    return this.system(url, wantedVersion(url, named, this.rules))
  }

  /** The code system in this very version, whatever the rules say. */
  system(url: string, version?: string): Promise<CodeSystemProvider | undefined> {
    const key = canonical(url, version)
    return kept(this.found.systems, key, () => this.find(url, version))
  }

  private async find(url: string, version?: string): Promise<CodeSystemProvider | undefined> {
    const { systems, supplements } = this.meant
    const dated = version === undefined && this.date !== undefined && inEffect(await systems.withUrl(url), this.date)
    const provider = dated || (await systems.find(url, version))
    // One of which only the name is known can tell nothing about its codes.
    if (!provider || provider.content === 'not-present') return undefined
    return supplements.length ? withSupplements(provider, supplements) : provider
  }

  /** Versions of a code system that have content, the lowest first. */
  async versions(url: string): Promise<string[]> {
    const all = await this.meant.systems.withUrl(url)
    const filled = all.flatMap(({ version, content }) => (content === 'not-present' ? [] : (version ?? [])))
    return filled.sort(compareVersions)
  }

  /** @returns undefined  it is no supplement that is known */
  supplement(url: string): Promise<CodeSystem | undefined> {
    return this.meant.systems.supplement(url)
  }

  /** @returns undefined  it is not known */
  valueSet(asked: string, version?: string): Promise<ValueSet | undefined> {
    const { valueSetVersions } = this.meant
    if (valueSetVersions.length) return valueSetOf(asked, this.meant, version)
    return kept(this.found.valueSets, `${asked} ${version ?? ''}`, () => valueSetOf(asked, this.meant, version))
  }

  /** What a value set is called that is not known, in the version that the request means. */
  nameOfValueSet(asked: string, version?: string): string {
    const { url, version: named = version } = canonicalOf(asked)
    return canonical(url, wantedVersion(url, named, this.meant.valueSetVersions))
  }

  /**
   * One that another value set refers to: it may be contained in it.
   * @throws MissingImport  it is not known
   */
  async imported(asked: string, by: ValueSet): Promise<ValueSet> {
    const isContained = asked.startsWith('#')
    const found = isContained
      ? by.contained?.find((one): one is ValueSet => one.resourceType === 'ValueSet' && `#${one.id}` === asked)
      : await this.valueSet(asked)
    if (!found) throw new MissingImport(isContained ? asked : this.nameOfValueSet(asked))
    return found
  }
}

function kept<T>(memory: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  let found = memory.get(key)
  if (!found) {
    found = find()
    memory.set(key, found)
    // What failed may not fail again.
    found.catch(() => memory.delete(key))
  }
  return found
}

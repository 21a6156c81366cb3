import { createHash } from 'node:crypto'
import type {
  CodeSystem,
  ConceptMap,
  Measure,
  NamingSystem,
  Questionnaire,
  Resource,
  StructureDefinition,
  ValueSet,
} from '@medplum/fhirtypes'
import { freeze } from '../base/freeze.js'
import { canonicalOf, compareVersions } from './canonical.js'

/** The conformance resources that others name by their canonical url. */
export interface Canonicals {
  CodeSystem: CodeSystem
  ConceptMap: ConceptMap
  Measure: Measure
  NamingSystem: NamingSystem
  Questionnaire: Questionnaire
  StructureDefinition: StructureDefinition
  ValueSet: ValueSet
}

export type CanonicalType = keyof Canonicals

const canonicalTypes: Readonly<Record<CanonicalType, true>> = {
  CodeSystem: true,
  ConceptMap: true,
  Measure: true,
  NamingSystem: true,
  Questionnaire: true,
  StructureDefinition: true,
  ValueSet: true,
}

export const isCanonicalType = (type: string): type is CanonicalType => Object.hasOwn(canonicalTypes, type)

/**
 * Where definitions are found: what the server was shipped with, what packages brought, what somebody stored, what came
 * with a request. Layers lie over each other; of one url and version the upper one counts.
 * What it gives is shared by everyone: frozen.
 */
export interface Library {
  /**
   * Every version that is known of a url (without `|version`), the one that is meant by the url alone first: what came
   * with the request before what is stored before what the server was shipped with, and of each the highest version.
   * (Of `http://terminology.hl7.org/…` HL7 Terminology's before R4's own, which are numbered otherwise.)
   * A NamingSystem is found by each of its unique ids. Empty when there is none.
   */
  withUrl<T extends CanonicalType>(type: T, url: string): Promise<readonly Canonicals[T][]>
  /** By which definitions of a type are found, each once, in any order. */
  urls(type: CanonicalType): Promise<readonly string[]>
  /** By its logical id, of those that are stored here. */
  withId<T extends CanonicalType>(type: T, id: string): Promise<Canonicals[T] | undefined>
  /**
   * Two answers under the same revision are the same: what was made of them (a compiled profile, a composed value set) is
   * kept by it.
   */
  readonly revision: string
}

/** @param canonical  `http://…` for the version that is meant without one, or `http://…|1.0.0` */
export async function byCanonical<T extends CanonicalType>(
  library: Library,
  type: T,
  canonical: string,
): Promise<Canonicals[T] | undefined> {
  const { url, version } = canonicalOf(canonical)
  const versions = await library.withUrl(type, url)
  return version === undefined ? versions[0] : versions.find((one) => versionOf(one) === version)
}

/** One library over another. */
export function layered(upper: Library, lower: Library): Library {
  return {
    revision: `${upper.revision} ${lower.revision}`,
    async withUrl(type, url) {
      const [above, below] = await Promise.all([upper.withUrl(type, url), lower.withUrl(type, url)])
      if (above.length === 0) return below
      return [...above, ...below.filter((one) => !above.some((other) => versionOf(other) === versionOf(one)))]
    },
    async urls(type) {
      const [above, below] = await Promise.all([upper.urls(type), lower.urls(type)])
      return above.length === 0 ? below : [...new Set([...above, ...below])]
    },
    withId: async (type, id) => (await upper.withId(type, id)) ?? lower.withId(type, id),
  }
}

/** What a request brings along (`tx-resource`), over a library; resources of other types are left alone. */
export function overlay(library: Library, resources: readonly Resource[]): Library {
  const brought = resources.filter(isCanonical)
  return brought.length === 0 ? library : layered(libraryOf(brought), library)
}

/** Of resources in memory. They have no logical ids here: ids are the server's to give. */
function libraryOf(resources: readonly Canonical[]): Library {
  const byUrl = new Map<string, Canonical[]>()
  for (const resource of freeze(resources)) {
    for (const url of urlsOf(resource)) {
      const key = `${resource.resourceType} ${url}`
      byUrl.set(key, [...(byUrl.get(key) ?? []), resource])
    }
  }
  for (const versions of byUrl.values()) highestFirst(versions)
  return {
    revision: createHash('sha256').update(JSON.stringify(resources)).digest('base64url').slice(0, 22),
    withUrl: async <T extends CanonicalType>(type: T, url: string) =>
      (byUrl.get(`${type} ${url}`) ?? []) as Canonicals[T][],
    urls: async (type) =>
      [...byUrl.keys()].flatMap((key) => (key.startsWith(`${type} `) ? key.slice(type.length + 1) : [])),
    withId: async () => undefined,
  }
}

type Canonical = Canonicals[CanonicalType]

const isCanonical = (resource: Resource): resource is Canonical => isCanonicalType(resource.resourceType)

/** By which a resource is found; R4's NamingSystem has no url of its own. */
export const urlsOf = (resource: Canonical): readonly string[] =>
  resource.resourceType === 'NamingSystem'
    ? (resource.uniqueId ?? []).flatMap(({ value }) => value ?? [])
    : resource.url
      ? [resource.url]
      : []

const versionOf = (resource: Canonical): string | undefined =>
  resource.resourceType === 'NamingSystem' ? undefined : resource.version

/** In place; those of one version stay in their order. */
export const highestFirst = <T extends Canonical>(versions: T[]): T[] =>
  versions.sort((a, b) => compareVersions(versionOf(b), versionOf(a)))

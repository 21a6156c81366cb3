import type { ConceptMap } from '@medplum/fhirtypes'
import { canonicalOf } from '../../fhir/canonical.js'
import type { Library } from '../../fhir/library.js'
import { versionFits } from '../versions.js'

/** @param version  that is named beside the url */
export async function mapNamed(asked: string, library: Library, version?: string): Promise<ConceptMap | undefined> {
  const { url, version: wanted = version } = canonicalOf(asked)
  const versions = await library.withUrl('ConceptMap', url)
  return wanted === undefined ? versions[0] : versions.find((one) => versionFits(wanted, one.version))
}

/** The maps that are meant by their urls alone. */
export async function allMaps(library: Library): Promise<ConceptMap[]> {
  const urls = await library.urls('ConceptMap')
  const found = await Promise.all(urls.map(async (url) => (await library.withUrl('ConceptMap', url))[0]))
  return found.flatMap((one) => one ?? [])
}

/** Canonical of the value set that a map is from, or to. */
export const sourceOf = ({ sourceCanonical, sourceUri }: ConceptMap) => sourceCanonical ?? sourceUri
export const targetOf = ({ targetCanonical, targetUri }: ConceptMap) => targetCanonical ?? targetUri

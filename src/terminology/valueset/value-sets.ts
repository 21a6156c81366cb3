import type { ValueSet } from '@medplum/fhirtypes'
import { canonicalOf } from '../../fhir/canonical.js'
import { decidingRule, type VersionRule, versionFits } from '../versions.js'
import type { Reading } from './composition.js'

/**
 * A value set by its canonical url: of the library, or one that a code system implies.
 * @param asked  `http://…`, `http://…|1.0.0`
 * @param beside  a version that is named beside the url
 * @param applied  is told the rules that decided which version it is
 */
export async function valueSetOf(
  asked: string,
  { systems, valueSetVersions = [] }: Pick<Reading, 'systems' | 'valueSetVersions'>,
  beside?: string,
  applied?: Set<VersionRule>,
): Promise<ValueSet | undefined> {
  const { url, version = beside } = canonicalOf(asked)
  const rule = decidingRule(url, version, valueSetVersions)
  if (rule) applied?.add(rule)
  const wanted = rule?.version ?? version
  const versions = await systems.library.withUrl('ValueSet', url)
  if (versions.length === 0) return systems.implicitValueSet(url)
  if (wanted === undefined) return versions[0]
  return versions.find((one) => one.version === wanted) ?? versions.find((one) => versionFits(wanted, one.version))
}

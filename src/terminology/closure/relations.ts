import { NotFound } from '../../base/errors.js'
import { canonical } from '../../fhir/canonical.js'
import { refusal } from '../messages.js'
import type { CodeSystems } from '../providers.js'

export interface Concept {
  readonly system: string
  readonly version?: string
  readonly code: string
}

/** One concept and another of its system that subsumes it. */
export interface Relation {
  readonly system: string
  readonly code: string
  readonly subsumer: string
}

/**
 * How new concepts stand to those that are there and to each other; a system is asked twice for each, and for all at once.
 * @param added  of one system, each once
 * @param present  codes of that system
 * @throws NotFound  the system or a code is not known (404)
 */
export async function relationsOf(
  added: readonly Concept[],
  present: readonly string[],
  systems: CodeSystems,
): Promise<Relation[]> {
  const { system, version } = added[0]!
  const provider = await systems.find(system, version)
  if (!provider || provider.content === 'not-present')
    throw refusal('unknownSystem', { system: canonical(system, version) }, { Kind: NotFound })
  const codes = added.map(({ code }) => code)
  const found = await provider.locate(codes)
  const missing = codes.find((code) => !found.has(code))
  if (missing !== undefined)
    throw refusal('unknownCodeOfAnyVersion', { code: missing, system }, { Kind: NotFound, severity: 'error' })
  const all = [...new Set([...present, ...codes])]
  const relations: Relation[] = []
  for (const code of codes) {
    const [above, below] = await Promise.all(
      ['generalizes', 'is-a'].map(async (op) => (await provider.filter('concept', op, code))?.has(all)),
    )
    for (const subsumer of above ?? []) if (subsumer !== code) relations.push({ system, code, subsumer })
    // Those that are new, too, find it themselves.
    for (const narrower of below ?? [])
      if (present.includes(narrower)) relations.push({ system, code: narrower, subsumer: code })
  }
  return relations
}

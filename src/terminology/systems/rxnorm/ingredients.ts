import type { ConceptProperty } from '../../provider.js'

/** The relations by which a drug has ingredients, and those to what has them for it. */
const DIRECT = new Set(['has_ingredient', 'has_ingredients'])
const BY_WAY_OF = new Set(['consists_of', 'tradename_of', 'contains', 'has_part'])

/**
 * The ingredients of a drug: a clinical drug names only its components, a branded one the drug it is a brand of, a pack
 * what it contains.
 *
 * @returns  their codes, in the order in which they are come to
 */
export function ingredientsOf(
  rxcui: string,
  find: (code: string) => { readonly properties: readonly ConceptProperty[] } | undefined,
): string[] {
  const found = new Set<string>()
  const seen = new Set<string>()
  const waiting = [rxcui]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    for (const { code, value } of find(next)?.properties ?? []) {
      if (DIRECT.has(code)) found.add(String(value))
      else if (BY_WAY_OF.has(code)) waiting.push(String(value))
    }
  }
  return [...found]
}

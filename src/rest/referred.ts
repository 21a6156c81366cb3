import type { Context } from '../base/context.js'
import { parseJson } from '../fhir/json.js'
import { referencesIn } from '../fhir/references.js'
import type { Finder, Found } from '../search/find.js'
import { targetOf } from '../search/types/reference.js'
import type { Resource } from '../store/write.js'
import { mayInclude } from './scopes.js'

/** What of all that is referred to belongs to an answer. */
export interface Following {
  /** whether one that was found does; what it refers to is asked about in turn */
  follows(resource: Resource): boolean
  /** only what the index has under one of these patients, so that what is refused anyway is not even read; see entry.ts */
  patients?: readonly bigint[]
}

/**
 * What resources refer to by any of their elements, and what that refers to, until there is no more of it: one
 * statement for each step. What scopes do not allow stays out, as in an `_include`.
 *
 * @param most  how many at most; one more is enough to tell that there are too many
 */
export async function referred(
  finder: Finder,
  ctx: Pick<Context, 'tenant' | 'principal' | 'signal'>,
  from: readonly Found[],
  { follows, patients }: Following,
  most: number,
): Promise<Found[]> {
  const seen = new Set(from.map(({ key }) => key))
  const all: Found[] = []
  let wave: readonly Found[] = from
  while (wave.length > 0 && all.length <= most) {
    const keys = new Set<bigint>()
    for (const { content } of wave) {
      for (const reference of referencesIn(String(content))) {
        const target = targetOf(ctx.tenant, reference)
        if (target?.type && !seen.has(target.key) && mayInclude(ctx.principal, target.type)) keys.add(target.key)
      }
    }
    for (const key of keys) seen.add(key)
    const next: Found[] = []
    // In the order in which they are referred to, so that the same question has the same answer.
    const found = new Map((await finder.byKeys(ctx, [...keys], patients)).map((one) => [one.key, one]))
    for (const key of keys) {
      const one = found.get(key)
      if (one && follows(parseJson(one.content) as Resource)) next.push(one)
    }
    all.push(...next)
    wave = next
  }
  return all
}

import type { Context } from '../base/context.js'
import { parseJson } from '../fhir/json.js'
import { eachReference } from '../fhir/references.js'
import type { Finder, Found } from '../search/find.js'
import { targetOf } from '../search/types/reference.js'
import type { Resource } from '../store/write.js'
import { mayInclude } from './scopes.js'

/**
 * What resources refer to by any of their elements, and what that refers to, until there is no more of it: one
 * statement for each step. What scopes do not allow stays out, as in an `_include`.
 *
 * @param follows  whether one that was found belongs to the answer; what it refers to is asked about in turn
 * @param most     how many at most; one more is enough to tell that there are too many
 */
export async function referred(
  finder: Finder,
  ctx: Pick<Context, 'tenant' | 'principal' | 'signal'>,
  from: readonly Found[],
  follows: (resource: Resource) => boolean,
  most: number,
): Promise<Found[]> {
  const seen = new Set(from.map(({ key }) => key))
  const all: Found[] = []
  let wave = from.map(({ content }) => parseJson(content) as Resource)
  while (wave.length > 0 && all.length <= most) {
    const keys = new Set<bigint>()
    for (const resource of wave) {
      eachReference(resource, ({ reference }) => {
        const target = targetOf(ctx.tenant, reference)
        if (target?.type && !seen.has(target.key) && mayInclude(ctx.principal, target.type)) keys.add(target.key)
      })
    }
    for (const key of keys) seen.add(key)
    wave = []
    // In the order in which they are referred to, so that the same question has the same answer.
    const found = new Map((await finder.byKeys(ctx, [...keys])).map((one) => [one.key, one]))
    for (const key of keys) {
      const one = found.get(key)
      const resource = one && (parseJson(one.content) as Resource)
      if (!resource || !follows(resource)) continue
      all.push(one)
      wave.push(resource)
    }
  }
  return all
}

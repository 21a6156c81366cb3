import type { Context } from '../base/context.js'
import { containerKey } from '../search/contained.js'
import type { Finder, Found } from '../search/find.js'
import type { Contained } from '../search/request.js'

/** No id of a resource of its own has a `#`: `Observation/1#p` is contained in Observation/1. */
const isContained = ({ id }: Found) => id.includes('#')

/**
 * Matches as `_containedType` wants them: what contains them, each once on a page, or themselves under the url of that.
 * @see https://hl7.org/fhir/R4/search.html#contained
 */
export async function returnedAs(
  type: Contained['type'],
  finder: Finder,
  ctx: Pick<Context, 'tenant' | 'signal'>,
  matches: readonly Found[],
): Promise<Found[]> {
  if (type === 'contained') return matches.map((match) => (isContained(match) ? underContainer(match) : match))
  const keyOf = (match: Found) => (isContained(match) ? containerKey(ctx.tenant, match.id) : match.key)
  const containers = await finder.byKeys(ctx, [...new Set(matches.filter(isContained).map(keyOf))])
  const byKey = new Map(containers.map((container) => [container.key, container]))
  const seen = new Set<bigint>()
  return matches.flatMap((match) => {
    const key = keyOf(match)
    if (seen.has(key)) return []
    seen.add(key)
    const container = isContained(match) ? byKey.get(key) : match
    return container ? [{ ...container, position: match.position }] : []
  })
}

function underContainer(match: Found): Found {
  const [type, id] = match.id.split('/') as [string, string]
  return { ...match, type, id }
}

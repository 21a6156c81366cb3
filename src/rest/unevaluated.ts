import type { Issue } from '../base/errors.js'
import type { Finder } from '../search/find.js'
import { failureMark } from '../search/names.js'
import { typesOf } from '../search/parameters.js'
import type { SearchRequest } from '../search/request.js'
import type { TenantParameters } from '../search/tenant-parameters.js'

/**
 * A warning for each parameter of the tenant's own that a search uses and whose expression cannot be evaluated on
 * some resources: those are stored, but not found by it. Nothing is asked for any other search.
 */
export async function unevaluated(
  finder: Finder,
  tenant: number,
  { applied }: Pick<SearchRequest, 'applied'>,
  parameters: TenantParameters,
): Promise<Issue[]> {
  const used = parameters.interpreted.filter(({ definition: { code } }) =>
    applied.some(([name, value]) => (name.endsWith('include') ? value : name).split(/[:.]/).includes(code)),
  )
  const counts = await Promise.all(
    used.flatMap(({ definition: { code, base } }) =>
      typesOf(base).map(async (type) => {
        const clause = { kind: 'token' as const, hashes: [failureMark(tenant, type, code)] }
        return { type, code, n: (await finder.expected(tenant, type, clause)).rows }
      }),
    ),
  )
  return counts
    .filter(({ n }) => n > 0)
    .map(({ type, code, n }) => ({
      severity: 'warning',
      code: 'incomplete',
      diagnostics: `${n} ${type} cannot be found by ${code}: its expression fails on them`,
    }))
}

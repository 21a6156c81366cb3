import type { Issue } from '../base/errors.js'
import type { Finder } from '../search/find.js'
import { partsOf, type SearchRequest } from '../search/request.js'
import type { Core } from './core.js'
import type { Exchange } from './exchange.js'

export interface Total {
  total?: number
  /** that it is an estimate, or why there is none */
  issues: Issue[]
}

/** `_total`: nobody pays for a number that was not asked for. https://hl7.org/fhir/R4/search.html#total */
export async function totalOf(
  finder: Finder,
  { ctx }: Exchange,
  request: SearchRequest,
  { requestTimeoutMs }: Core['config'],
): Promise<Total> {
  const { summary, count, total: asked } = request
  const parts = partsOf(request, ctx.tenant)
  if (asked === 'estimate') {
    const found = await Promise.all(
      parts.map(({ tenant, type, clauses }) => finder.estimate({ tenant, signal: ctx.signal }, type, clauses)),
    )
    const total = found.reduce((sum, { n }) => sum + n, 0)
    return { total, issues: found.every(({ isExact }) => isExact) ? [] : [estimated(total)] }
  }
  const isAll = summary === 'count' || count === 0
  if (!isAll && asked !== 'accurate') return { issues: [] }
  // The page is worth having without its total, so that the count gets half of the time that there is. In a
  // transaction it gets all: a statement that is cut off ends that with it.
  const budget = isAll || !finder.printsPages ? undefined : AbortSignal.timeout(requestTimeoutMs / 2)
  const signal = budget && ctx.signal ? AbortSignal.any([budget, ctx.signal]) : (budget ?? ctx.signal)
  try {
    const counts = await Promise.all(
      parts.map(({ tenant, type, clauses }) => finder.count({ tenant, signal }, type, clauses)),
    )
    return { total: counts.reduce((a, b) => a + b, 0), issues: [] }
  } catch (cause) {
    if (!budget?.aborted || ctx.signal?.aborted) throw cause
    return { issues: [uncounted(requestTimeoutMs / 2)] }
  }
}

const estimated = (total: number): Issue => ({
  severity: 'information',
  code: 'informational',
  diagnostics: `Bundle.total, ${total}, is an estimate; _total=accurate counts`,
  expression: ['Bundle.total'],
})

const uncounted = (ms: number): Issue => ({
  severity: 'warning',
  code: 'incomplete',
  diagnostics: `There is no Bundle.total: counting took more than ${ms} ms (half of INGLE_REQUEST_TIMEOUT_MS); _total=estimate is quick`,
  expression: ['Bundle.total'],
})

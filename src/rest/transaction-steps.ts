import { FhirError, Invalid, MethodNotAllowed, NotFound } from '../base/errors.js'
import { isResourceType } from '../fhir/definitions.js'
import { type BundleEntry, exchangeOf } from './bundle-entry.js'
import { type Criteria, criteriaOf } from './criteria.js'
import type { Exchange, Method } from './exchange.js'
import { refuseUnheeded } from './heeded.js'
import type { Places } from './interactions.js'
import { checkId, checkSameId, parsedBody } from './resource-body.js'
import { authorize } from './scopes.js'
import type { Serving } from './serving.js'

/** One entry as the request that it stands for. */
export interface Step {
  n: number
  entry: BundleEntry
  exchange: Exchange
  method: Method
  type: string
  /** It changes nothing, and comes after all that does. */
  reads: boolean
  id?: string
  /** of conditional creates, updates, patches and deletes */
  criteria?: Criteria
}

/**
 * The entries as steps, checked. References are rewritten in place, and to ids that another attempt may not give:
 * who asks again gets what was sent.
 */
export function stepsOf({ places }: Serving, exchange: Exchange, entries: readonly BundleEntry[]): () => Step[] {
  const steps = (of: readonly BundleEntry[]) =>
    of.map((entry, n) => within(n, () => stepOf(places, exchange, entry, n)))
  let first: Step[] | undefined = steps(entries)
  checkFullUrls(first)
  return () => {
    const taken = first ?? steps((parsedBody(exchange) as { entry?: BundleEntry[] }).entry ?? [])
    first = undefined
    return taken
  }
}

/** Any error of an entry says which entry it is. */
export function within<T>(n: number, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw ofEntry(n, cause)
  }
}

/** As `within`, for what takes time. */
export async function at<T>(n: number, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw ofEntry(n, cause)
  }
}

function ofEntry(n: number, cause: unknown): unknown {
  if (cause instanceof FhirError) {
    for (const issue of cause.issues) {
      if (!issue.expression?.[0]?.startsWith('Bundle.entry')) issue.expression = [`Bundle.entry[${n}]`]
    }
  }
  return cause
}

function stepOf(places: Places, outer: Exchange, entry: BundleEntry, n: number): Step {
  const exchange = exchangeOf(outer, entry, n, true)
  authorize(places, exchange)
  const { method, path, query } = exchange
  const [type = '', id, third] = path
  const asked = places.interaction(method, path)
  if (asked) refuseUnheeded(asked.name, exchange, false) // exchangeOf knows which conditions a method has
  if (isRead(places, exchange)) return { n, entry, exchange, method, type, reads: true }
  if (path.at(-1)?.startsWith('$'))
    throw new MethodNotAllowed(
      'An operation in a transaction is one that is there and changes nothing; call others by themselves or in a batch',
    )
  if (!isResourceType(type)) throw new NotFound('request.url names no resource type of FHIR R4')
  if (third !== undefined || (method === 'POST' && id !== undefined))
    throw new MethodNotAllowed(`${method} of this kind of URL is not possible in a transaction`)
  if (method === 'POST' || method === 'PUT') {
    if (!entry.resource) throw new Invalid(`A ${method} needs a resource`)
    if (entry.resource.resourceType !== type)
      throw new Invalid(`The resource is a ${entry.resource.resourceType}, request.url names ${type}`)
  }
  if (method === 'PATCH' && !entry.resource)
    throw new Invalid('A PATCH needs a Binary (JSON Patch) or Parameters (FHIRPath Patch)')
  const step: Step = { n, entry, exchange, method, type, reads: false, ...(id !== undefined && { id }) }
  if (id !== undefined) {
    checkId(id)
    if (method === 'PUT') checkSameId(entry.resource!, type, id)
    return step
  }
  if (method !== 'POST') return { ...step, criteria: criteriaOf(exchange, type, query) }
  if (exchange.ifNoneExist === undefined) return step
  return { ...step, criteria: criteriaOf(exchange, type, exchange.ifNoneExist.replace(/^[^?]*\?/, '')) }
}

function isRead(places: Places, { method, path }: Exchange): boolean {
  if (method === 'GET' || method === 'HEAD') return true
  return method === 'POST' && (path.at(-1) === '_search' || places.at(path)?.operation?.affectsState === false)
}

function checkFullUrls(steps: readonly Step[]) {
  const seen = new Map<string, number>()
  for (const { n, entry } of steps) {
    if (!entry.fullUrl) continue
    const first = seen.get(entry.fullUrl)
    if (first !== undefined)
      throw new Invalid(`The fullUrl is that of entry ${first} too; each entry has its own`, {
        expression: [`Bundle.entry[${n}].fullUrl`],
      })
    seen.set(entry.fullUrl, n)
  }
}

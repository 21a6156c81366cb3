import { FhirError, Invalid, MethodNotAllowed, NotFound } from '../base/errors.js'
import { isResourceType } from '../fhir/definitions.js'
import { eachConditionalReference, eachReference, rewriteReferences } from '../fhir/references.js'
import { keyOf } from '../search/hash.js'
import { newId } from '../store/identity.js'
import type { Unit } from '../store/store.js'
import type { Write, Written } from '../store/write.js'
import { etag } from './answers.js'
import { type BundleEntry, entryText, exchangeOf, responseBundle } from './bundle-entry.js'
import { type Criteria, criteriaOf, oneMatch } from './criteria.js'
import type { Answer, Exchange, Method } from './exchange.js'
import type { Places } from './interactions.js'
import { patchOf } from './patch.js'
import { checkId, checkSameId, ownReference, parsedBody } from './resource-body.js'
import { authorize, authorizeTypes } from './scopes.js'
import { searchIn } from './search.js'
import type { Serving } from './serving.js'
import { preconditions, updateOf } from './update.js'

/** One entry as the request that it stands for. */
export interface Step {
  n: number
  entry: BundleEntry
  exchange: Exchange
  method: Method
  type: string
  id?: string
  /** of conditional creates, updates, patches and deletes */
  criteria?: Criteria
}

/** Spec order: deletes, creates, updates and patches, reads. https://hl7.org/fhir/R4/http.html#trules */
export async function transaction(serving: Serving, exchange: Exchange, sent: () => Step[]): Promise<Answer> {
  const { tenant } = exchange.ctx
  let answers: string[] = []

  await serving.store.transaction(async (unit) => {
    const planned = await plan(unit, exchange, sent())
    const { writes, numbers, reads } = planned
    answers = planned.answers
    // Handed over: whoever keeps the resources while the database works pays for it with every collection of garbage.
    const written = await unit.write(tenant, writes.splice(0), reads.length === 0)
    written.forEach((one, i) => {
      answers[numbers[i]!] = writtenText(exchange, one)
    })
    for (const { n, exchange: one } of reads) answers[n] = entryText(await readIn(serving, unit, one), one)
  })
  return { status: 200, body: responseBundle('transaction-response', answers) }
}

interface Plan {
  writes: Write[]
  /** of the entries that `writes` stand for */
  numbers: number[]
  reads: Step[]
  /** of entries for which nothing is left to do, by their number */
  answers: string[]
}

async function plan(unit: Unit, exchange: Exchange, steps: readonly Step[]): Promise<Plan> {
  const matched = await matches(unit, exchange, steps)
  const ids = new Map(steps.map((step) => [step, idOf(step, matched.get(step))]))
  checkIdentities(steps, ids)
  const urls = addresses(steps, ids)
  const references = await conditionalReferences(unit, exchange, steps)
  const writes: Write[] = []
  const numbers: number[] = []
  const answers: string[] = []
  for (const step of steps) {
    const id = ids.get(step)!
    if (step.method === 'POST' || step.method === 'PUT') within(step.n, () => resolveReferences(step, urls, references))
    if (step.method === 'POST' && matched.has(step)) {
      const { version, content } = matched.get(step)!
      answers[step.n] = writtenText(exchange, { type: step.type, id, version, at: 0, outcome: 'unchanged', content })
      continue
    }
    const write = within(step.n, () => writeOf(step, id, matched.get(step)?.id))
    if (write) numbers[writes.push(write) - 1] = step.n
    else if (step.method === 'DELETE') answers[step.n] = '{"response":{"status":"204 No Content"}}'
  }
  return { writes, numbers, answers, reads: steps.filter(({ method }) => method === 'GET' || method === 'HEAD') }
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
function within<T>(n: number, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (!(cause instanceof FhirError)) throw cause
    for (const issue of cause.issues) {
      if (!issue.expression?.[0]?.startsWith('Bundle.entry')) issue.expression = [`Bundle.entry[${n}]`]
    }
    throw cause
  }
}

function stepOf(places: Places, outer: Exchange, entry: BundleEntry, n: number): Step {
  const exchange = exchangeOf(outer, entry, n, true)
  authorize(places, exchange)
  const { method, path, query } = exchange
  const [type, id, third] = path
  if (method === 'GET' || method === 'HEAD') return { n, entry, exchange, method, type: type ?? '' }
  if (type === undefined || !isResourceType(type)) throw new NotFound('request.url names no resource type of FHIR R4')
  if (id?.startsWith('$') || third !== undefined || (method === 'POST' && id !== undefined))
    throw new MethodNotAllowed(`${method} of this kind of URL is not possible in a transaction`)
  if (method === 'POST' || method === 'PUT') {
    if (!entry.resource) throw new Invalid(`A ${method} needs a resource`)
    if (entry.resource.resourceType !== type)
      throw new Invalid(`The resource is a ${entry.resource.resourceType}, request.url names ${type}`)
  }
  if (method === 'PATCH' && !entry.resource)
    throw new Invalid('A PATCH needs a Binary (JSON Patch) or Parameters (FHIRPath Patch)')
  const step: Step = { n, entry, exchange, method, type, ...(id !== undefined && { id }) }
  if (id !== undefined) {
    checkId(id)
    if (method === 'PUT') checkSameId(entry.resource!, type, id)
    return step
  }
  if (method !== 'POST') return { ...step, criteria: criteriaOf(exchange, type, query) }
  if (exchange.ifNoneExist === undefined) return step
  return { ...step, criteria: criteriaOf(exchange, type, exchange.ifNoneExist.replace(/^[^?]*\?/, '')) }
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

type Match = { id: string; version: number; content: string }

/** What the criteria of conditional entries match, with the criteria locked until the transaction ends. */
async function matches(unit: Unit, exchange: Exchange, steps: readonly Step[]): Promise<Map<Step, Match>> {
  const conditional = steps.filter((step) => step.criteria)
  const found = new Map<Step, Match>()
  if (conditional.length === 0) return found
  await unit.lock(conditional.map((step) => step.criteria!.name))
  const creates = new Map<bigint, Step>()
  for (const step of conditional) {
    const match = await at(step.n, oneMatch(unit.finder, exchange, step.criteria!))
    if (match) found.set(step, match)
    else if (step.method === 'PATCH')
      within(step.n, () => {
        throw new NotFound(`The criteria match no ${step.type}`)
      })
    else if (step.method === 'POST' || step.method === 'PUT') {
      const twin = creates.get(step.criteria!.name)
      if (twin)
        within(step.n, () => {
          throw new Invalid(`Entry ${twin.n} is conditional on the same criteria: both would create`)
        })
      creates.set(step.criteria!.name, step)
    }
  }
  return found
}

async function at<T>(n: number, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    return within(n, () => {
      throw cause
    })
  }
}

function idOf({ method, id, entry }: Step, match: Match | undefined): string {
  return match?.id ?? id ?? (method === 'PUT' && entry.resource?.id ? entry.resource.id : newId())
}

/** "If any resource identities overlap, the server SHALL return an error." */
function checkIdentities(steps: readonly Step[], ids: ReadonlyMap<Step, string>) {
  const seen = new Map<string, number>()
  for (const step of steps) {
    if (step.method === 'GET' || step.method === 'HEAD' || (step.method === 'POST' && step.criteria)) continue
    const identity = `${step.type}/${ids.get(step)}`
    const first = seen.get(identity)
    if (first !== undefined)
      throw new Invalid(`Entry ${first} changes the same resource; a transaction changes each one once`, {
        expression: [`Bundle.entry[${step.n}].request.url`],
      })
    seen.set(identity, step.n)
  }
}

/** Where the entries' fullUrls lead once they are stored. */
function addresses(steps: readonly Step[], ids: ReadonlyMap<Step, string>): Map<string, string> {
  const urls = new Map<string, string>()
  for (const step of steps) {
    if (step.entry.fullUrl && step.entry.resource && step.method !== 'PATCH')
      urls.set(step.entry.fullUrl, `${step.type}/${ids.get(step)}`)
  }
  return urls
}

/** `Patient?identifier=…` in references: each must match one resource that is there before the transaction. */
async function conditionalReferences(
  unit: Unit,
  exchange: Exchange,
  steps: readonly Step[],
): Promise<Map<string, string>> {
  const wanted = new Map<string, { type: string; query: string; n: number }>()
  for (const { n, entry, method } of steps) {
    if (method !== 'POST' && method !== 'PUT') continue
    eachConditionalReference(entry.resource!, ({ reference }, type, query) => wanted.set(reference, { type, query, n }))
  }
  const found = new Map<string, string>()
  for (const [reference, { type, query, n }] of wanted) {
    const criteria = within(n, () => {
      // What it matches is told by the answer, as a search would tell it.
      authorizeTypes(exchange.ctx.principal, [type])
      return criteriaOf(exchange, type, query)
    })
    const match = await at(n, oneMatch(unit.finder, exchange, criteria))
    if (!match)
      within(n, () => {
        throw new Invalid(`A conditional reference matches no ${type}`)
      })
    found.set(reference, `${type}/${match!.id}`)
  }
  return found
}

function resolveReferences(
  { entry, n, exchange }: Step,
  urls: ReadonlyMap<string, string>,
  references: ReadonlyMap<string, string>,
) {
  const resource = entry.resource!
  const { base } = exchange
  rewriteReferences(resource, (url) => urls.get(url) ?? references.get(url) ?? ownReference(base, url))
  eachReference(resource, ({ reference }) => {
    if (reference.startsWith('urn:uuid:') || reference.startsWith('urn:oid:'))
      throw new Invalid('A reference names a urn: that is the fullUrl of no entry', {
        expression: [`Bundle.entry[${n}].resource`],
      })
  })
}

/** undefined: there is nothing to write. */
function writeOf(step: Step, id: string, match: string | undefined): Write | undefined {
  const { method, type, entry, exchange, criteria } = step
  switch (method) {
    case 'POST':
      return { kind: 'create', type, id, resource: entry.resource! }
    case 'PUT':
      if (criteria && match === undefined && entry.resource!.id === undefined)
        return { kind: 'create', type, id, resource: entry.resource! }
      return criteria
        ? updateOf(type, entry.resource!, match, preconditions(exchange))
        : { kind: 'put', type, id, resource: entry.resource!, ...preconditions(exchange) }
    case 'PATCH':
      return patchOf(exchange, type, id)
    case 'DELETE':
      if (criteria && match === undefined) return undefined
      return { kind: 'delete', type, id, ...preconditions(exchange) }
    default:
      return undefined
  }
}

const PHRASES = { created: '201 Created', updated: '200 OK', unchanged: '200 OK', deleted: '204 No Content' } as const

/** Written by hand: a bundle has hundreds of these. */
function writtenText({ base, prefer }: Exchange, { type, id, version, at, outcome, content }: Written): string {
  const modified = at ? `,"lastModified":"${new Date(at).toISOString()}"` : ''
  const gone = outcome === 'deleted' || content === undefined
  const location = gone ? '' : `"location":"${base}/${type}/${id}/_history/${version}",`
  const resource = prefer.return === 'representation' && content !== undefined ? `"resource":${content},` : ''
  const status = gone ? '204 No Content' : PHRASES[outcome]
  return `{${resource}"response":{"status":"${status}",${location}"etag":${JSON.stringify(etag(version))}${modified}}}`
}

async function readIn(serving: Serving, unit: Unit, exchange: Exchange): Promise<Answer> {
  const { path, query } = exchange
  const [type, id, third] = path
  if (type !== undefined && id !== undefined && third === undefined && !id.startsWith('_') && !id.startsWith('$')) {
    const [found] = await unit.finder.byKeys(exchange.ctx, [keyOf(exchange.ctx.tenant, type, id)])
    if (!found) throw new NotFound(`${type}/${id} is not known`)
    return { status: 200, headers: { ETag: etag(found.version) }, body: found.content }
  }
  if (id === undefined && (query !== '' || type !== undefined)) return searchIn(serving, exchange, unit.finder)
  throw new MethodNotAllowed('A GET in a transaction is a read or a search')
}

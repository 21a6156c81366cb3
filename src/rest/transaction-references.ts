import { Invalid } from '../base/errors.js'
import { eachConditionalReference, eachReference, rewriteReferences } from '../fhir/references.js'
import type { Unit } from '../store/store.js'
import { criteriaOf, oneMatch } from './criteria.js'
import type { Exchange } from './exchange.js'
import { ownReference } from './resource-body.js'
import { authorizeTypes } from './scopes.js'
import { at, type Step, within } from './transaction-steps.js'

/** Where what the entries refer to is once they are stored: `Patient/1`. */
export interface Destinations {
  /** by fullUrl */
  entries: ReadonlyMap<string, string>
  /** by conditional reference, `Patient?identifier=…` */
  matches: ReadonlyMap<string, string>
  /** Some fullUrl is a URL, so that elements of type uri may name it. */
  hasUrls: boolean
}

/** @param ids  what each entry's resource is stored under */
export async function destinations(
  unit: Unit,
  exchange: Exchange,
  steps: readonly Step[],
  ids: ReadonlyMap<Step, string>,
): Promise<Destinations> {
  const entries = new Map<string, string>()
  for (const step of steps) {
    if (step.entry.fullUrl && step.entry.resource && (step.method === 'PUT' || step.method === 'POST') && !step.reads)
      entries.set(step.entry.fullUrl, `${step.type}/${ids.get(step)}`)
  }
  const hasUrls = [...entries.keys()].some((url) => url.startsWith('http'))
  return { entries, matches: await conditionalReferences(unit, exchange, steps), hasUrls }
}

/** `Patient?identifier=…` in references: each must match one resource that is there before the transaction. */
async function conditionalReferences(
  unit: Unit,
  exchange: Exchange,
  steps: readonly Step[],
): Promise<Map<string, string>> {
  const wanted = new Map<string, { type: string; query: string; n: number }>()
  for (const { n, entry, method, reads } of steps) {
    if (reads || (method !== 'POST' && method !== 'PUT')) continue
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

/**
 * Rewrites what an entry's resource refers to. References to a version (`Patient/1/_history/2`) stay.
 * @throws Invalid  a reference to a `urn:` that no entry has
 * @see https://hl7.org/fhir/R4/http.html#trules and bundle.html#references
 */
export function resolveReferences({ entry, n, exchange }: Step, { entries, matches, hasUrls }: Destinations): void {
  const resource = entry.resource!
  const root = hasUrls ? rootOf(entry.fullUrl) : undefined
  const map = (url: string) =>
    entries.get(url) ??
    matches.get(url) ??
    (root === undefined ? undefined : entries.get(root + url)) ??
    ownReference(exchange.base, url)
  rewriteReferences(resource, map, hasUrls ? (uri) => entries.get(uri) : undefined)
  eachReference(resource, ({ reference }) => {
    if (reference.startsWith('urn:uuid:') || reference.startsWith('urn:oid:'))
      throw new Invalid('A reference names a urn: that is the fullUrl of no entry', {
        expression: [`Bundle.entry[${n}].resource`],
      })
  })
}

/** `http://a.org/fhir/` of `http://a.org/fhir/Patient/1`: what relative references of the resource stand on. */
function rootOf(fullUrl: string | undefined): string | undefined {
  return /^(https?:\/\/.+\/)[A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}$/.exec(fullUrl ?? '')?.[1]
}

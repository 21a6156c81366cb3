import { checkInterlinks, checkLead } from './bundle/document.js'
import { type Entry, entriesOf, isAbsolute, listOf, restfulParts } from './bundle/entries.js'
import { checkSearchSet } from './bundle/search-set.js'
import type { Json, Message, Place } from './rule.js'

const messages = {
  relative: { id: 'Bundle_ENTRY_URL_Absolute', code: 'invalid', text: 'A fullUrl is an absolute URL' },
  noId: { id: 'Bundle_ENTRY_URL_MATCHES_NO_ID', code: 'invalid', text: 'A fullUrl of a server ends with type and id' },
  otherId: {
    id: 'Bundle_ENTRY_URL_MATCHES_TYPE_ID',
    code: 'invalid',
    text: 'A fullUrl of a server ends with type and id',
  },
  noFullUrl: { id: 'Bundle_BUNDLE_Entry_FullUrl_Required', code: 'invalid', text: 'The entry needs a fullUrl' },
  twice: { id: 'BUNDLE_LINK_SEARCH_NO_DUPLICATES', code: 'invalid', text: 'The link may occur once' },
  paging: {
    id: 'BUNDLE_LINK_SEARCH_PROHIBITED',
    code: 'invalid',
    text: 'Only search results and histories have pages',
  },
  noStylesheet: {
    id: 'BUNDLE_LINK_STYELSHEET_NOT_FOUND',
    code: 'not-found',
    text: 'The stylesheet is not in the Bundle',
  },
} satisfies Record<string, Message>

/**
 * What R4 says of Bundles beside their invariants: full URLs, links, search results, and that a document or message
 * holds together.
 *
 * @see https://hl7.org/fhir/R4/bundle.html
 */
export function checkBundle(bundle: Json, at: Place): void {
  const { type } = bundle
  const entries = entriesOf(bundle)
  checkLinks(bundle, entries, at)
  for (const entry of entries) checkFullUrl(entry, type, at)
  if (type === 'searchset') checkSearchSet(bundle, entries, at)
  if (type === 'document' || type === 'message') {
    checkLead(type, entries, at)
    checkInterlinks(type, bundle, entries, at)
  }
}

/** Entries of these may be without: what is sent has no address yet, what is answered may have none. */
const withoutFullUrl: ReadonlySet<unknown> = new Set(['transaction', 'transaction-response', 'batch', 'batch-response'])

function checkFullUrl({ index, fullUrl, resource }: Entry, type: unknown, at: Place): void {
  const below = `.entry[${index}]`
  if (fullUrl === undefined) {
    if (withoutFullUrl.has(type)) return
    at.report(messages.noFullUrl, () => `must have a fullUrl in a Bundle of type ${said(type)}`, { below })
    return
  }
  if (!isAbsolute(fullUrl)) {
    at.report(messages.relative, () => 'must have an absolute fullUrl, such as http://…/Patient/1 or urn:uuid:…', {
      below,
    })
    return
  }
  const parts = restfulParts(fullUrl)
  if (!parts || !resource) return
  const { resourceType, id } = resource
  if (id === undefined) {
    // What is about to be created has its id from the server.
    if (!withoutFullUrl.has(type))
      at.report(messages.noId, () => `has a fullUrl of a FHIR server, so its resource must have the id in it`, {
        below,
      })
  } else if (parts.type !== resourceType || parts.id !== id) {
    at.report(messages.otherId, () => 'has a fullUrl that ends with another type or id than its resource has', {
      below,
    })
  }
}

// ── Links ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const pages: ReadonlySet<unknown> = new Set(['first', 'previous', 'prev', 'next', 'last'])

function checkLinks(bundle: Json, entries: readonly Entry[], at: Place): void {
  const hasPages = bundle.type === 'searchset' || bundle.type === 'history'
  const seen = new Set<unknown>()
  for (const [i, { relation, url }] of listOf(bundle.link).entries()) {
    const below = `.link[${i}]`
    const isPage = pages.has(relation)
    if (isPage && !hasPages) {
      const said = () => `is for pages of search results and histories, which a ${bundle.type} is not`
      at.report(messages.paging, said, { below: `${below}.relation` })
    } else if ((isPage || relation === 'self') && seen.has(relation)) {
      at.report(messages.twice, () => `is the second link with the relation ${relation}; one is allowed`, { below })
    }
    seen.add(relation)
    if (
      relation === 'stylesheet' &&
      typeof url === 'string' &&
      !isAbsolute(url) &&
      !entries.some((one) => nameOf(one) === url)
    ) {
      at.report(messages.noStylesheet, () => 'names a stylesheet that is no entry of the Bundle', {
        below: `${below}.url`,
      })
    }
  }
}

const nameOf = ({ resource }: Entry) => `${resource?.resourceType}/${resource?.id}`

const said = (type: unknown) => (typeof type === 'string' && /^[a-z-]{1,32}$/.test(type) ? type : 'another kind')

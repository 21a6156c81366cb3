import type { Bundle } from '@medplum/fhirtypes'
import { NotAcceptable } from '../base/errors.js'
import { stringifyJson } from '../fhir/json.js'

interface Lines {
  body: string
  headers: Record<string, string>
}

/**
 * The resources of a page, one on each line. What a Bundle says beside them goes into headers: its links into `Link`,
 * its total into `X-Total-Count`, and how many of the lines are matches, then includes, then outcomes into
 * `X-Entry-Modes`.
 *
 * @param resource  a Bundle of type searchset or history
 * @throws NotAcceptable  another resource, or an entry that has no resource: a deletion in a history (406)
 * @see https://www.rfc-editor.org/rfc/rfc8288
 */
export function lines(resource: { resourceType?: unknown }): Lines {
  const { type, entry = [], link = [], total } = resource as Bundle
  if (resource.resourceType !== 'Bundle' || (type !== 'searchset' && type !== 'history')) {
    throw new NotAcceptable('NDJSON is for the Bundles of searches and histories; this is to be had as JSON and XML')
  }
  const without = entry.findIndex((one) => one.resource === undefined)
  if (without >= 0) {
    throw new NotAcceptable('NDJSON has resources only, and the history has a deletion; ask for JSON or XML', {
      expression: [`Bundle.entry[${without}]`],
    })
  }
  const counts = new Map<string, number>()
  for (const { search } of entry) if (search?.mode) counts.set(search.mode, (counts.get(search.mode) ?? 0) + 1)
  const headers: Record<string, string> = {}
  if (link.length > 0) headers.Link = link.map(({ relation, url }) => `<${uri(url!)}>; rel="${relation}"`).join(', ')
  if (total !== undefined) headers['X-Total-Count'] = String(total)
  if (counts.size > 0) headers['X-Entry-Modes'] = [...counts].map(([mode, n]) => `${mode}=${n}`).join(', ')
  return { body: entry.map((one) => `${stringifyJson(one.resource)}\n`).join(''), headers }
}

/** A URL as a header can hold it: what a client has not escaped in a query is escaped. */
const uri = (url: string) => url.replace(/[^!#-;=?-~]/gu, encodeURIComponent)

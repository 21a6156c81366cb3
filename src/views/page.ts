import { createHash } from 'node:crypto'
import { Invalid } from '../base/errors.js'
import { stringifyJson } from '../fhir/json.js'
import type { Cursors } from '../search/cursor.js'
import type { Row } from './rows.js'

/** Rows of a page at most: a page is held until it is known whether there is more. */
export const MOST_ON_A_PAGE = 10_000

/** Where a page begins: at a resource, some of whose rows were on the page before. */
export interface Start {
  rid: bigint
  skip: number
}

/** One page of rows, and where the next begins when there is one. */
export interface Page {
  rows: Row[]
  next?: Start
}

/** @param batches  rows in the order of their resources, from the beginning of the first one on */
export async function pageOf(batches: AsyncIterable<readonly Row[]>, limit: number, start?: Start): Promise<Page> {
  const rows: Row[] = []
  let left = start?.skip ?? 0
  let taken = start ? { rid: start.rid, skip: start.skip } : undefined
  for await (const batch of batches) {
    for (const row of batch) {
      if (left > 0 && row.rid === start?.rid) {
        left--
        continue
      }
      if (rows.length === limit) return { rows, next: taken }
      rows.push(row)
      taken = { rid: row.rid, skip: taken?.rid === row.rid ? taken.skip + 1 : 1 }
    }
  }
  return { rows }
}

/** What a link to a next page is good for: this view, over this data. */
export function identityOf(...parts: unknown[]): string {
  return createHash('sha256').update(stringifyJson(parts)).digest('base64url')
}

export function sealStart(cursors: Cursors, path: string, identity: string, { rid, skip }: Start): string {
  return cursors.seal({
    path,
    query: identity,
    position: { values: [String(skip)], rid: String(rid) },
    backwards: false,
  })
}

/** @throws Invalid  the link is of another view, or the request is no longer the same (400) */
export function unsealStart(cursors: Cursors, path: string, identity: string, token: string): Start {
  const { path: place, query, position } = cursors.unseal(token)
  if (place !== path || query !== identity)
    throw new Invalid(
      '_cursor belongs to another request: ask for the next page with the same view, parameters and data',
    )
  return { rid: BigInt(position.rid), skip: Number(position.values[0]) }
}

import { Invalid, TooCostly } from '../../../base/errors.js'
import { type Compartment, isResourceType } from '../../../fhir/definitions.js'
import { parseJson } from '../../../fhir/json.js'
import { FIRST, ofCompartment } from '../../../search/compartment.js'
import type { Found } from '../../../search/find.js'
import type { Position } from '../../../search/order.js'
import { rangeOf } from '../../../search/types/date.js'
import type { Resource } from '../../../store/write.js'
import type { Core } from '../../core.js'
import { pairsOf } from '../../criteria.js'
import type { Exchange } from '../../exchange.js'
import { current } from '../../matching.js'
import type { Direct } from '../../operation.js'
import { type Following, referred } from '../../referred.js'
import { ALONE, queryText } from '../../search.js'
import { type Entry, searchset, shownEntry } from '../../searchset.js'

/** What the operation takes, but for the cursor of a further page. */
export interface Asked {
  _count?: number
  _since?: string
  _type?: string[]
  start?: string
  end?: string
}

/** One page of the operation: what was asked for in the first place, and where the page starts. */
export interface Asking extends Asked {
  query: string
  token?: string
  position?: Position
}

/** @throws Invalid  the cursor is of another place, or a type is none */
export function askingOf(
  { store }: Core,
  { path }: Exchange,
  { _cursor: token, ...sent }: Asked & { _cursor?: string },
): Asking {
  const cursor = token === undefined ? undefined : store.cursors.unseal(token)
  if (cursor && cursor.path !== path.join('/')) throw new Invalid('_cursor belongs to another operation')
  if (
    cursor &&
    Object.values(sent)
      .flat()
      .some((one) => one !== undefined)
  )
    throw new Invalid(`${ALONE}: it knows what it is a page of`)
  const asked = cursor ? askedBy(cursor.query) : sent
  const unknown = asked._type?.find((type) => !isResourceType(type))
  if (unknown !== undefined) throw new Invalid(`_type: ${unknown} is not a resource type`)
  return { ...asked, query: cursor?.query ?? queryOf(sent), token, position: cursor?.position }
}

/** Some entries of a compartment, and where to go on when there are more. */
export interface Part {
  entries: Entry[]
  end?: Position
}

/**
 * The next entries: of the compartment's owner, where it starts, of what belongs to it, and of what these refer to.
 * @param compartment, id  of the owner, a Patient or an Encounter
 * @param following  what of all that is referred to is shown
 * @param after    where the part before ended
 */
export async function partOf(
  { config, store }: Core,
  { ctx, base }: Exchange,
  asked: Asked,
  [compartment, id]: readonly [Compartment, string],
  following: (owner: Resource) => Following,
  after: Position | undefined,
): Promise<Part> {
  const { _type: types = [], _since: from } = asked
  const since = from === undefined ? undefined : rangeOf(from)![0]
  const limit = Math.min(asked._count ?? config.defaultCount, config.maxCount)
  const isAsked = (type: string, at: number) =>
    (types.length === 0 || types.includes(type)) && (since === undefined || at >= since)

  const part = { limit: limit + 1, after: after ?? FIRST, since, during: duringOf(asked) }
  const [owner, found] = await Promise.all([
    current({ store }, ctx, compartment, id),
    ofCompartment(store.session, store.finder, ctx, [compartment, id], { ...part, ...(types.length > 0 && { types }) }),
  ])
  const matches: Found[] = isAsked(compartment, owner.at) && !after ? [{ ...owner, position: FIRST }] : []
  const room = limit - matches.length
  matches.push(...found.slice(0, room))

  const follow = following(parseJson(owner.content) as Resource)
  const others = await referred(store.finder, ctx, matches, follow, config.maxIncludes)
  if (others.length > config.maxIncludes)
    throw new TooCostly(
      `This page refers to more than ${config.maxIncludes} other resources (INGLE_MAX_INCLUDES); a smaller _count makes it less`,
    )
  const included = others.filter((one) => one.key !== owner.key && isAsked(one.type, updatedAt(one)))
  return {
    entries: [
      ...matches.map((one) => shownEntry(base, one)),
      ...included.map((one) => shownEntry(base, one, 'include')),
    ],
    ...(found.length > room && { end: matches.at(-1)?.position ?? FIRST }),
  }
}

/** The Bundle of a page, with a link to where it goes on. */
export function pageOf(
  { store }: Core,
  { base, path }: Exchange,
  { query, token }: Asking,
  { entries, end }: Part,
): Direct {
  const place = path.join('/')
  const url = (text: string) => `${base}/${place}${text && `?${text}`}`
  const next = end && store.cursors.seal({ path: place, query, position: end, backwards: false })
  const self = url(token === undefined ? query : `_cursor=${token}`)
  return searchset({ self, ...(next && { next: url(`_cursor=${next}`) }) }, entries)
}

function duringOf({ start, end }: Asked): [number | undefined, number | undefined] | undefined {
  const [first, last] = [start, end].map((text) => (text === undefined ? undefined : rangeOf(text)))
  if (first && last && first[0] >= last[1]) throw new Invalid('end must not be before start')
  return first || last ? [first?.[0], last?.[1]] : undefined
}

const updatedAt = ({ content }: Found) => Date.parse((parseJson(content) as Resource).meta!.lastUpdated as string)

/** What was asked for, as a URL has it; a page that is linked to has it from there. */
function queryOf({ _count, _since, _type = [], start, end }: Asked): string {
  const pairs = Object.entries({ start, end, _count, _since, _type: _type.join() || undefined })
  return queryText(pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))).slice(1)
}

function askedBy(query: string): Asked {
  const { _count, _type, ...texts } = Object.fromEntries(pairsOf(query))
  return { ...texts, ...(_count && { _count: Number(_count) }), ...(_type && { _type: _type.split(',') }) }
}

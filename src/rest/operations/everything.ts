import { Invalid, TooCostly } from '../../base/errors.js'
import { isResourceType } from '../../fhir/definitions.js'
import { parseJson } from '../../fhir/json.js'
import { type Compartment, FIRST, ofCompartment, patientsOf } from '../../search/compartment.js'
import type { Found } from '../../search/find.js'
import { rangeOf } from '../../search/types/date.js'
import type { Resource } from '../../store/write.js'
import { pairsOf } from '../criteria.js'
import { current } from '../matching.js'
import { type Call, type Direct, operation, type Specs } from '../operation.js'
import { referred } from '../referred.js'
import { queryText } from '../search.js'
import { searchset, shownEntry } from '../searchset.js'

const paging = {
  _count: '0..1 positiveInt',
  _since: '0..1 instant',
  _type: '0..* code',
  _cursor: '0..1 string',
} as const satisfies Specs

const about = {
  start: 'Only what is about care from this date on; what has no clinical date is there all the same',
  end: 'Only what is about care up to this date, itself included',
  _since: 'Only what was last updated at or after this instant',
  _type: 'Only resources of these types',
  _count: 'Resources of the compartment on a page; what they refer to comes with them, beside the count',
  _cursor: 'Of a link to a further page, as it stands there',
}

/**
 * The patient, then what is in its compartment, in pages, each with what it refers to that is nobody's own:
 * practitioners, organizations, locations, medications.
 * @throws NotFound  the patient was never there (404)
 * @throws Gone      it was deleted (410)
 * @see https://hl7.org/fhir/R4/patient-operation-everything.html
 */
export const everythingOfPatient = operation({
  code: 'everything',
  definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
  title: 'Everything of a patient',
  description: 'The patient, what is in the patient compartment and what that refers to, in pages.',
  on: { resource: ['Patient'], levels: ['instance'] },
  affectsState: false,
  // A compartment has resources of every type.
  needs: { letters: ['r', 's'], of: 'all' },
  in: { start: '0..1 date', end: '0..1 date', ...paging },
  out: { return: '1..1 Bundle' },
  about,
  // What is of patients is there as a match, or is not of this one.
  handle: (call) => page(call, 'Patient', (resource) => patientsOf(resource).size === 0),
})

/**
 * The encounter, then what is in its compartment, in pages, each with what it refers to: the patient and what is of
 * the patient, and what is nobody's own.
 * @see https://hl7.org/fhir/R4/encounter-operation-everything.html
 */
export const everythingOfEncounter = operation({
  code: 'everything',
  definition: 'http://hl7.org/fhir/OperationDefinition/Encounter-everything',
  title: 'Everything of an encounter',
  description: 'The encounter, what is in the encounter compartment and what that refers to, in pages.',
  on: { resource: ['Encounter'], levels: ['instance'] },
  affectsState: false,
  needs: { letters: ['r', 's'], of: 'all' },
  in: paging,
  out: { return: '1..1 Bundle' },
  about,
  handle: (call) =>
    page(call, 'Encounter', (resource, encounter) => {
      const own = patientsOf(encounter)
      return [...patientsOf(resource)].every((id) => own.has(id))
    }),
})

interface Asked {
  _count?: number
  _since?: string
  _type?: string[]
  start?: string
  end?: string
}

async function page(
  { core: { config, store }, ctx, exchange: { base, path }, id, params }: Call<Specs>,
  compartment: Compartment,
  follows: (resource: Resource, owner: Resource) => boolean,
): Promise<Direct> {
  const { _cursor: token, ...sent } = params as Asked & { _cursor?: string }
  const place = path.join('/')
  const cursor = token === undefined ? undefined : store.cursors.unseal(token)
  if (cursor && cursor.path !== place) throw new Invalid('_cursor belongs to another operation')
  const asked = cursor ? askedBy(cursor.query) : sent
  const { _type: types = [], _since: from } = asked
  const unknown = types.find((type) => !isResourceType(type))
  if (unknown !== undefined) throw new Invalid(`_type: ${unknown} is not a resource type`)
  const since = from === undefined ? undefined : rangeOf(from)![0]
  const during = duringOf(asked)
  const limit = Math.min(asked._count ?? config.defaultCount, config.maxCount)
  const isAsked = (type: string, at: number) =>
    (types.length === 0 || types.includes(type)) && (since === undefined || at >= since)

  const owner = { ...(await current({ store }, ctx, compartment, id!)), position: FIRST }
  const matches: Found[] = isAsked(compartment, owner.at) && !cursor ? [owner] : []
  const room = limit - matches.length
  const after = cursor?.position ?? FIRST
  const part = { limit: room + 1, after, since, during, ...(types.length > 0 && { types }) }
  const found = await ofCompartment(store.db, store.finder, ctx, [compartment, id!], part)
  const more = found.length > room
  matches.push(...found.slice(0, room))

  const parsed = parseJson(owner.content) as Resource
  const others = await referred(store.finder, ctx, matches, (one) => follows(one, parsed), config.maxIncludes)
  if (others.length > config.maxIncludes)
    throw new TooCostly(
      `This page refers to more than ${config.maxIncludes} other resources (INGLE_MAX_INCLUDES); a smaller _count makes it less`,
    )
  const included = others.filter((one) => one.key !== owner.key && isAsked(one.type, updatedAt(one)))

  const query = cursor?.query ?? queryOf(sent)
  const url = (text: string) => `${base}/${place}${text && `?${text}`}`
  const position = matches.at(-1)?.position ?? after
  const next = more ? store.cursors.seal({ path: place, query, position, backwards: false }) : undefined
  return searchset(
    { self: url(token === undefined ? query : `_cursor=${token}`), ...(next && { next: url(`_cursor=${next}`) }) },
    [...matches.map((one) => shownEntry(base, one)), ...included.map((one) => shownEntry(base, one, 'include'))],
  )
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

import { Gone, NotFound } from '../../base/errors.js'
import type { Compartment } from '../../fhir/definitions.js'
import { patientsOf } from '../../search/compartment.js'
import { NO_PATIENT, SEVERAL_PATIENTS } from '../../search/entry.js'
import { keyOf } from '../../search/hash.js'
import { orderOf, type Position } from '../../search/order.js'
import type { Resource } from '../../store/write.js'
import type { Core } from '../core.js'
import type { Exchange } from '../exchange.js'
import { type Call, type Direct, operation, type Specs } from '../operation.js'
import type { Following } from '../referred.js'
import { askingOf, type Part, pageOf, partOf } from './everything/page.js'

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
  description:
    'The patient, what is in the patient compartment and what that refers to, in pages; without an id of one patient after the other.',
  on: { resource: ['Patient'], levels: ['instance', 'type'] },
  affectsState: false,
  // A compartment has resources of every type.
  needs: { letters: ['r', 's'], of: 'all' },
  in: { start: '0..1 date', end: '0..1 date', ...paging },
  out: { return: '1..1 Bundle' },
  about,
  handle: (call) => (call.id === undefined ? ofEveryPatient(call) : ofOne(call, ofNobody)),
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
    ofOne(call, (encounter) => {
      const own = patientsOf(encounter)
      return {
        follows: (resource) => [...patientsOf(resource)].every((id) => own.has(id)),
        patients: [NO_PATIENT, SEVERAL_PATIENTS, ...[...own].map((id) => keyOf(call.ctx.tenant, 'Patient', id))],
      }
    }),
})

/** What is of patients is there as a match, or is not of this one. */
const ofNobody = (): Following => ({
  follows: (resource) => patientsOf(resource).size === 0,
  patients: [NO_PATIENT],
})

async function ofOne(
  { core, exchange, type, id, params }: Call<Specs>,
  following: (owner: Resource) => Following,
): Promise<Direct> {
  const asking = askingOf(core, exchange, params)
  const owner = [type as Compartment, id!] as const
  return pageOf(core, exchange, asking, await partOf(core, exchange, asking, owner, following, asking.position))
}

/** Where a page of all patients starts: in whose compartment, and behind what; the patient's row is the order. */
interface Place {
  id: string
  rid: string
  after?: Position
}

/** Each page is of one patient, so that nothing has to be remembered but how far the last one had come. */
async function ofEveryPatient({ core, exchange, params }: Call<Specs>): Promise<Direct> {
  const asking = askingOf(core, exchange, params)
  const place = asking.position ? placeOf(asking.position) : await patientAfter(core, exchange)
  if (!place) return pageOf(core, exchange, asking, { entries: [] })
  const owner = ['Patient', place.id] as const
  const part = await partOf(core, exchange, asking, owner, ofNobody, place.after).catch((cause): Part => {
    // Deleted since the link was made: on to the next one.
    if (cause instanceof NotFound || cause instanceof Gone) return { entries: [] }
    throw cause
  })
  const next = part.end ? { ...place, after: part.end } : await patientAfter(core, exchange, place.rid)
  return pageOf(core, exchange, asking, { entries: part.entries, ...(next && { end: positionOf(next) }) })
}

const positionOf = ({ id, rid, after }: Place): Position => ({
  values: [id, ...(after ? [after.rid, ...after.values] : [])],
  rid,
})

function placeOf({ values: [id, ...after], rid }: Position): Place {
  const [behind, ...values] = after
  return { id: id!, rid, ...(behind !== undefined && { after: { rid: behind, values } }) }
}

async function patientAfter({ store }: Core, { ctx }: Exchange, rid?: string): Promise<Place | undefined> {
  const order = orderOf(ctx.tenant, 'Patient', undefined, [])
  const after = rid === undefined ? {} : { after: { values: [], rid } }
  const [found] = await store.finder.page(ctx, 'Patient', [], order, 1, after)
  return found && { id: found.id, rid: found.position.rid }
}

import { MethodNotAllowed, NotFound } from '../base/errors.js'
import { isResourceType, resourceTypes } from '../fhir/definitions.js'
import { nearest } from '../fhir/validation/nearest.js'
import { bundle } from './bundle.js'
import { capabilities } from './capabilities.js'
import { searchCompartment } from './compartment.js'
import { create } from './create.js'
import { conditionalDelete, remove } from './delete.js'
import type { Answer, Exchange } from './exchange.js'
import { refuseUnheeded } from './heeded.js'
import { history } from './history.js'
import { checkKey, onceByKey } from './idempotency.js'
import { type InteractionName, type Offer, offerOf, type Place, type Places } from './interactions.js'
import { Direct, type Operation } from './operation.js'
import { answerOf, readParameters } from './operation-parameters.js'
import { withParameters } from './parameters.js'
import { conditionalPatch, patch } from './patch.js'
import { read, vread } from './read.js'
import { authorize } from './scopes.js'
import { search } from './search.js'
import type { Interaction, Serving } from './serving.js'
import { conditionalUpdate, update } from './update.js'

/** Those that are answered here; what `async/` and exports answer stands before us. */
type Ours = Exclude<InteractionName, 'bundle' | `async-${string}` | `export-${string}`>

const interactions: Record<Ours, Interaction> = {
  capabilities,
  read,
  vread,
  create,
  update,
  patch,
  delete: remove,
  'conditional-update': conditionalUpdate,
  'conditional-patch': conditionalPatch,
  'conditional-delete': conditionalDelete,
  'search-type': search,
  'search-system': search,
  'search-compartment': searchCompartment,
  'history-instance': history,
  'history-type': history,
  'history-system': history,
}

/** Answers FHIR requests: those of the HTTP door, and each entry of a batch. */
export function createDispatch(serving: Serving): (exchange: Exchange) => Promise<Answer> {
  const once = onceByKey(serving)
  const answer = (asked: Asked, exchange: Exchange) => {
    const { operation } = asked.place
    refuseUnheeded(asked.offer.name, exchange, operation ? operation.affectsState : changes(exchange))
    const work = interactionOf(asked)
    // What changes nothing can be done again; and its answer may be a stream, which nobody keeps.
    return exchange.idempotencyKey === undefined || operation?.affectsState === false
      ? work(serving, exchange)
      : once(exchange, (one) => work(one, exchange))
  }
  /** An entry is asked for its own scopes; a Bundle in a Bundle is not a request. */
  const entry = async (exchange: Exchange): Promise<Answer> => {
    authorize(serving.places, exchange)
    return answer(askedInBundle(serving.places, exchange), exchange)
  }
  return async (exchange) => {
    const asked = askedOf(serving.places, exchange)
    checkKey(exchange.idempotencyKey)
    if (asked.offer.name === 'bundle') refuseUnheeded('bundle', exchange, true)
    return withParameters(serving.store.registries, exchange, (one) =>
      asked.offer.name === 'bundle' ? bundle(serving, one, { once, entry, read: readEntry }) : answer(asked, one),
    )
  }
}

const changes = ({ method, path }: Exchange): boolean =>
  method !== 'GET' && method !== 'HEAD' && path.at(-1) !== '_search'

/** A read of a transaction, whose scopes were asked for with the rest of it. */
const readEntry: Interaction = (serving, exchange) =>
  interactionOf(askedInBundle(serving.places, exchange))(serving, exchange)

function interactionOf({ place: { operation }, offer }: Asked): Interaction {
  return operation
    ? (serving, exchange) => call(operation, serving, exchange)
    : interactions[offer.name as keyof typeof interactions]
}

/** @throws NotFound  what no entry of a Bundle can ask, beside what `askedOf` throws */
function askedInBundle(places: Places, exchange: Exchange): Asked {
  const asked = askedOf(places, exchange)
  if (asked.offer.name === 'bundle') throw new NotFound('A Bundle cannot hold another to be processed')
  if (/^(async|export)-/.test(asked.offer.name)) throw new NotFound('A Bundle cannot ask after another request')
  return asked
}

/** One call of an operation, from the parameters that were sent to those that are answered. */
async function call(operation: Operation, serving: Serving, exchange: Exchange): Promise<Answer> {
  const { params, search } = readParameters(operation, exchange)
  const [type, id] = exchange.path.slice(0, -1)
  const result = await operation.handle({ core: serving, ctx: exchange.ctx, exchange, type, id, params, search })
  return result instanceof Direct ? result.answer : answerOf(operation, result)
}

interface Asked {
  place: Place
  offer: Offer
}

/**
 * What is asked for.
 * @throws NotFound  no such type, operation or path (404)
 * @throws MethodNotAllowed  the place is there, but not for this (405)
 */
export function askedOf(places: Places, { method, path }: Exchange): Asked {
  const [type = ''] = path
  const place = places.at(path)
  const isTyped = place ? place.type !== undefined && place.type !== '*' && !place.operation : path.length > 1
  // An operation on every type is still none on what is no type.
  if ((isTyped || (place?.operation?.on.resource === '*' && path.length > 1)) && !isResourceType(type)) {
    const shown = String(type).slice(0, LONGEST_SHOWN)
    throw new NotFound(`${shown} is not a resource type of FHIR R4${meant(shown, resourceTypes)}`)
  }
  if (!place) throw nothingAt(places, path)
  const offer = offerOf(place, method)
  if (!offer) throw new MethodNotAllowed(`${method} is not possible here; possible are ${places.allowed(path)}`)
  return { place, offer }
}

/** Of what was sent, so many characters are repeated in a refusal. */
const LONGEST_SHOWN = 64

/** ` (is Patient meant?)`, where a known name is near. */
function meant(name: string, known: Iterable<string>): string {
  const found = nearest(name, known)
  return found === undefined ? '' : ` (is ${found} meant?)`
}

function nothingAt({ operations }: Places, path: readonly string[]): NotFound {
  const last = path.at(-1)!.slice(0, LONGEST_SHOWN)
  if (last.startsWith('$')) {
    const codes = operations.beside(path).map((code) => `$${code}`)
    return new NotFound(
      `There is no operation ${last} here${meant(last, codes)}; here are ${codes.join(', ') || 'none'}`,
    )
  }
  return new NotFound('There is nothing at this path')
}

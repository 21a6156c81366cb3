import { MethodNotAllowed, NotFound } from '../base/errors.js'
import { isResourceType } from '../fhir/definitions.js'
import { bundle } from './bundle.js'
import { capabilities } from './capabilities.js'
import type { Core, Interaction } from './core.js'
import { create } from './create.js'
import { conditionalDelete, remove } from './delete.js'
import type { Answer, Exchange } from './exchange.js'
import { history } from './history.js'
import { checkKey, onceByKey } from './idempotency.js'
import { type InteractionName, offerOf, placeOf } from './interactions.js'
import { everything } from './operations/everything.js'
import { conditionalPatch, patch } from './patch.js'
import { read, vread } from './read.js'
import { authorize } from './scopes.js'
import { search } from './search.js'
import { conditionalUpdate, update } from './update.js'

const interactions: Record<Exclude<InteractionName, 'bundle'>, Interaction> = {
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
  'history-instance': history,
  'history-type': history,
  'history-system': history,
  $everything: everything,
}

/** Answers FHIR requests: those of the HTTP door, and each entry of a batch. */
export function createDispatch(core: Core): (exchange: Exchange) => Promise<Answer> {
  const once = onceByKey(core)
  const answer = (name: Exclude<InteractionName, 'bundle'>, exchange: Exchange) =>
    exchange.idempotencyKey === undefined
      ? interactions[name](core, exchange)
      : once(exchange, (one) => interactions[name](one, exchange))
  /** An entry is asked for its own scopes; a Bundle in a Bundle is not a request. */
  const entry = async (exchange: Exchange): Promise<Answer> => {
    authorize(exchange)
    const name = nameOf(exchange)
    if (name === 'bundle') throw new NotFound('A batch cannot hold another batch')
    return answer(name, exchange)
  }
  return async (exchange) => {
    const name = nameOf(exchange)
    checkKey(exchange.idempotencyKey)
    return name === 'bundle' ? bundle(core, exchange, { once, entry }) : answer(name, exchange)
  }
}

/**
 * @throws NotFound  no such type, operation or path (404)
 * @throws MethodNotAllowed  the place is there, but not for this (405)
 */
function nameOf({ method, path }: Exchange): InteractionName {
  const [type] = path
  const last = path.at(-1)
  const place = placeOf(path)
  const isTyped = place ? place.type !== undefined && place.type !== '*' : path.length > 1
  if (isTyped && !isResourceType(type))
    throw new NotFound(`${String(type).slice(0, 64)} is not a resource type of FHIR R4`)
  if (!place && last?.startsWith('$')) throw new NotFound(`There is no operation ${last.slice(0, 64)} here`)
  if (!place) throw new NotFound('There is nothing at this path')
  const offer = offerOf(place, method)
  if (!offer) throw new MethodNotAllowed(`${method} is not possible here`)
  return offer.name
}

import { MethodNotAllowed, NotFound } from '../base/errors.js'
import { isResourceType } from '../fhir/definitions.js'
import { bundle } from './bundle.js'
import { capabilities } from './capabilities.js'
import type { Core, Interaction } from './core.js'
import { create } from './create.js'
import { conditionalDelete, remove } from './delete.js'
import type { Answer, Exchange, Method } from './exchange.js'
import { history } from './history.js'
import { once } from './idempotency.js'
import { conditionalPatch, patch } from './patch.js'
import { read, vread } from './read.js'
import { search } from './search.js'
import { conditionalUpdate, update } from './update.js'

/** What can be done at one kind of place below the base. */
type Offers = Partial<Record<Method, Interaction>>

/** https://hl7.org/fhir/R4/http.html#summary */
const places = {
  base: { GET: search },
  search: { POST: search, GET: search },
  metadata: { GET: capabilities },
  history: { GET: history },
  type: { GET: search, POST: create, PUT: conditionalUpdate, PATCH: conditionalPatch, DELETE: conditionalDelete },
  instance: { GET: read, PUT: update, PATCH: patch, DELETE: remove },
  version: { GET: vread },
} satisfies Record<string, Offers>

function placeOf(path: readonly string[]): Offers | undefined {
  const [first = '', second = '', third] = path
  switch (path.length) {
    case 0:
      return places.base
    case 1:
      if (first === 'metadata') return places.metadata
      if (first === '_history') return places.history
      return first === '_search' ? places.search : places.type
    case 2:
      if (second === '_history') return places.history
      return second === '_search' ? places.search : places.instance
    case 3:
      return third === '_history' ? places.history : undefined
    case 4:
      return third === '_history' ? places.version : undefined
    default:
      return undefined
  }
}

/** Answers FHIR requests: those of the HTTP door, and each entry of a batch. */
export function createDispatch(core: Core): (exchange: Exchange) => Promise<Answer> {
  const dispatch = (exchange: Exchange): Promise<Answer> => {
    const { method, path } = exchange
    const [type] = path
    if (path.length === 0 && method === 'POST') return bundle(core, exchange, entry)
    if (type !== undefined && !type.startsWith('_') && !type.startsWith('$') && type !== 'metadata' && !isResourceType(type))
      throw new NotFound(`${String(type).slice(0, 64)} is not a resource type of FHIR R4`)
    const last = path.at(-1)
    if (last?.startsWith('$')) throw new NotFound(`There is no operation ${last.slice(0, 64)} here`)
    const offers = placeOf(path)
    if (!offers) throw new NotFound('There is nothing at this path')
    const interaction = offers[method === 'HEAD' ? 'GET' : method]
    if (!interaction) throw new MethodNotAllowed(`${method} is not possible here`)
    return interaction(core, exchange)
  }
  /** An entry is asked for its own scopes; a Bundle in a Bundle is not a request. */
  const entry = async (exchange: Exchange): Promise<Answer> => {
    core.authorize(exchange)
    if (exchange.path.length === 0 && exchange.method === 'POST') throw new NotFound('A batch cannot hold another batch')
    return dispatch(exchange)
  }
  return async (exchange) => (exchange.idempotencyKey === undefined ? dispatch(exchange) : once(core, exchange, dispatch))
}

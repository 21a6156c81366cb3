import type { Method } from './exchange.js'

/** SMART's letters for what a scope allows; https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html */
export type Letter = 'c' | 'r' | 'u' | 'd' | 's'

/** As the CapabilityStatement spells them; those by criteria have a name of their own. */
export type InteractionName =
  | 'bundle'
  | 'capabilities'
  | 'read'
  | 'vread'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | `conditional-${'update' | 'patch' | 'delete'}`
  | `search-${'type' | 'system'}`
  | `history-${'instance' | 'type' | 'system'}`
  | '$everything'

/** What one method does at a place, and what a scope must allow for it. */
export interface Offer {
  name: InteractionName
  needs: readonly Letter[]
}
export type Offers = Partial<Record<Method, Offer>>

const offer = (name: InteractionName, needs: string): Offer => ({ name, needs: [...needs] as Letter[] })

/**
 * What each kind of place below the base offers. Dispatch, `Allow`, scopes, metrics and the CapabilityStatement all
 * go by this table.
 * @see https://hl7.org/fhir/R4/http.html#summary
 */
export const places = {
  base: { GET: offer('search-system', 's'), POST: offer('bundle', '') },
  metadata: { GET: offer('capabilities', '') },
  systemHistory: { GET: offer('history-system', 's') },
  systemSearch: { POST: offer('search-system', 's') },
  // By criteria a writer learns what they match.
  type: {
    GET: offer('search-type', 's'),
    POST: offer('create', 'c'),
    PUT: offer('conditional-update', 'us'),
    PATCH: offer('conditional-patch', 'us'),
    DELETE: offer('conditional-delete', 'ds'),
  },
  typeHistory: { GET: offer('history-type', 's') },
  typeSearch: { POST: offer('search-type', 's') },
  instance: {
    GET: offer('read', 'r'),
    PUT: offer('update', 'u'),
    PATCH: offer('patch', 'u'),
    DELETE: offer('delete', 'd'),
  },
  instanceHistory: { GET: offer('history-instance', 'r') },
  version: { GET: offer('vread', 'r') },
} satisfies Record<string, Offers>

/** An operation, which the CapabilityStatement lists apart from interactions. */
const everything: Offers = { GET: offer('$everything', 'rs') }

export interface Place {
  offers: Offers
  /** The type that is read or written; `*` is every type. */
  type?: string
}

/** The place that a path names, judged by its shape alone: whether the type exists is for others to say. */
export function placeOf(path: readonly string[]): Place | undefined {
  const [first = '', second = '', third] = path
  // A compartment has resources of every type.
  if (path.length === 3 && first === 'Patient' && third === '$everything') return { offers: everything, type: '*' }
  if (path.at(-1)?.startsWith('$')) return undefined
  switch (path.length) {
    case 0:
      return { offers: places.base, type: '*' }
    case 1:
      if (first === 'metadata') return { offers: places.metadata }
      if (first === '_history') return { offers: places.systemHistory, type: '*' }
      if (first === '_search') return { offers: places.systemSearch, type: '*' }
      return { offers: places.type, type: first }
    case 2:
      if (second === '_history') return { offers: places.typeHistory, type: first }
      if (second === '_search') return { offers: places.typeSearch, type: first }
      return { offers: places.instance, type: first }
    case 3:
      return third === '_history' ? { offers: places.instanceHistory, type: first } : undefined
    case 4:
      return third === '_history' ? { offers: places.version, type: first } : undefined
    default:
      return undefined
  }
}

/** HEAD asks for what GET does. */
export function offerOf({ offers }: Place, method: Method): Offer | undefined {
  return offers[method === 'HEAD' ? 'GET' : method]
}

/** The interaction a request asks for, with the type that it is about. */
export function interactionOf(method: Method, path: readonly string[]): (Offer & { type?: string }) | undefined {
  const place = placeOf(path)
  const offer = place && offerOf(place, method)
  return offer && { ...offer, type: place.type }
}

/** The `Allow` header of a path: `GET, HEAD, POST`; undefined when there is no such place. */
export function allowed(path: readonly string[]): string | undefined {
  const place = placeOf(path)
  return (
    place &&
    Object.keys(place.offers)
      .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : method))
      .join(', ')
  )
}

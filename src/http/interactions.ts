import type { Method } from '../rest/exchange.js'

/** SMART's letters for what a scope allows; https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html */
export type Letter = 'c' | 'r' | 'u' | 'd' | 's'

/** An interaction as the CapabilityStatement names it, and what a scope must allow for it. */
interface Offer {
  name: string
  needs: readonly Letter[]
}
type Offers = Partial<Record<Method, Offer>>

const offer = (name: string, needs: string): Offer => ({ name, needs: [...needs] as Letter[] })

/** What each kind of place below the base offers; https://hl7.org/fhir/R4/http.html#summary */
const places = {
  base: { GET: offer('search-system', 's'), POST: offer('bundle', '') },
  metadata: { GET: offer('capabilities', '') },
  systemHistory: { GET: offer('history-system', 's') },
  systemSearch: { POST: offer('search-system', 's') },
  // On a type all but search and create are conditional, which tells what the criteria match.
  type: {
    GET: offer('search-type', 's'),
    POST: offer('create', 'c'),
    PUT: offer('update', 'us'),
    PATCH: offer('patch', 'us'),
    DELETE: offer('delete', 'ds'),
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
  compartment: { GET: offer('search-compartment', 's') },
  compartmentSearch: { POST: offer('search-compartment', 's') },
  // What an operation does is not known here: GET only reads, POST may do anything.
  operation: { GET: offer('operation', 'rs'), POST: offer('operation', 'cruds') },
} satisfies Record<string, Offers>

interface Place {
  offers: Offers
  /** The type that is read or written: of `Patient/1/Observation` Observation; `*` is every type. */
  type?: string
}

/** The place that a path names, judged by its shape alone: whether the type exists is for others to say. */
export function placeOf(path: readonly string[]): Place | undefined {
  const [first = '', second = '', third = '', fourth] = path
  if (path.length > 4) return undefined
  if (path.at(-1)?.startsWith('$')) return { offers: places.operation, type: path.length > 1 ? first : '*' }
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
      if (third === '_history') return { offers: places.instanceHistory, type: first }
      if (third === '_search') return { offers: places.compartmentSearch, type: '*' }
      return { offers: places.compartment, type: third }
    default:
      if (third === '_history') return { offers: places.version, type: first }
      if (fourth === '_search') return { offers: places.compartmentSearch, type: third }
      return undefined
  }
}

/** The interaction a request asks for; HEAD asks for what GET does. */
export function interactionOf(method: Method, path: readonly string[]): (Offer & { type?: string }) | undefined {
  const place = placeOf(path)
  const offer = place?.offers[method === 'HEAD' ? 'GET' : method]
  return offer && { ...offer, type: place?.type }
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

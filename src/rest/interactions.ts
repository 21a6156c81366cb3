import { isCompartment } from '../search/compartment.js'
import type { Method } from './exchange.js'
import type { Letter } from './letter.js'
import type { Operation } from './operation.js'
import type { Operations } from './operations.js'

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
  | `search-${'type' | 'system' | 'compartment'}`
  | `history-${'instance' | 'type' | 'system'}`
  | `async-${'status' | 'cancel'}`
  | `export-${'status' | 'cancel' | 'file'}`

/** What one method does at a place, and what a scope must allow for it. */
export interface Offer {
  name: InteractionName | `$${string}`
  needs: readonly Letter[]
}
export type Offers = Partial<Record<Method, Offer>>

const offer = (name: InteractionName, needs: string) => ({ name, needs: [...needs] as Letter[] }) satisfies Offer

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
  compartment: { GET: offer('search-compartment', 's') },
  compartmentSearch: { POST: offer('search-compartment', 's') },
  instance: {
    GET: offer('read', 'r'),
    PUT: offer('update', 'u'),
    PATCH: offer('patch', 'u'),
    DELETE: offer('delete', 'd'),
  },
  instanceHistory: { GET: offer('history-instance', 'r') },
  version: { GET: offer('vread', 'r') },
  // Whose request it is decides.
  asyncRequest: { GET: offer('async-status', ''), DELETE: offer('async-cancel', '') },
  // Whose export it is, and of which types.
  exportRequest: { GET: offer('export-status', ''), DELETE: offer('export-cancel', '') },
  exportFile: { GET: offer('export-file', '') },
} satisfies Record<string, Offers>

export interface Place {
  offers: Offers
  /** The type that is read or written; `*` is every type. */
  type?: string
  /** What is called here. */
  operation?: Operation
}

/** The place that a path names, judged by its shape alone: whether the type exists is for others to say. */
function standardPlace(path: readonly string[]): Place | undefined {
  const [first = '', second = '', third] = path
  switch (path.length) {
    case 0:
      return { offers: places.base, type: '*' }
    case 1:
      if (first === 'metadata') return { offers: places.metadata }
      if (first === '_history') return { offers: places.systemHistory, type: '*' }
      if (first === '_search') return { offers: places.systemSearch, type: '*' }
      return { offers: places.type, type: first }
    case 2:
      if (first === '_async') return { offers: places.asyncRequest }
      if (first === '_export') return { offers: places.exportRequest }
      if (second === '_history') return { offers: places.typeHistory, type: first }
      if (second === '_search') return { offers: places.typeSearch, type: first }
      return { offers: places.instance, type: first }
    case 3:
      if (first === '_export') return { offers: places.exportFile }
      if (third === '_history') return { offers: places.instanceHistory, type: first }
      return isCompartment(first) ? { offers: places.compartment, type: third } : undefined
    case 4:
      if (path[3] === '_search')
        return isCompartment(first) ? { offers: places.compartmentSearch, type: third } : undefined
      return third === '_history' ? { offers: places.version, type: first } : undefined
    default:
      return undefined
  }
}

/** What there is below the base: the standard's places, and those of the operations that this server has. */
export class Places {
  /** By operation: it is the same wherever it is called. */
  private readonly offers = new Map<Operation, Offers>()

  constructor(readonly operations: Operations) {
    for (const operation of operations.all) {
      const called: Offer = { name: `$${operation.code}`, needs: operation.needs.letters }
      this.offers.set(operation, operation.affectsState ? { POST: called } : { GET: called, POST: called })
    }
  }

  at(path: readonly string[]): Place | undefined {
    if (!path.at(-1)?.startsWith('$')) return standardPlace(path)
    const operation = this.operations.at(path)
    if (!operation) return undefined
    const { letters, of } = operation.needs
    const type = letters.length === 0 ? undefined : of === 'all' || path.length === 1 ? '*' : path[0]
    return { offers: this.offers.get(operation)!, type, operation }
  }

  /** The interaction a request asks for, with the type that it is about. */
  interaction(method: Method, path: readonly string[]): (Offer & { type?: string }) | undefined {
    const place = this.at(path)
    const offer = place && offerOf(place, method)
    return offer && { ...offer, type: place.type }
  }

  /** The `Allow` header of a path: `GET, HEAD, POST`; undefined when there is no such place. */
  allowed(path: readonly string[]): string | undefined {
    const place = this.at(path)
    return (
      place &&
      Object.keys(place.offers)
        .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : method))
        .join(', ')
    )
  }
}

/** HEAD asks for what GET does. */
export function offerOf({ offers }: Place, method: Method): Offer | undefined {
  return offers[method === 'HEAD' ? 'GET' : method]
}

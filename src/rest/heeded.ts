import { Invalid } from '../base/errors.js'
import { pairsOf } from './criteria.js'
import type { Exchange } from './exchange.js'
import type { Offer } from './interactions.js'

const HEADERS = { ifMatch: 'If-Match', ifNoneMatch: 'If-None-Match', ifNoneExist: 'If-None-Exist' } as const
type Condition = keyof typeof HEADERS

/**
 * The conditions that each write goes by. A read may pass over one, since what it answers then is right all the same
 * (https://www.rfc-editor.org/rfc/rfc9110#section-13.2.1); a write that did would do what was not wanted.
 */
const conditions: Partial<Record<Offer['name'], readonly Condition[]>> = {
  create: ['ifNoneExist'],
  update: ['ifMatch', 'ifNoneMatch'],
  'conditional-update': ['ifMatch', 'ifNoneMatch'],
  patch: ['ifMatch'],
  'conditional-patch': ['ifMatch'],
  delete: ['ifMatch'],
  'conditional-delete': ['ifMatch'],
  bundle: [],
}

/** The parameters of what is neither a search nor an operation; those look at their own themselves. */
const parameters: Partial<Record<Offer['name'], readonly string[]>> = {
  read: ['_summary', '_elements'],
  vread: ['_summary', '_elements'],
  create: [],
  update: [],
  patch: [],
  delete: [],
  bundle: [],
}

/** Of the door; the URL of an entry of a Bundle may have them too. */
const TRANSPORT = ['_format', '_pretty']

/**
 * Refuses what the interaction would not look at: whoever sends it counts on it.
 * @param changes  whether the interaction writes
 * @throws Invalid  names what it is, and what there is (400)
 */
export function refuseUnheeded(name: Offer['name'], exchange: Exchange, changes: boolean): void {
  const known = exchange.query === '' ? undefined : parameters[name]
  const unknown = known && pairsOf(exchange.query).find(([one]) => !known.includes(one) && !TRANSPORT.includes(one))
  if (unknown) {
    const has = known.length > 0 ? `it has ${known.join(' and ')}` : 'it has none'
    const hint = name === 'create' ? '; the criteria of a conditional create are in the header If-None-Exist' : ''
    throw new Invalid(`${shown(name)} has no parameter ${unknown[0].slice(0, 64)}; ${has}${hint}`)
  }
  const heeded = changes ? (conditions[name] ?? []) : undefined
  if (!heeded) return
  for (const [condition, header] of Object.entries(HEADERS) as [Condition, string][]) {
    if (exchange[condition] !== undefined && !heeded.includes(condition))
      throw new Invalid(`${shown(name)} does not go by ${header}; ${othersOf(heeded)}`)
  }
}

const shown = (name: Offer['name']) => (name.startsWith('$') ? name : `The interaction ${name}`)

const othersOf = (heeded: readonly Condition[]) =>
  heeded.length > 0 ? `it does by ${heeded.map((one) => HEADERS[one]).join(' and ')}` : 'it has no conditions'

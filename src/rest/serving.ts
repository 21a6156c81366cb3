import type { Core } from './core.js'
import type { Answer, Exchange } from './exchange.js'
import type { Places } from './interactions.js'

/** What the interactions stand on, with the table of what there is, them among it. */
export interface Serving extends Core {
  places: Places
}

export type Interaction = (serving: Serving, exchange: Exchange) => Promise<Answer>

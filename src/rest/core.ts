import type { Config } from '../base/config.js'
import type { Store } from '../store/store.js'
import type { Answer, Exchange } from './exchange.js'

/** What the interactions stand on; start.ts fills it in. */
export interface Core {
  config: Config
  store: Store
}

export type Interaction = (core: Core, exchange: Exchange) => Promise<Answer>

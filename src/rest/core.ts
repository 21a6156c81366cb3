import type { Config } from '../base/config.js'
import type { Store } from '../store/store.js'
import type { Answer, Exchange } from './exchange.js'

/** What the interactions stand on; main.ts fills it in. */
export interface Core {
  config: Config
  store: Store
  /** Of the build, for the CapabilityStatement. */
  version: string
  /** @throws Forbidden  the principal's scopes do not cover it. Asked for each entry of a Bundle. */
  authorize(exchange: Exchange): void
}

export type Interaction = (core: Core, exchange: Exchange) => Promise<Answer>

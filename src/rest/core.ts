import type { Config } from '../base/config.js'
import type { Store } from '../store/store.js'
import type { Validation } from './validation.js'

/** What interactions and operations stand on; start.ts fills it in. */
export interface Core {
  config: Config
  store: Store
  validation: Validation
}

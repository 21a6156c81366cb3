import type { Issue } from '../base/errors.js'
import { validateStructure } from '../fhir/validation/structure.js'
import type { Core } from './core.js'
import type { Exchange } from './exchange.js'

export interface Asked {
  /** Canonicals of profiles that it must meet beside those it declares itself. */
  profiles?: readonly string[]
}

/** All that is to be said of a resource as it was sent, in an order that is always the same. */
export async function issuesOf(
  _core: Core,
  _exchange: Exchange,
  resource: unknown,
  _asked: Asked = {},
): Promise<Issue[]> {
  return validateStructure(resource)
}

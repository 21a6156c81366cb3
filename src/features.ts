import type { Operation } from './rest/operation.js'
import { everything } from './rest/operations/everything.js'

/** What this server offers beside the interactions of the standard: its table of contents. */
export const operations: readonly Operation[] = [everything]

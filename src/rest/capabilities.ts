import type { Core } from './core.js'
import type { Answer, Exchange } from './exchange.js'

export async function capabilities(_core: Core, _exchange: Exchange): Promise<Answer> {
  return { status: 200, body: '{"resourceType":"CapabilityStatement"}' }
}

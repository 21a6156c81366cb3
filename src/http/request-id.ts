import { randomBytes } from 'node:crypto'

// An OperationOutcome carries the request id as its own, so what is not a FHIR id is not taken from a client.
const sane = /^[A-Za-z0-9.-]{1,64}$/

// The prefix tells processes and restarts apart, the counter the requests of one.
const prefix = randomBytes(6).toString('hex')
let counter = 0

/** The client's own `X-Request-Id` when it is a FHIR id, else a new one: `5f2c90a1b3d4-1k`. */
export function requestId(header: string | string[] | undefined): string {
  return typeof header === 'string' && sane.test(header) ? header : `${prefix}-${(counter++).toString(36)}`
}

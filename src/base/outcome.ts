import type { OperationOutcome } from '@medplum/fhirtypes'
import { Conflict, FhirError, Invalid, TooCostly, Unavailable, Unprocessable } from './errors.js'

export interface Outcome {
  status: number
  outcome: OperationOutcome
  /** `Retry-After` when trying again makes sense. */
  headers: Record<string, string>
}

type Cause = Error & { code?: string }

const away = (cause: Cause) => new Unavailable('The database cannot be reached; try again', { cause, retryAfter: 1 })
const busy = (cause: Cause) => new Unavailable('The database is at its limit; try again', { cause, retryAfter: 1 })
const lostRace = (cause: Cause) => new Conflict('Another write got in the way; try again', { cause })
const overLimit = (cause: Cause) => new Unprocessable('The content is too large or too deeply nested', { cause })
// Text of ours can hold no other character that PostgreSQL refuses.
const nul = (cause: Cause) => new Invalid('Text has the NUL character (U+0000), which cannot be stored', { cause })

/** SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html) and Node's socket errors. */
const byCode: Record<string, (cause: Cause) => FhirError> = {
  '22003': (cause) => new Unprocessable('A number is out of the range that can be stored', { cause }),
  '22021': nul,
  '22P05': nul,
  '23505': (cause) => new Conflict('Another write reached this resource first', { cause }),
  '25006': away, // a replica that has not become the primary yet
  '40001': lostRace,
  '40P01': lostRace,
  '55P03': lostRace,
  '57014': (cause) =>
    cause.message.includes('statement timeout')
      ? new TooCostly('The request ran past the time limit of the database; narrow it', { cause })
      : new Unavailable('The request was cancelled', { cause, retryAfter: 1 }),
  EAI_AGAIN: away,
  ECONNREFUSED: away,
  ECONNRESET: away,
  EHOSTUNREACH: away,
  ENOENT: away, // the Unix socket of a stopped server
  ENOTFOUND: away,
  EPIPE: away,
  ETIMEDOUT: away,
}

/** The first two characters of an SQLSTATE, for the codes without a row above. */
const byClass: Record<string, (cause: Cause) => FhirError> = {
  '08': away, // connection exception
  '53': busy, // too many connections, out of memory, disk full
  '54': overLimit, // program limit exceeded
  '57': away, // shutdown, crash, still starting
}

/** What pg and its pool throw without a code. */
const byMessage: [phrase: string, (cause: Cause) => FhirError][] = [
  ['Connection terminated', away],
  ['Client has encountered a connection error', away],
  ['Client was closed', away],
  ['timeout exceeded when trying to connect', busy],
]

/**
 * Any thrown value as HTTP status and OperationOutcome. The unforeseen says only "Internal error": status 500 is
 * the caller's sign to log the cause, which may hold SQL or patient data and never leaves the server.
 */
export function toOutcome(err: unknown): Outcome {
  const { status, issues, retryAfter } = known(err) ?? new FhirError('Internal error')
  return {
    status,
    outcome: { resourceType: 'OperationOutcome', issue: issues },
    headers: retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) },
  }
}

function known(err: unknown): FhirError | undefined {
  if (err instanceof FhirError) return err
  if (!(err instanceof Error)) return undefined
  const { code } = err as Cause
  if (typeof code === 'string')
    return (byCode[code] ?? (code.length === 5 ? byClass[code.slice(0, 2)] : undefined))?.(err)
  return byMessage.find(([phrase]) => err.message.includes(phrase))?.[1](err)
}

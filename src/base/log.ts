import { type DestinationStream, type Logger, pino } from 'pino'

/**
 * Where PHI or secrets would stand if somebody logged an exchange or a client's settings whole.
 * No wildcards: each would cost every line a microsecond.
 */
const redacted = [
  ...['authorization', 'body', 'password', 'query'],
  ...['exchange.body', 'exchange.query', 'headers.authorization', 'headers.cookie', 'req.headers.authorization'],
]

/**
 * JSON lines: `level` as a word, `time` in ISO 8601, `msg`. A request's child adds `requestId` and `tenant`;
 * an error under `err` is written as `describeError` tells.
 *
 * @param level  `LOG_LEVEL`
 * @param to     standard output when absent
 */
export function openLog(level: string, to?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (word) => ({ level: word }) },
      serializers: { err: describeError },
      redact: { paths: redacted, censor: '[redacted]' },
    },
    // Lines are collected and written together: a write for each would cost more than many a request.
    to ?? pino.destination({ dest: 1, sync: false, minLength: 4096, periodicFlush: 250 }),
  )
}

/**
 * An error as it may be logged: its class, code, message, frames and cause, and of a PostgreSQL error which table
 * and constraint; never `detail`, `where` or `query`, which quote the row.
 */
export function describeError(err: unknown): object {
  if (!(err instanceof Error)) return { type: typeof err }
  const { code, table, constraint } = err as Error & { code?: string; table?: string; constraint?: string }
  return {
    type: err.name,
    ...(code && { code }),
    ...(table && { table }),
    ...(constraint && { constraint }),
    ...(!quotesItsInput(err, code) && { message: err.message }),
    frames: err.stack?.match(/^ {4}at .*$/gm)?.map((frame) => frame.trim()),
    ...(err.cause !== undefined && { cause: describeError(err.cause) }),
  }
}

/** JSON.parse and PostgreSQL's data exceptions (class 22) repeat what they could not read. */
function quotesItsInput(err: Error, code: string | undefined): boolean {
  return err instanceof SyntaxError || /^22\w{3}$/.test(code ?? '')
}

/**
 * A request's URL without what could tell about a person: ids and values are left out, types, operations and the
 * names of parameters stay. `/Patient/123/_history/2?name=Chalmers` → `/Patient/{id}/_history/{id}?name`
 *
 * @param path    decoded segments below the FHIR base
 * @param query   as received, without `?`
 * @param isType  whether a segment is a resource type; anything else that is no `_word` or `$word` counts as an id
 */
export function urlTemplate(path: readonly string[], query: string, isType: (word: string) => boolean): string {
  const segments = path.map((segment) => (isType(segment) || /^[_$][a-z-]{1,40}$/.test(segment) ? segment : '{id}'))
  // What stands without `=` may be a value that lost its name: `?Chalmers`
  const names = query.split('&').flatMap((pair) => /^([\w.:%-]{1,64})=/.exec(pair)?.[1] ?? [])
  return `/${segments.join('/')}${names.length ? `?${names.join('&')}` : ''}`
}

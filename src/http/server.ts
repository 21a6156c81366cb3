import { createServer as createHttpServer, type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type Koa from 'koa'
import type { Config } from '../base/config.js'
import type { Issue } from '../base/errors.js'
import { fhirJson } from './negotiate.js'
import { requestId } from './request-id.js'

/** Load balancers keep idle connections for 60 s: closing first would lose the request they just sent. */
const KEEP_ALIVE_MS = 65_000
const HEADERS_MS = 10_000
/** Room for the door's own answer, 408 or 503, before Node cuts the connection. */
const GRACE_MS = 5000
/** A GET search may be long; longer ones go to POST _search. */
const MAX_HEADER_BYTES = 32 * 1024

/**
 * The app behind a server whose limits keep slow clients from holding on to it: the head of a request has 10 s, the
 * whole of it the request's own time, and a client that takes nothing of its answer for that time is cut off.
 */
export function createServer(app: Koa, { requestTimeoutMs }: Pick<Config, 'requestTimeoutMs'>): Server {
  const server = createHttpServer(
    {
      connectionsCheckingInterval: 1000,
      headersTimeout: Math.min(HEADERS_MS, requestTimeoutMs),
      requestTimeout: requestTimeoutMs + GRACE_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    app.callback(),
  )
  server.timeout = requestTimeoutMs + GRACE_MS
  server.on('clientError', refuse)
  return server
}

type Refusal = [status: number, code: Issue['code'], diagnostics: string]

/** Requests that Node cannot hand on, by its error code. */
const refusals: Record<string, Refusal> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'timeout', 'The request did not arrive in time'],
  HPE_HEADER_OVERFLOW: [431, 'too-long', `The head of the request is larger than ${MAX_HEADER_BYTES} bytes`],
}
const notHttp: Refusal = [400, 'structure', 'This is not an HTTP request that can be read']

function refuse(err: Error & { code?: string }, socket: Socket & { _httpMessage?: { headersSent: boolean } }): void {
  // As Node's own listener does: nobody is there, or half an answer is already on its way.
  if (err.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy(err)
    return
  }
  const [status, code, diagnostics] = refusals[err.code ?? ''] ?? notHttp
  const id = requestId(undefined)
  const issue: Issue[] = [{ severity: 'error', code, diagnostics }]
  const body = JSON.stringify({ resourceType: 'OperationOutcome', id, issue })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    `Content-Type: ${fhirJson}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

interface Patience {
  /** Attempts at one request before its last answer is taken as final. */
  attempts: number
  /** First pause in milliseconds; it doubles with every attempt. */
  pause: number
  /** No pause is longer than this, whatever Retry-After asks; milliseconds. */
  longest: number
}

/** Fourteen attempts with pauses up to 10 s outlast a restart of server and database. */
const patient: Patience = { attempts: 14, pause: 100, longest: 10_000 }

/** Conflict, too many requests, unavailable, gateway timeout: the same request may succeed a moment later. */
export const isPassing = (status: number) => status === 409 || status === 429 || status === 503 || status === 504

/**
 * A FHIR base URL with keep-alive connections. A request is tried again, with growing pauses, while the server
 * cannot be reached or answers that it cannot serve now.
 */
export class Endpoint {
  private readonly agent: Agent
  private readonly base: URL

  constructor(
    readonly url: string,
    connections: number,
    private readonly patience = patient,
    /** Statuses after which the same request is sent again. */
    private readonly passing: (status: number) => boolean = isPassing,
  ) {
    this.base = new URL(url.endsWith('/') ? url.slice(0, -1) : url)
    if (this.base.protocol !== 'http:') throw new TypeError(`${url} is not an http: URL`)
    this.agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  /**
   * Sends a request until it has a final answer.
   *
   * @param path  below the base: `/Patient/1`, empty for a bundle
   * @throws the connection's error when the last attempt did not reach the server
   */
  async send(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      const last = attempt >= this.patience.attempts
      let asked = 0
      try {
        const reply = await this.once(method, path, body, headers)
        if (last || !this.passing(reply.status)) return reply
        asked = secondsToWait(reply.headers['retry-after']) * 1000
      } catch (error) {
        if (last || !isConnectionError(error)) throw error
      }
      await this.pause(attempt, asked)
    }
  }

  /** Waits before attempt `attempt + 1`: what the server asked for, or a jittered doubling, within bounds. */
  async pause(attempt: number, asked = 0): Promise<void> {
    const doubled = this.patience.pause * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
    await sleep(Math.min(Math.max(asked, doubled), this.patience.longest))
  }

  get attempts() {
    return this.patience.attempts
  }

  close() {
    this.agent.destroy()
  }

  private once(method: string, path: string, body: string | undefined, headers: Record<string, string>) {
    return new Promise<Reply>((resolve, reject) => {
      const outgoing = request(
        {
          agent: this.agent,
          host: this.base.hostname,
          port: this.base.port || 80,
          path: `${this.base.pathname}${path}` || '/',
          method,
          headers: {
            accept: 'application/fhir+json',
            ...(body !== undefined && {
              'content-type': 'application/fhir+json',
              'content-length': Buffer.byteLength(body),
            }),
            ...headers,
          },
        },
        (incoming) => {
          const chunks: Buffer[] = []
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
          incoming.on('error', reject)
          incoming.on('end', () =>
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: Buffer.concat(chunks).toString('utf8'),
            }),
          )
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }
}

/** @throws Error  that tells how to start one, when no server answers within a second or two */
export async function expectServer(url: string): Promise<void> {
  const endpoint = new Endpoint(url, 1, { attempts: 4, pause: 200, longest: 1000 })
  try {
    await endpoint.send('GET', '/metadata')
  } catch (cause) {
    throw new Error(`No server answers at ${url}; npm start starts one`, { cause })
  } finally {
    endpoint.close()
  }
}

const connectionErrors = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])
const isConnectionError = (error: unknown) => connectionErrors.has((error as NodeJS.ErrnoException).code ?? '')

/** `Retry-After` is seconds or an HTTP date; https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function secondsToWait(retryAfter: string | undefined): number {
  if (!retryAfter) return 0
  const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (Date.parse(retryAfter) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0
}

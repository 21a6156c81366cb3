import { setMaxListeners } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { FhirError, TooLong, Unauthorized, Unavailable } from '../base/errors.js'
import { toOutcome } from '../base/outcome.js'
import { Spliced } from '../base/spliced.js'
import type { Answer } from '../rest/exchange.js'
import { InvalidToken } from './authenticate.js'
import { type Coding, compressor, type Sent } from './compress.js'
import { fhirJson } from './negotiate.js'
import { type Layout, plain, renderedOutcome } from './render.js'

/** The request itself was too slow in coming. */
export class RequestTimeout extends FhirError {
  static override status = 408
  static override code = 'timeout' as const
}

/** The answer was not ready in time. */
class DeadlinePassed extends Unavailable {
  static override code = 'timeout' as const
}

/** How long a client that still sends is listened to, so that it reads the refusal before the connection closes. */
const LINGER_MS = 2000

/** On every answer. */
export const common = [
  ...['X-Content-Type-Options', 'nosniff'],
  // A browser may keep what it was sent, for If-None-Match and 304, but has to ask each time; no proxy may.
  ...['Cache-Control', 'private, no-cache'],
] as const

// Also on a 304, and where the client has taken what there is: a cache must not give it to another.
const vary = ['Vary', 'Accept, Accept-Encoding'] as const

type Streamed = Answer & Required<Pick<Answer, 'stream'>>

export interface Answered {
  status: number
  bytes: number
  /** What was thrown, when it was nothing we foresee. */
  err?: unknown
}

/** No one was there to read the answer; the status is nginx's, for logs only. */
const CLIENT_GONE = 499

/** Node sends a short text together with the head; a long one would be gone through twice, to count and to encode. */
const LARGE = 32_768

/**
 * The one answer a request gets: from its handler, at its deadline, or none when the client hangs up first.
 * Whichever comes first counts; the handler learns of the others by `signal`.
 */
export class Reply {
  /** Headers, name and value in turn, that any answer of this request has. */
  readonly headers: string[]
  /** How the client wants to read the answer, and a refusal too. */
  layout: Layout = plain
  /** Whether a refusal has the request's id, as the header does in any case. */
  namesRequest = true
  /** Whether the request's body is still on its way: it is the client who is late. */
  receiving = false
  private done = false
  private controller?: AbortController
  private aborted?: Error
  private readonly timer: NodeJS.Timeout

  constructor(
    readonly id: string,
    private readonly req: IncomingMessage,
    private readonly res: ServerResponse,
    timeoutMs: number,
    private readonly onAnswered: (answered: Answered) => void,
  ) {
    this.headers = ['X-Request-Id', id, ...common, ...vary]
    this.timer = setTimeout(() => this.deadline(timeoutMs), timeoutMs)
    res.on('close', () => this.closed())
  }

  /** Aborts at the deadline or when the client hangs up; made when first asked for. */
  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController()
      // Statements of all entries of a batch listen to it at once.
      setMaxListeners(0, this.controller.signal)
      if (this.aborted) this.controller.abort(this.aborted)
    }
    return this.controller.signal
  }

  /** Whether nobody waits for an answer any more. */
  get isOver(): boolean {
    return this.done
  }

  send({ status, headers, body, contentType = fhirJson }: Sent): void {
    if (this.done) return
    // A header that Node refuses throws here, while a refusal can still be sent.
    const data =
      body instanceof Spliced
        ? body.bytes()
        : typeof body === 'string' && body.length > LARGE
          ? Buffer.from(body)
          : body
    const bytes = this.head(status, headers, data, contentType)
    this.finish()
    this.res.end(data)
    this.onAnswered({ status, bytes })
  }

  /**
   * An answer that comes piece by piece, as fast as the client takes it; it begins in time, and may take longer. When
   * it breaks off, the connection does too, as nothing else tells that the rest is missing.
   */
  async stream({ status, headers, stream, contentType = fhirJson }: Streamed, coding?: Coding): Promise<void> {
    const { req, res } = this
    if (this.done) return void stream.return(undefined)
    const all = { ...headers, ...(coding && { 'Content-Encoding': coding }), 'Content-Type': contentType }
    res.writeHead(status, [...this.headers, ...Object.entries(all).flat()])
    this.finish()
    if (req.method === 'HEAD') await stream.return(undefined)
    // What makes the pieces may be waiting for the database, and only the signal ends that.
    res.once('close', () => {
      if (!res.writableFinished) this.abort(hungUp())
    })
    let bytes = 0
    let failure: unknown
    const noted = async function* (this: Reply) {
      try {
        yield* stream
      } catch (err) {
        if (!this.aborted) failure = err
        throw err
      }
    }
    const counted = async function* (source: AsyncIterable<string | Buffer>) {
      for await (const piece of source) {
        bytes += Buffer.byteLength(piece)
        yield piece
      }
    }
    try {
      const pieces = Readable.from(noted.call(this))
      await (coding ? pipeline(pieces, compressor(coding), counted, res) : pipeline(pieces, counted, res))
      this.onAnswered({ status, bytes })
    } catch {
      this.onAnswered(failure === undefined ? { status: CLIENT_GONE, bytes } : { status, bytes, err: failure })
    }
  }

  /** The failure as an OperationOutcome whose id is the request's. */
  refuse(err: unknown, more?: Record<string, string>): void {
    if (!this.finish()) return
    const { status, outcome, headers } = toOutcome(err)
    const challenge = challengeOf(err)
    const { resourceType, issue } = outcome
    // What has words of its own in `details` is answered to the letter.
    const identified = this.namesRequest || !issue[0]?.details ? { id: this.id } : {}
    const { body, contentType } = renderedOutcome({ resourceType, ...identified, issue }, this.layout)
    const early = err instanceof TooLong || err instanceof RequestTimeout
    const bytes = this.head(
      status,
      {
        ...headers,
        ...more,
        ...(challenge && { 'WWW-Authenticate': challenge }),
        ...(early && { Connection: 'close' }),
      },
      body,
      contentType,
    )
    if (early && !this.req.complete) this.linger(body)
    else this.res.end(body)
    this.onAnswered({ status, bytes, ...(status === 500 && { err }) })
  }

  /** @returns the bytes of the body; to HEAD Node sends all but that */
  private head(
    status: number,
    more: Answer['headers'],
    body: string | Buffer | undefined,
    contentType: string,
  ): number {
    const headers = [...this.headers]
    for (const name in more) headers.push(name, more[name]!)
    const bytes = body === undefined ? 0 : Buffer.byteLength(body)
    if (body !== undefined) headers.push('Content-Type', contentType)
    // RFC 9110, 8.6: neither 204 nor 304 says a length that is not its own.
    if (status !== 204 && status !== 304) headers.push('Content-Length', String(bytes))
    this.res.writeHead(status, headers)
    return bytes
  }

  /** Closing while the client sends would reset the connection and lose the answer with it: read on, keep nothing. */
  private linger(body: string): void {
    const { req, res } = this
    res.write(body)
    const timer = setTimeout(() => res.end(), LINGER_MS)
    req.resume()
    req.on('end', () => res.end())
    res.on('close', () => clearTimeout(timer))
  }

  private deadline(ms: number): void {
    const err = this.receiving
      ? new RequestTimeout(`The request did not arrive within ${ms} ms`)
      : new DeadlinePassed(`Not done within ${ms} ms; whether a write took effect is not known`, { retryAfter: 1 })
    this.refuse(err)
    this.abort(err)
  }

  private closed(): void {
    if (!this.finish()) return
    this.onAnswered({ status: CLIENT_GONE, bytes: 0 })
    this.abort(hungUp())
  }

  private abort(reason: Error): void {
    this.aborted = reason
    this.controller?.abort(reason)
  }

  /** @returns whether this is the first answer */
  private finish(): boolean {
    if (this.done) return false
    this.done = true
    clearTimeout(this.timer)
    return true
  }
}

const hungUp = () => new Unavailable('The client has hung up')

/** https://www.rfc-editor.org/rfc/rfc6750#section-3 */
function challengeOf(err: unknown): string | undefined {
  if (err instanceof InvalidToken) return 'Bearer realm="fhir", error="invalid_token"'
  return err instanceof Unauthorized ? 'Bearer realm="fhir"' : undefined
}

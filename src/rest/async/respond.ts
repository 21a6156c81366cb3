import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from '../../base/config.js'
import { TooCostly } from '../../base/errors.js'
import { toOutcome } from '../../base/outcome.js'
import type { Database } from '../../db/database.js'
import { httpDate } from '../answers.js'
import { entryText, responseBundle } from '../bundle-entry.js'
import { askedOf } from '../dispatch.js'
import type { Answer, Exchange } from '../exchange.js'
import { checkKey } from '../idempotency.js'
import type { Places } from '../interactions.js'
import { AsyncRequests, type Claimed } from './requests.js'

const RENEW_EVERY_MS = 10_000
const LOOK_EVERY_MS = 5000
const RETRY_AFTER = '1'

/**
 * Answers what came with `Prefer: respond-async` later: 202 at once, and the answer where Content-Location says, as a
 * Bundle of type batch-response. A request outlives the process that took it: whichever runs next does it, a write
 * under an Idempotency-Key of its own and so once.
 * @see https://hl7.org/fhir/R5/async-bundle.html
 */
export class AsyncResponses {
  private readonly requests: AsyncRequests
  private readonly running = new Map<string, AbortController>()
  private readonly timers: NodeJS.Timeout[] = []
  private stopped = false

  /** @param direct  answers a request now */
  constructor(
    db: Database,
    private readonly direct: (exchange: Exchange) => Promise<Answer>,
    private readonly places: Places,
    private readonly config: Pick<Config, 'asyncAtOnce' | 'asyncKeepSeconds'>,
    private readonly log: Logger,
  ) {
    this.requests = new AsyncRequests(db, config.asyncKeepSeconds)
  }

  start(): void {
    const every = (ms: number, work: () => Promise<unknown>) => {
      // The database is away: the next round may find it.
      const timer = setInterval(() => void work().catch(() => undefined), ms)
      timer.unref()
      this.timers.push(timer)
    }
    every(LOOK_EVERY_MS, () => this.look())
    every(RENEW_EVERY_MS, () => this.renew())
    every(60_000, () => this.requests.forgetOld())
    this.look().catch(() => undefined)
  }

  /** What is at work goes on elsewhere, or at the next start. */
  async stop(): Promise<void> {
    this.stopped = true
    for (const timer of this.timers) clearInterval(timer)
    for (const controller of this.running.values()) controller.abort(new Error('The server stops'))
    await this.requests.release().catch(() => undefined)
  }

  /** As `direct`, but for what is to be answered later and what asks after that. */
  answer(exchange: Exchange): Promise<Answer> {
    if (exchange.path[0] === '_async' && exchange.path.length === 2) {
      return askedOf(this.places, exchange).offer.name === 'async-cancel'
        ? this.cancel(exchange)
        : this.status(exchange)
    }
    return exchange.prefer.respondAsync ? this.accept(exchange) : this.direct(exchange)
  }

  private async accept(exchange: Exchange): Promise<Answer> {
    // What is nowhere is refused now; and a statement that anybody may read is not kept for anybody.
    const { offer, place } = askedOf(this.places, exchange)
    if (offer.name === 'capabilities' || place.operation?.ownAsync) return this.direct(exchange)
    checkKey(exchange.idempotencyKey)
    const id = await this.requests.add(exchange)
    this.look().catch(() => undefined)
    return {
      status: 202,
      headers: {
        'Content-Location': `${exchange.base}/_async/${id}`,
        'Retry-After': RETRY_AFTER,
        'Preference-Applied': 'respond-async',
      },
    }
  }

  private async status({ ctx, path }: Exchange): Promise<Answer> {
    const { answer, expires, created } = await this.requests.status(ctx, path[1]!)
    if (answer !== null) return { status: 200, headers: { Expires: httpDate(expires!) }, body: answer }
    const seconds = Math.round((Date.now() - created) / 1000)
    return { status: 202, headers: { 'X-Progress': `accepted ${seconds} s ago`, 'Retry-After': RETRY_AFTER } }
  }

  private async cancel({ ctx, path }: Exchange): Promise<Answer> {
    const id = path[1]!
    await this.requests.remove(ctx, id)
    this.running.get(id)?.abort(new Error('Cancelled'))
    return { status: 202 }
  }

  private async look(): Promise<void> {
    const room = this.config.asyncAtOnce - this.running.size
    if (room <= 0 || this.stopped) return
    for (const claimed of await this.requests.claim(room)) void this.run(claimed)
  }

  private async renew(): Promise<void> {
    if (this.running.size === 0) return
    const wanted = await this.requests.renew([...this.running.keys()])
    // Cancelled by way of another process.
    for (const [id, controller] of this.running) if (!wanted.has(id)) controller.abort(new Error('Cancelled'))
  }

  private async run(claimed: Claimed): Promise<void> {
    const { tenant, id, subject, request, body } = claimed
    const controller = new AbortController()
    this.running.set(id, controller)
    const log = this.log.child({ requestId: id, tenant })
    const { scopes, ...asked } = request
    const exchange: Exchange = {
      ...asked,
      ctx: { tenant, principal: { subject, ...(scopes && { scopes }) }, requestId: id, log, signal: controller.signal },
      idempotencyKey: asked.method === 'GET' ? undefined : (asked.idempotencyKey ?? `async ${id}`),
      ...(body !== null && { body }),
    }
    try {
      const answer = await this.answerText(exchange)
      if (!controller.signal.aborted) await this.requests.finish(claimed, answer)
    } catch (err) {
      log.error({ err }, 'asynchronous request could not be kept')
      await sleep(1000)
    } finally {
      this.running.delete(id)
      this.look().catch(() => undefined)
    }
  }

  private async answerText(exchange: Exchange): Promise<string> {
    try {
      const answer = await whole(await this.direct(exchange))
      const shown = {
        ...exchange,
        prefer: { ...exchange.prefer, return: exchange.prefer.return ?? 'representation' },
      } as const
      return responseBundle('batch-response', [entryText(answer, shown)])
    } catch (err) {
      const { status, outcome, headers } = toOutcome(err)
      if (status === 500) exchange.ctx.log.error({ err }, 'asynchronous request failed')
      return responseBundle('batch-response', [
        entryText({ status, headers, body: JSON.stringify(outcome) }, exchange, true),
      ])
    }
  }
}

/** Of an answer that would otherwise go out piece by piece: to be kept it has to be whole. */
const MOST_CHARACTERS = 64_000_000

/** An answer that is not FHIR JSON stands in a Bundle as a Binary. */
async function whole({ stream, contentType, ...answer }: Answer): Promise<Answer> {
  let { body } = answer
  if (stream) {
    const parts: string[] = []
    let length = 0
    for await (const part of stream) {
      parts.push(part)
      length += part.length
      if (length > MOST_CHARACTERS)
        throw new TooCostly(
          `An answer that is kept has ${MOST_CHARACTERS} characters at most; ask for it in pages, or without respond-async`,
        )
    }
    body = parts.join('')
  }
  if (contentType === undefined || body === undefined) return { ...answer, body }
  const data = Buffer.from(String(body)).toString('base64')
  return { ...answer, body: JSON.stringify({ resourceType: 'Binary', contentType, ...(data && { data }) }) }
}

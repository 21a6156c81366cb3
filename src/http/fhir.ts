import type { IncomingMessage } from 'node:http'
import type { Middleware } from 'koa'
import type { Logger } from 'pino'
import type { Config } from '../base/config.js'
import type { Context, Principal } from '../base/context.js'
import { MethodNotAllowed, NotAcceptable, NotFound, Throttled } from '../base/errors.js'
import { urlTemplate } from '../base/log.js'
import type { Metrics } from '../base/metrics.js'
import { isResourceType } from '../fhir/definitions.js'
import type { Answer, Exchange, Method } from '../rest/exchange.js'
import type { Places } from '../rest/interactions.js'
import { authorize } from '../rest/scopes.js'
import { type Authenticate, anonymous, openAuthentication } from './authenticate.js'
import { basePath, baseUrl } from './base-url.js'
import { acceptedType, asJson, hasBody, readBody } from './body.js'
import { codingOf, compressed } from './compress.js'
import { notAcceptable } from './negotiate.js'
import { parsePrefer } from './prefer.js'
import { merged, type Query, takeFormat, unescaped } from './query.js'
import type { RateLimit } from './rate-limit.js'
import { layoutOf, plain, rendered, renderedWrite } from './render.js'
import { type Answered, Reply } from './reply.js'
import { requestId } from './request-id.js'

export interface Door {
  config: Config
  dispatch: (exchange: Exchange) => Promise<Answer>
  places: Places
  log: Logger
  metrics: Metrics
  /** Absent = no limit. */
  rateLimit?: RateLimit
}

/** The one tenant of a server that knows no others. */
export const TENANT = 1

const methods = new Set<string>(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] satisfies Method[])

/**
 * Everything below `/fhir`: an HTTP request in, an `Exchange` to dispatch, its `Answer` out. Reads by id come through
 * here ten thousand times a second, so the answer is written to Node's response, past Koa's own.
 */
export function fhir({ config, dispatch, places, log, metrics, rateLimit }: Door): Middleware {
  const authenticate = openAuthentication(config)
  const door = { config, dispatch, places, log, authenticate, rateLimit }

  return async (koa, next) => {
    const { req, res } = koa
    const target = parseTarget(req.url!)
    if (!target) return next()
    koa.respond = false
    const started = performance.now()
    const id = requestId(req.headers['x-request-id'])
    const reply = new Reply(id, req, res, config.requestTimeoutMs, report)
    let path: string[] = []
    try {
      path = target.path.map(unescaped)
      const query = takeFormat(target.query)
      reply.layout = layoutOf(req.headers.accept, query) ?? plain
      if (req.method === 'OPTIONS') options(places, path, reply)
      else await answer(door, req, path, query, reply)
    } catch (err) {
      const allow = err instanceof MethodNotAllowed ? places.allowed(path) : undefined
      reply.refuse(err, allow === undefined ? undefined : { Allow: allow })
    }

    /** One line and one count a request: neither has ids nor values. */
    function report({ status, bytes, err }: Answered): void {
      const ms = performance.now() - started
      const method = req.method as Method
      const interaction = places.interaction(method, path)
      metrics.observe(interaction?.name ?? 'other', interaction?.type, status, ms / 1000)
      const line = {
        requestId: id,
        method,
        template: urlTemplate(path, target!.query, isResourceType),
        status,
        ms: Math.round(ms * 100) / 100,
        bytes,
      }
      if (err === undefined) log.info(line, 'request')
      else log.error({ ...line, err }, 'request failed')
    }
  }
}

interface Work extends Pick<Door, 'config' | 'dispatch' | 'places' | 'log' | 'rateLimit'> {
  authenticate: Authenticate
}

async function answer(door: Work, req: IncomingMessage, path: string[], url: Query, reply: Reply): Promise<void> {
  const { headers } = req
  const { config, rateLimit } = door
  if (!methods.has(req.method!)) throw new MethodNotAllowed(`${req.method} is not a method of FHIR`)
  const method = (req.method === 'HEAD' ? 'GET' : req.method) as Method
  // What the server can do has to be readable before there is a token.
  const isOpen = method === 'GET' && path.length === 1 && path[0] === 'metadata'
  const found = isOpen ? anonymous : door.authenticate(headers.authorization)
  const principal = found instanceof Promise ? await found : found
  if (rateLimit) await throttle(rateLimit, principal, req, reply)

  const operation = path.at(-1)?.startsWith('$') ? door.places.at(path)?.operation : undefined
  reply.namesRequest = !operation?.bareOutcomes
  let query = url
  let contentType: string | undefined
  let body: string | undefined
  if (method !== 'GET' && method !== 'DELETE' && hasBody(req)) {
    const type = acceptedType(headers['content-type'], method, path, operation?.accepts)
    reply.receiving = true
    const text = await readBody(req, config.maxBodyBytes)
    reply.receiving = false
    if (path.at(-1) === '_search') query = merged(url, takeFormat(text))
    else ({ contentType, body } = operation?.readsBody ? { contentType: type, body: text } : asJson(type, text))
  }
  const layout = layoutOf(headers.accept, query) ?? (operation?.negotiates ? plain : undefined)
  if (!layout) throw notAcceptable(headers.accept, query.format)
  reply.layout = layout
  // Too late to refuse an answer by then.
  const isWrite = method !== 'GET' && path.at(-1) !== '_search' && operation?.affectsState !== false
  if (isWrite && layout.format === 'ndjson')
    throw new NotAcceptable('NDJSON is for the Bundles of searches and histories')

  const exchange: Exchange = {
    ctx: new RequestContext(reply, principal, door.log),
    method,
    path,
    query: query.rest,
    base: baseUrl(config.baseUrl, headers),
    prefer: parsePrefer(headers.prefer as string | undefined),
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    ifModifiedSince: headers['if-modified-since'],
    ifNoneExist: headers['if-none-exist'] as string | undefined,
    idempotencyKey: headers['idempotency-key'] as string | undefined,
    accept: operation?.negotiates ? headers.accept : undefined,
    format: operation?.negotiates ? query.format : undefined,
    acceptLanguage: headers['accept-language'],
    contentType,
    body,
  }
  authorize(door.places, exchange)
  if (reply.isOver) return
  const answered = await door.dispatch(exchange)
  const shown = layout === plain ? answered : isWrite ? renderedWrite(answered, layout) : rendered(answered, layout)
  await deliver(reply, shown, headers['accept-encoding'], config)
}

/** Sends an answer, compressed if it is worth it and the client takes it so. */
function deliver(reply: Reply, answer: Answer, accepted: string | undefined, config: Config): void | Promise<void> {
  const { body, stream } = answer
  const coding = accepted === undefined || !(body || stream) ? undefined : codingOf(accepted, body, config)
  if (stream) return reply.stream({ ...answer, stream }, coding)
  return coding ? compressed(answer, coding).then((sent) => reply.send(sent)) : reply.send(answer)
}

/**
 * The signal and the request's own log cost more than a read by id asks for, so they are made by who wants them.
 * A class, as getters of an object literal would cost it a hidden class for each request; so a context is passed on
 * as it is, never spread.
 */
class RequestContext implements Context {
  readonly tenant = TENANT
  readonly requestId: string
  private child?: Logger

  constructor(
    private readonly reply: Reply,
    readonly principal: Principal,
    private readonly parent: Logger,
  ) {
    this.requestId = reply.id
  }

  get log(): Logger {
    this.child ??= this.parent.child({ requestId: this.requestId, tenant: this.tenant })
    return this.child
  }

  get signal(): AbortSignal {
    return this.reply.signal
  }
}

/** Counts the request for its principal, or for its address when nobody is known by name. */
async function throttle(limit: RateLimit, principal: Principal, req: IncomingMessage, reply: Reply): Promise<void> {
  const client = principal.scopes ? `sub:${principal.subject}` : `ip:${req.socket.remoteAddress}`
  const taken = limit.take(client)
  const { limit: quota, remaining, reset } = taken instanceof Promise ? await taken : taken
  // https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
  reply.headers.push('RateLimit-Policy', `"minute";q=${quota};w=60`)
  reply.headers.push('RateLimit', `"minute";r=${Math.max(0, remaining)};t=${reset}`)
  if (remaining < 0) throw new Throttled(`More than ${quota} requests in a minute`, { retryAfter: reset })
}

/** The parts of a URL below the base, still escaped; undefined when it is not below the base. */
function parseTarget(url: string): { path: string[]; query: string } | undefined {
  if (!url.startsWith(basePath)) return undefined
  const mark = url.indexOf('?')
  const end = mark < 0 ? url.length : mark
  if (end > basePath.length && url[basePath.length] !== '/') return undefined
  // A slash at the end names the same place: `POST /fhir/` is a Bundle too.
  const below = url.slice(basePath.length + 1, end > basePath.length + 1 && url[end - 1] === '/' ? end - 1 : end)
  return { path: below === '' ? [] : below.split('/'), query: mark < 0 ? '' : url.slice(mark + 1) }
}

function options(places: Places, path: string[], reply: Reply): void {
  const allow = places.allowed(path)
  if (allow === undefined) throw new NotFound('There is nothing at this path')
  reply.send({ status: 204, headers: { Allow: allow } })
}

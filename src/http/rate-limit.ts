import type { Logger } from 'pino'
import { createClient } from 'redis'
import type { Config } from '../base/config.js'

/** What a client has left of its minute. */
export interface Allowance {
  limit: number
  /** Requests left after this one; below 0 it is one too many. */
  remaining: number
  /** Whole seconds until the next minute begins, 1 to 60. */
  reset: number
}

export interface RateLimit {
  /** Counts one request. Never fails: what cannot be counted together is counted here alone. */
  take(client: string): Allowance | Promise<Allowance>
  close(): Promise<void>
}

const MINUTE = 60_000
/** A Redis that is slower than this would be felt by every request. */
const REDIS_TIMEOUT_MS = 250
/** After a failure Redis is left alone for so long. */
const REDIS_PAUSE_MS = 1000

/**
 * So many requests a minute (UTC, all clients' minutes begin together) for each client: counted in this process, or,
 * with `REDIS_URL`, together with every other server. Undefined when there is no limit.
 */
export function openRateLimit(
  { rateLimit, redisUrl }: Pick<Config, 'rateLimit' | 'redisUrl'>,
  log: Logger,
): RateLimit | undefined {
  if (rateLimit === 0) return undefined
  const alone = inMemory(rateLimit)
  return redisUrl ? inRedis(rateLimit, redisUrl, alone, log) : alone
}

function inMemory(limit: number): RateLimit {
  let minute = 0
  const counts = new Map<string, number>()
  return {
    take(client) {
      const now = Date.now()
      if (minuteOf(now) !== minute) {
        minute = minuteOf(now)
        counts.clear()
      }
      const count = (counts.get(client) ?? 0) + 1
      counts.set(client, count)
      return allowance(limit, count, now)
    },
    async close() {},
  }
}

function inRedis(limit: number, url: string, alone: RateLimit, log: Logger): RateLimit {
  const redis = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: 1000, reconnectStrategy: (tries) => Math.min(100 * 2 ** tries, 2000) },
  })
  let usableFrom = 0
  let warned = false
  const failed = (err: unknown) => {
    usableFrom = Date.now() + REDIS_PAUSE_MS
    if (!warned) log.warn({ err }, 'Redis cannot be used: each server counts requests alone until it can')
    warned = true
  }
  redis.on('error', failed)
  // Resolves only when connected, which may be never; a server starts without its Redis.
  redis.connect().catch(failed)

  /** The client's requests in this minute, with this one. */
  const count = async (client: string, now: number): Promise<number> => {
    const key = `ingle:rate:${minuteOf(now)}:${client}`
    // Two minutes, not one: the clocks of two servers are never quite the same.
    const [counted] = await redis
      .multi()
      .incr(key)
      .pExpire(key, 2 * MINUTE)
      .exec()
    return Number(counted)
  }

  return {
    async take(client) {
      const now = Date.now()
      if (now < usableFrom || !redis.isReady) return alone.take(client)
      try {
        const counted = await within(REDIS_TIMEOUT_MS, count(client, now))
        warned = false
        return allowance(limit, counted, now)
      } catch (err) {
        failed(err)
        return alone.take(client)
      }
    },
    async close() {
      redis.destroy()
    },
  }
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer in ${ms} ms`)), ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function minuteOf(now: number): number {
  return Math.floor(now / MINUTE)
}

function allowance(limit: number, count: number, now: number): Allowance {
  return { limit, remaining: limit - count, reset: Math.ceil((MINUTE - (now % MINUTE)) / 1000) }
}

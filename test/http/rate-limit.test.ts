import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openLog } from '../../src/base/log.js'
import { openRateLimit } from '../../src/http/rate-limit.js'
import { startRedis } from './redis.js'
import { expectOutcome, serve } from './serve.js'

// The clock stands still, 10 s into a minute, so that no test is cut in two by the next one.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1, 12, 0, 10) })
})
afterEach(() => {
  vi.useRealTimers()
})

function limited(rateLimit: number, redisUrl?: string) {
  const warnings: string[] = []
  const log = openLog('warn', { write: (line) => void warnings.push(line) })
  const limit = openRateLimit({ rateLimit, redisUrl }, log)!
  onTestFinished(() => limit.close())
  return { limit, warnings }
}

describe('in memory', () => {
  it('counts each client by itself, anew each minute', async () => {
    const { limit } = limited(2)
    expect(await limit.take('a')).toEqual({ limit: 2, remaining: 1, reset: 50 })
    expect(await limit.take('a')).toMatchObject({ remaining: 0 })
    expect(await limit.take('a')).toMatchObject({ remaining: -1 })
    expect(await limit.take('b')).toMatchObject({ remaining: 1 })
    vi.setSystemTime(Date.UTC(2026, 0, 1, 12, 0, 59, 999))
    expect(await limit.take('a')).toMatchObject({ remaining: -2, reset: 1 })
    vi.setSystemTime(Date.UTC(2026, 0, 1, 12, 1))
    expect(await limit.take('a')).toEqual({ limit: 2, remaining: 1, reset: 60 })
  })

  it('is nothing when the limit is 0', async () => {
    expect(openRateLimit({ rateLimit: 0 }, openLog('silent'))).toBeUndefined()
  })
})

describe('at the door', () => {
  it('one request too many is 429 with Retry-After', async () => {
    const { fhir, exchanges } = await serve({ env: { INGLE_RATE_LIMIT: '2' } })
    const answers = [await fetch(`${fhir}/Patient`), await fetch(`${fhir}/Patient`), await fetch(`${fhir}/Patient`)]
    expect(answers.map(({ headers }) => headers.get('ratelimit'))).toEqual([
      '"minute";r=1;t=50',
      '"minute";r=0;t=50',
      '"minute";r=0;t=50',
    ])
    expect(answers.map(({ headers }) => headers.get('ratelimit-policy'))).toEqual(Array(3).fill('"minute";q=2;w=60'))
    expect(answers.map(({ headers }) => headers.get('retry-after'))).toEqual([null, null, '50'])
    expect(await expectOutcome(answers[2]!, 429, 'throttled')).toContain('2 requests in a minute')
    expect(exchanges).toHaveLength(2)
  })

  it('no limit has no headers', async () => {
    const { fhir } = await serve()
    expect((await fetch(`${fhir}/Patient`)).headers.get('ratelimit')).toBeNull()
  })
})

describe('in Redis', () => {
  const url = ({ port }: { port: number }) => `redis://127.0.0.1:${port}`
  const connected = (limit: { take(client: string): unknown }, redis: { counts: Map<string, number> }) =>
    vi.waitFor(async () => {
      await limit.take('probe')
      expect(redis.counts.size).toBeGreaterThan(0)
    })

  it('two servers share the count, and the key goes by itself', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const one = limited(3, url(redis))
    const two = limited(3, url(redis))
    await connected(one.limit, redis)
    redis.counts.clear()
    await connected(two.limit, redis)
    expect(await one.limit.take('a')).toEqual({ limit: 3, remaining: 2, reset: 50 })
    expect(await two.limit.take('a')).toMatchObject({ remaining: 1 })
    expect(await one.limit.take('a')).toMatchObject({ remaining: 0 })
    expect(await two.limit.take('a')).toMatchObject({ remaining: -1 })
    const minute = Date.UTC(2026, 0, 1, 12) / 60_000
    expect(redis.expiries.get(`ingle:rate:${minute}:a`)).toBe(120_000)
    expect([...one.warnings, ...two.warnings]).toEqual([])
  })

  it('when it is away requests are counted alone, with one warning, until it is back', async () => {
    const redis = await startRedis()
    const { limit, warnings } = limited(5, url(redis))
    await connected(limit, redis)
    await redis.stop()
    for (const remaining of [4, 3, 2, 1, 0, -1]) expect(await limit.take('a')).toMatchObject({ remaining })
    expect(warnings).toHaveLength(1)
    expect(JSON.parse(warnings[0]!)).toMatchObject({ level: 'warn', msg: expect.stringContaining('Redis') })

    const again = await startRedis(redis.port)
    onTestFinished(() => again.stop())
    await vi.waitFor(
      async () => {
        vi.setSystemTime(Date.now() + 100)
        await limit.take('b')
        expect(again.counts.size).toBeGreaterThan(0)
      },
      { timeout: 10_000, interval: 100 },
    )
    const before = [...again.counts.values()].at(-1)!
    await limit.take('b')
    expect([...again.counts.values()].at(-1)).toBe(before + 1)
  })

  it('that is not there from the start is no failure either', async () => {
    const redis = await startRedis()
    await redis.stop()
    const { limit, warnings } = limited(2, url(redis))
    expect(await limit.take('a')).toMatchObject({ remaining: 1 })
    await vi.waitFor(() => expect(warnings).toHaveLength(1))
  })

  it('that hangs is waited for once, briefly', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const { limit, warnings } = limited(9, url(redis))
    await connected(limit, redis)
    redis.state.hangs = true
    const started = performance.now()
    for (let i = 0; i < 5; i++) expect(await limit.take('a')).toMatchObject({ remaining: 8 - i })
    expect(performance.now() - started).toBeLessThan(600)
    expect(warnings).toHaveLength(1)
  })
})

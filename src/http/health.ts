import { setTimeout as sleep } from 'node:timers/promises'
import Router from '@koa/router'
import { Unavailable } from '../base/errors.js'

/** What the health routes tell of; nothing of it is secret. */
export interface Health {
  /** Of Ingle. */
  version: string
  /** `serving`, or what the server still does before it serves: `migrating the database`. */
  phase(): string
  /** A round trip to the database; fails when it is down. */
  probe(): Promise<DatabaseHealth>
  /** All numbers in Prometheus' text format, with their media type. */
  metrics: { contentType: string; text(): Promise<string> }
}

export interface DatabaseHealth {
  /** Of PostgreSQL: `18.4` */
  version: string
  /** Names of the migrations that the database has had. */
  migrations: string[]
}

/** A database that answers later than this is down for whoever asks. */
const probeMs = 2000

/**
 * `/livez`: the process runs. `/readyz`: requests would be served. `/health`: both in detail. `/metrics`: numbers.
 * Orchestrators restart on the first and route by the second, so that a database that is away restarts nobody.
 */
export function healthRoutes({ version, phase, probe, metrics }: Health): Router {
  const router = new Router()

  router.get('/livez', (koa) => {
    koa.body = { status: 'live' }
  })

  router.get('/readyz', async (koa) => {
    const { status, reason } = await readiness()
    koa.status = status === 'ready' ? 200 : 503
    koa.body = { status, reason }
  })

  router.get('/health', async (koa) => {
    const { status, reason, database, ms } = await readiness()
    koa.status = status === 'ready' ? 200 : 503
    koa.body = {
      status,
      reason,
      version,
      uptimeSeconds: Math.round(process.uptime()),
      database: database ? { status: 'up', version: database.version, roundTripMs: ms } : { status: 'down' },
      migrations: database?.migrations,
    }
  })

  router.get('/metrics', async (koa) => {
    koa.set('Content-Type', metrics.contentType)
    koa.body = await metrics.text()
  })

  async function readiness() {
    if (phase() !== 'serving') return { status: 'unready', reason: phase() }
    const started = performance.now()
    try {
      const database = await within(probeMs, probe())
      return { status: 'ready', database, ms: Math.round((performance.now() - started) * 100) / 100 }
    } catch {
      return { status: 'unready', reason: 'the database is down' }
    }
  }

  return router
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const timer = new AbortController()
  const late = sleep(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Unavailable('The database does not answer')
  })
  try {
    return await Promise.race([work, late])
  } finally {
    late.catch(() => {})
    timer.abort()
  }
}

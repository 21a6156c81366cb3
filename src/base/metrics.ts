import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Sessions of a pool, as pg counts them. */
export interface PoolCounts {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
}

export interface Metrics {
  readonly registry: Registry
  /**
   * Counts one answered request.
   *
   * @param interaction  as in the CapabilityStatement: `read`, `search-type`, `transaction`; or an operation's code
   * @param type         resource type, when the interaction has one
   */
  observe(interaction: string, type: string | undefined, status: number, seconds: number): void
  /** Shows the pool's sessions as gauges. */
  watchPool(pool: PoolCounts): void
}

/** Buckets in seconds, from a cached read to a long transaction. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** A word that a client made up must not become a time series of its own. */
const known = /^[a-z$][a-z-]{0,30}$/

/**
 * The process's numbers for Prometheus: requests by interaction, type and status class; the pool; Node itself.
 *
 * @param types  the resource types; every other type counts as `other`
 */
export function openMetrics(types: Iterable<string>): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const shared = { labelNames: ['interaction', 'type', 'status'] as const, registers: [registry] }
  const requests = new Counter({ ...shared, name: 'http_requests_total', help: 'Requests answered' })
  const durations = new Histogram({
    ...shared,
    name: 'http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer',
    buckets,
  })
  const isType = new Set(types)
  // Children are kept by one key: looking labels up costs several times what counting does.
  const children = new Map<string, { requests: Counter.Internal; durations: Histogram.Internal<string> }>()

  return {
    registry,
    observe(interaction, type, status, seconds) {
      const labels = [
        known.test(interaction) ? interaction : 'other',
        type === undefined ? '' : isType.has(type) ? type : 'other',
        `${(status / 100) | 0}xx`,
      ] as const
      const key = labels.join(' ')
      let child = children.get(key)
      if (!child) {
        child = { requests: requests.labels(...labels), durations: durations.labels(...labels) }
        children.set(key, child)
      }
      child.requests.inc()
      child.durations.observe(seconds)
    },
    watchPool(pool) {
      const counts = { total: () => pool.totalCount, idle: () => pool.idleCount, waiting: () => pool.waitingCount }
      for (const [name, count] of Object.entries(counts)) {
        new Gauge({
          name: `db_pool_${name}`,
          help: `PostgreSQL pool: ${name === 'waiting' ? 'requests that wait for a session' : `${name} sessions`}`,
          registers: [registry],
          collect() {
            this.set(count())
          },
        })
      }
    },
  }
}

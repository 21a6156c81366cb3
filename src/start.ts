import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Report } from './base/cannot-start.js'
import type { Config } from './base/config.js'
import { Unavailable } from './base/errors.js'
import { openLog } from './base/log.js'
import { openMetrics } from './base/metrics.js'
import { version } from './base/version.js'
import { metricsText } from './base/workers-metrics.js'
import { exportAnswer } from './bulk/answer.js'
import { loadListed } from './cli/packages/listed.js'
import { Database } from './db/database.js'
import { claimFolder } from './db/embedded/folder.js'
import { migrate } from './db/migrate.js'
import { sql } from './db/sql.js'
import { openStorage, type Storage } from './db/storage.js'
import { operations } from './features.js'
import { archive } from './fhir/definitions/shipped.js'
import { resourceTypes } from './fhir/definitions.js'
import { createApp } from './http/app.js'
import { TENANT } from './http/fhir.js'
import { type DatabaseHealth, healthRoutes } from './http/health.js'
import { drain, listen } from './http/listen.js'
import { openRateLimit } from './http/rate-limit.js'
import { createServer } from './http/server.js'
import { AsyncResponses } from './rest/async/respond.js'
import { createDispatch } from './rest/dispatch.js'
import type { Answer, Exchange } from './rest/exchange.js'
import { fromInside } from './rest/inside.js'
import { Places } from './rest/interactions.js'
import { Operations } from './rest/operations.js'
import { readRules, shippedRules } from './rest/rule-files.js'
import { Validation } from './rest/validation.js'
import { References } from './store/integrity.js'
import { Reindexer } from './store/reindex/runner.js'
import { Store } from './store/store.js'

/** A server that serves. */
export interface Running {
  /** Without a path: `http://127.0.0.1:8080`; FHIR is below `/fhir`. */
  readonly url: string
  /** Refuses new connections, lets running requests finish, and closes everything. */
  stop(): Promise<void>
}

/**
 * Starts the server in this process. It listens first, so that a port in use is told at once and orchestrators see
 * it live while the database recovers or migrates; until then requests are answered 503.
 *
 * @param report  told each step
 * @param log     default: JSON lines on standard output
 * @throws CannotStart  with what the one who starts it can do; everything is closed again
 */
export async function start(config: Config, report: Report, log = openLog(config.logLevel)): Promise<Running> {
  const metrics = openMetrics(resourceTypes)
  let phase = 'opening the database'
  let database: Database
  let dispatch = async (_: Exchange): Promise<Answer> => {
    throw new Unavailable(`The server is ${phase}; try again`, { retryAfter: 2 })
  }

  /** How to close what is open, the last first. */
  const closing: (() => unknown)[] = []
  const stop = async () => {
    for (let close = closing.pop(); close; close = closing.pop()) await close()
  }
  try {
    const folder = config.databaseUrl === undefined ? await claimFolder(config.dataDir) : undefined
    closing.push(() => folder?.release())
    const rateLimit = await openRateLimit(config, log)
    closing.push(() => rateLimit?.close())
    const health = healthRoutes({
      version,
      phase: () => phase,
      probe: () => probe(database),
      metrics: { contentType: metrics.registry.contentType, text: metricsText(metrics.registry) },
    })
    const places = new Places(new Operations(operations))
    const door = { config, places, log, metrics, rateLimit, dispatch: (exchange: Exchange) => dispatch(exchange) }
    const server = createServer(createApp({ ...door, routes: [health] }), config)
    const url = await listen(server, config)
    try {
      const storage = await openStorage(config, folder, report)
      closing.push(() => storage.close())
      phase = 'migrating the database'
      for (const name of await migrate(storage.connection)) report(`Database migrated: ${name}`)
      database = openDatabase(config, storage, log)
      // A statement that runs on for a client that was cut off does not hold us up.
      closing.push(() => Promise.race([database.close(), sleep(2000)]))
      metrics.watchPool(database.pool)
      const rules = readRules([shippedRules, ...(config.rulesDir ? [config.rulesDir] : [])])
      const store = await Store.open(database, config.contentCacheBytes, new References(config.references))
      closing.push(() => store.close())
      const { reindexSlice: size, reindexPauseMs: pause } = config
      const reindexer = new Reindexer(database, store.registries, { size, pause }, log)
      reindexer.start()
      closing.push(() => reindexer.stop())
      archive() // that it is missing is told now, not by the first write
      report(`Definitions of FHIR R4 loaded: ${resourceTypes.length} resource types`)
      const validation = new Validation(config, store, (tenant) => store.terminologies.membershipFor(tenant), rules)
      const serving = { config, store, places, validation }
      const later = new AsyncResponses(database, createDispatch(serving), places, config, log)
      later.start()
      closing.push(() => later.stop())
      dispatch = (exchange) => exportAnswer(serving, places, exchange) ?? later.answer(exchange)
      phase = 'serving'
      if (isFirst) closing.push(startPackages(config, dispatch, `${url}/fhir`, report, log))
    } finally {
      // It was opened early, and still is the first to close: what runs needs all the rest.
      closing.push(() => drain(server, config.shutdownSeconds))
    }
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Of several processes one does what is to be done once. */
const isFirst = cluster.isPrimary || cluster.worker?.id === 1

/**
 * Loads the packages that the server starts with, while it serves. What cannot be had is said, and keeps nobody waiting.
 * @returns ends it after the request that is under way
 */
function startPackages(
  config: Config,
  dispatch: (exchange: Exchange) => Promise<Answer>,
  base: string,
  report: Report,
  log: ReturnType<typeof openLog>,
): () => Promise<void> {
  const ask = fromInside(dispatch, { tenant: TENANT, subject: 'packages', base, log })
  let isOver = false
  const complain = (line: string) => {
    if (isOver) return
    report(line)
    log.warn({ package: line }, 'package not loaded')
  }
  const loading = loadListed(
    { ask: (...asked) => (isOver ? Promise.reject(new Error('the server stops')) : ask(...asked)) },
    config,
    { say: report },
    complain,
  )
  return () => {
    isOver = true
    return loading
  }
}

function openDatabase(config: Config, { connection }: Storage, log: ReturnType<typeof openLog>): Database {
  const { poolMin, poolMax, poolAcquireMs, sessionMaxSeconds, requestTimeoutMs, slowQueryMs } = config
  const statementTimeoutMs = requestTimeoutMs
  return new Database({
    connection,
    poolMin,
    poolMax,
    poolAcquireMs,
    sessionMaxSeconds,
    statementTimeoutMs,
    slowQueryMs,
    log,
  })
}

async function probe(database: Database): Promise<DatabaseHealth> {
  const rows = await database.query<{ version: string; name: string }>(
    sql`select split_part(current_setting('server_version'), ' ', 1) as version, name from migration order by id`,
  )
  return { version: rows[0]!.version, migrations: rows.map(({ name }) => name) }
}

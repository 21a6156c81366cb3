import cluster from 'node:cluster'
import { setFlagsFromString } from 'node:v8'
import { CannotStart } from './base/cannot-start.js'
import { type Config, ConfigError, readConfig } from './base/config.js'
import { version } from './base/version.js'
import type { Running } from './start.js'

// The command `npm start`. What it says to people goes to standard error, a line each; the log to standard output.

// Bundles leave much garbage. With as much memory as a server has, V8 would let the heap grow to a multiple of what
// lives in it before it collects: measured 380 MB under load, and 300 MB so, for a twentieth of the throughput.
setFlagsFromString('--heap-growing-percent=60')

const say = (line: string) => process.stderr.write(`${line}\n`)

let config: Config | undefined
let running: Promise<Running> | undefined
let stopping = false

process.on('SIGTERM', stop)
// Ctrl-C reaches every process of a terminal; workers wait for the word of their primary.
process.on('SIGINT', (name) => cluster.isPrimary && stop(name))
process.on('uncaughtException', fail)

try {
  config = readConfig()
  running = cluster.isWorker ? startWorker(config) : startServer(config)
  await running
} catch (error) {
  fail(error)
}

// The rest of the server is loaded here, when the settings are known to be good, and only what this process needs.

async function startServer(config: Config): Promise<Running> {
  const server =
    config.webConcurrency > 1
      ? await (await import('./workers.js')).startWorkers(config, say)
      : await (await import('./start.js')).start(config, say)
  say(`Data is in ${config.databaseUrl === undefined ? config.dataDir : 'the database of DATABASE_URL'}`)
  say(`Ingle ${version} serves FHIR R4 at ${server.url}/fhir after ${process.uptime().toFixed(1)} s`)
  say('Load data with: npm run load -- PATH')
  return server
}

async function startWorker(config: Config): Promise<Running> {
  const { start } = await import('./start.js')
  const { serving } = await import('./workers.js')
  const server = await start(config, () => {})
  process.send!(serving)
  return server
}

/** The first signal lets running requests finish; the second does not wait. */
async function stop(name: NodeJS.Signals): Promise<void> {
  if (stopping) process.exit(1)
  stopping = true
  if (cluster.isPrimary) say(`${name}: stopping; once more stops at once`)
  try {
    await (await running)?.stop()
    process.exit(0)
  } catch (error) {
    fail(error)
  }
}

function fail(error: unknown): never {
  const { message, stack } = error as Error
  if (error instanceof CannotStart || error instanceof ConfigError) say(message)
  else say(`Ingle cannot go on: ${message}; with LOG_LEVEL=debug it tells where`)
  if (config?.logLevel === 'debug' || config?.logLevel === 'trace') say(String(stack))
  process.exit(1)
}

import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { CannotStart, type Report } from './base/cannot-start.js'
import type { Config } from './base/config.js'
import { answerForWorkers } from './base/workers-metrics.js'
import { claimFolder } from './db/embedded/folder.js'
import { migrate } from './db/migrate.js'
import { openStorage } from './db/storage.js'
import { drain, listen } from './http/listen.js'
import type { Running } from './start.js'

/** What a worker sends when it serves. */
export const serving = 'serving'

/** A worker that dies at once again must not keep the machine busy. */
const restartMs = 1000

/**
 * `WEB_CONCURRENCY` processes that share the port. This one owns the database, brings it up to date, and replaces
 * workers that die; each worker is a whole server that is given the database's URL.
 *
 * @throws CannotStart
 */
export async function startWorkers(config: Config, report: Report): Promise<Running> {
  const closing: (() => unknown)[] = []
  const stop = async () => {
    for (let close = closing.pop(); close; close = closing.pop()) await close()
  }
  try {
    const folder = config.databaseUrl === undefined ? await claimFolder(config.dataDir) : undefined
    closing.push(() => folder?.release())
    // Found out here, once, rather than by every worker; and port 0 becomes one that all of them share.
    const probe = createServer()
    const url = await listen(probe, config)
    await drain(probe, 0)

    const storage = await openStorage(config, folder, report)
    closing.push(() => storage.close())
    for (const name of await migrate(storage.connection)) report(`Database migrated: ${name}`)

    answerForWorkers()
    let stopping = false
    closing.push(async () => {
      stopping = true
      await Promise.all(workers().map(end))
    })
    const fork = () => cluster.fork({ DATABASE_URL: storage.url, PORT: new URL(url).port })
    await Promise.all(Array.from({ length: config.webConcurrency }, () => untilServing(fork())))
    report(`${config.webConcurrency} processes serve`)
    cluster.on('exit', async (worker) => {
      if (stopping) return
      report(`Process ${worker.process.pid} ended unexpectedly and is replaced`)
      await sleep(restartMs)
      if (!stopping) fork()
    })
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function workers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
}

async function untilServing(worker: Worker): Promise<void> {
  const ended = once(worker, 'exit').then(() => {
    throw new CannotStart('A process could not start; it said why')
  })
  const served = new Promise<void>((resolve) => {
    worker.on('message', (message) => message === serving && resolve())
  })
  await Promise.race([served, ended])
  ended.catch(() => {})
}

async function end(worker: Worker): Promise<void> {
  if (worker.isDead()) return
  const ended = once(worker, 'exit')
  worker.process.kill('SIGTERM')
  await ended
}

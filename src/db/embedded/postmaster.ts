import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Report } from '../../base/cannot-start.js'
import { type Cluster, placeOf, refusal } from './cluster.js'
import { gone, isPostgresOf, postgresesOf, signal } from './processes.js'

/** A running PostgreSQL that accepts connections. */
export interface Postmaster {
  readonly pid: number
  /** Fulfilled when the process has ended, for whatever reason. */
  readonly exited: Promise<void>
}

/** How long a fast shutdown, which ends with a checkpoint, may take before it is cut short. */
const stopMs = 60_000

/**
 * Starts PostgreSQL and waits until it accepts connections; after a crash it first replays its log.
 *
 * @throws CannotStart  it ended instead; the message is its own
 */
export async function startPostmaster(cluster: Cluster, port: number, report: Report): Promise<Postmaster> {
  const place = placeOf(cluster)
  // What it says before its own log opens. A file: a pipe would break when we are killed and it lives on.
  const output = openSync(join(cluster.pgdata, 'start.log'), 'w', 0o600)
  const logged = logs(cluster.pgdata)
  let child: ChildProcess
  try {
    child = spawn(cluster.binaries.postgres, ['-D', place.pgdata, '-p', String(port)], {
      ...place.options,
      stdio: ['ignore', output, output],
      detached: true, // Ctrl-C is for us: PostgreSQL is stopped when the requests are done.
    })
  } finally {
    closeSync(output)
  }
  let ended = false
  const exited = new Promise<void>((resolve) => {
    const end = () => {
      ended = true
      resolve()
    }
    child.once('exit', end).once('error', end)
  })
  const patience = setTimeout(() => report('PostgreSQL recovers what was written before it was cut off …'), 1500)
  try {
    while (status(cluster.pgdata) !== 'ready') {
      if (ended) throw refusal(cluster.pgdata, lastWords(cluster.pgdata, logged))
      await Promise.race([sleep(15), exited])
    }
  } finally {
    clearTimeout(patience)
  }
  return { pid: child.pid!, exited }
}

/** Ends a postmaster in good order: sessions are cut, everything is written. */
export async function stopPostmaster(cluster: Cluster, pid: number): Promise<void> {
  if (!isPostgresOf(cluster.pgdata, pid)) return
  signal(pid, 'SIGINT')
  if (await gone(pid, stopMs)) return
  signal(pid, 'SIGQUIT')
  if (!(await gone(pid, 5000))) killAll(cluster)
}

/**
 * Removes what a killed server left: a PostgreSQL that still runs is stopped, a `postmaster.pid` whose process is
 * gone, or is by now another program's, is removed, and so are backends that outlived their postmaster.
 */
export async function clearRemains(cluster: Cluster, report: Report): Promise<void> {
  const pid = Number(pidFile(cluster.pgdata)[0] ?? 0)
  if (pid > 0 && isPostgresOf(cluster.pgdata, pid)) {
    report(`Stopping the PostgreSQL (process ${pid}) that a killed server left running`)
    await stopPostmaster(cluster, pid)
  }
  // Without their postmaster backends end by themselves, but one that computes notices late.
  if (postgresesOf(cluster.pgdata).length) {
    await sleep(200)
    killAll(cluster)
  }
  for (const name of readdirSync(cluster.pgdata)) {
    if (name === 'postmaster.pid' || name.startsWith('.s.PGSQL.')) rmSync(join(cluster.pgdata, name), { force: true })
  }
}

/** A TCP port that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

function killAll(cluster: Cluster): void {
  for (const pid of postgresesOf(cluster.pgdata)) signal(pid, 'SIGKILL')
}

/** The eighth line of postmaster.pid: `starting`, `ready`, `stopping`. */
function status(pgdata: string): string | undefined {
  return pidFile(pgdata)[7]?.trim()
}

function pidFile(pgdata: string): string[] {
  try {
    return readFileSync(join(pgdata, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

/** The log files with their sizes. */
function logs(pgdata: string): Map<string, number> {
  const folder = join(pgdata, 'log')
  const names = existsSync(folder) ? readdirSync(folder) : []
  return new Map(names.map((name) => [join(folder, name), statSync(join(folder, name)).size]))
}

/** What it said at start before its own log was open, and what it has logged since. */
function lastWords(pgdata: string, before: Map<string, number>): string {
  const since = [...logs(pgdata).keys()].map((file) => readFileSync(file).subarray(before.get(file) ?? 0))
  return [readFileSync(join(pgdata, 'start.log')), ...since].join('\n')
}

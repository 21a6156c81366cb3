import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Report } from '../base/cannot-start.js'
import { accountFor } from './embedded/account.js'
import { binariesFor } from './embedded/binaries.js'
import { type Cluster, clusterIn, passwordIn, superuser } from './embedded/cluster.js'
import { type DataFolder, unwritable } from './embedded/folder.js'
import { clearRemains, freePort, startPostmaster, stopPostmaster } from './embedded/postmaster.js'
import { signal } from './embedded/processes.js'
import { settingsFile } from './embedded/settings.js'

/** How to reach a database. */
export interface Connection {
  /** Folder of the unix socket. */
  host: string
  port: number
  user: string
  password: string
  database: string
}

/** PostgreSQL as part of this process: started with it, kept alive by it, stopped with it. */
export interface Embedded {
  readonly connection: Connection
  /** The same as a URL. */
  readonly url: string
  /** Process id of the postmaster; another one after a restart. */
  readonly pid: number
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  /** Sessions that may be open at once, some to spare included. */
  maxConnections?: number
  /** Whether a commit survives a crash; false for tests only. */
  durable?: boolean
}

/**
 * Opens the PostgreSQL in a data folder, making it at first. What a killed server left behind is cleared up and
 * recovered. When PostgreSQL dies it is started again, at the same address.
 *
 * @param folder  claimed by the caller, who releases it after `stop`
 * @param report  told what takes time and what went wrong
 * @throws CannotStart
 */
export async function openEmbedded(
  folder: DataFolder,
  report: Report,
  { maxConnections = 100, durable = true }: EmbeddedOptions = {},
): Promise<Embedded> {
  const dir = folder.path
  const account = await accountFor(join(dir, 'postgres'))
  const cluster = await clusterIn(dir, await binariesFor(account), account, report)
  await clearRemains(cluster, report)
  writeSettings(cluster, settingsFile(maxConnections, durable))
  const port = await freePort()
  const supervised = await supervise(cluster, port, report)
  const socket = socketFolder(cluster.pgdata, port)
  const connection = { host: socket.folder, port, user: superuser, password: passwordIn(dir), database: 'ingle' }
  const stop = async () => {
    await supervised.stop()
    socket.remove()
  }
  try {
    await ensureDatabase(connection)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    connection,
    url: urlOf(connection),
    get pid() {
      return supervised.pid
    },
    stop,
  }
}

/** A connection as a URL that pg and libpq read; the host of a URL cannot be a folder, a parameter can. */
export function urlOf({ host, port, user, password, database }: Connection): string {
  return `postgres://${user}:${password}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`
}

function writeSettings({ pgdata }: Cluster, text: string): void {
  try {
    writeFileSync(join(pgdata, 'ingle.conf'), text)
  } catch (cause) {
    throw unwritable(pgdata, cause)
  }
}

/** Runs PostgreSQL until told to stop, starting it again whenever it ends by itself. */
async function supervise(cluster: Cluster, port: number, report: Report) {
  let postmaster = await startPostmaster(cluster, port, report)
  let stopping = false
  const atExit = () => signal(postmaster.pid, 'SIGINT')
  process.once('exit', atExit)

  const watching = (async () => {
    for (;;) {
      await postmaster.exited
      if (stopping) return
      report('PostgreSQL ended unexpectedly and is started again')
      try {
        await clearRemains(cluster, report)
        postmaster = await startPostmaster(cluster, port, report)
        if (stopping) await stopPostmaster(cluster, postmaster.pid)
      } catch (error) {
        report(`${(error as Error).message}; trying again`)
        await sleep(1000)
      }
    }
  })()

  return {
    get pid() {
      return postmaster.pid
    },
    async stop() {
      stopping = true
      await stopPostmaster(cluster, postmaster.pid)
      await watching
      process.off('exit', atExit)
    },
  }
}

/**
 * The folder of the socket as a client can name it: the address of a unix socket has at most 107 bytes, so that a deep
 * folder gets a short alias.
 */
function socketFolder(pgdata: string, port: number): { folder: string; remove(): void } {
  if (Buffer.byteLength(join(pgdata, `.s.PGSQL.${port}`)) <= 103) return { folder: pgdata, remove() {} }
  const alias = mkdtempSync(join(realpathSync(tmpdir()), 'ingle-'))
  symlinkSync(pgdata, join(alias, 'pg'))
  return { folder: join(alias, 'pg'), remove: () => rmSync(alias, { recursive: true, force: true }) }
}

async function ensureDatabase(connection: Connection): Promise<void> {
  const client = new pg.Client({ ...connection, database: 'postgres' })
  await client.connect()
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [connection.database])
    if (!rowCount) await client.query(`create database ${client.escapeIdentifier(connection.database)}`)
  } finally {
    await client.end()
  }
  const owner = new pg.Client(connection)
  await owner.connect()
  try {
    await owner.query('create extension if not exists pg_stat_statements')
  } finally {
    await owner.end()
  }
}

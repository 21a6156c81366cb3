import pg from 'pg'
import type { Config } from '../../base/config.js'
import { openLog } from '../../base/log.js'
import { Database } from '../../db/database.js'
import { claimFolder } from '../../db/embedded/folder.js'
import { migrate } from '../../db/migrate.js'
import { openStorage, type Storage } from '../../db/storage.js'
import { runningIn } from '../bench/embedded.js'

/**
 * The database of the server of these settings: DATABASE_URL, the embedded one that a server runs, or that one started
 * for as long as `work` takes.
 *
 * @throws CannotStart
 */
export async function withDatabase<T>(config: Config, work: (database: Database) => Promise<T>): Promise<T> {
  const storage = await storageOf(config)
  try {
    await migrate(storage.connection)
    const database = new Database({
      connection: storage.connection,
      poolMin: 1,
      poolMax: 6,
      poolAcquireMs: config.poolAcquireMs,
      sessionMaxSeconds: 86_400,
      // An index over some million rows takes longer than a request may.
      statementTimeoutMs: 0,
      slowQueryMs: Number.POSITIVE_INFINITY,
      log: openLog('silent'),
    })
    try {
      return await work(database)
    } finally {
      await database.close()
    }
  } finally {
    await storage.close()
  }
}

async function storageOf(config: Config): Promise<Storage> {
  const running = config.databaseUrl === undefined ? runningIn(config.dataDir) : undefined
  // What a killed server left behind looks as if it ran.
  if (running && (await answers(running))) return { connection: running, url: running, async close() {} }
  const folder = config.databaseUrl === undefined ? await claimFolder(config.dataDir) : undefined
  const storage = await openStorage(config, folder, (line) => console.log(line))
  const close = async () => {
    await storage.close()
    folder?.release()
  }
  return { ...storage, close }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}

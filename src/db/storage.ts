import type { Report } from '../base/cannot-start.js'
import type { Config } from '../base/config.js'
import type { DataFolder } from './embedded/folder.js'
import { type Connection, openEmbedded, urlOf } from './embedded.js'
import { reach } from './reach.js'

/** A database that accepts connections. */
export interface Storage {
  connection: string | Connection
  url: string
  close(): Promise<void>
}

/**
 * Opens the database that the settings name, or without one the embedded PostgreSQL in the data folder.
 *
 * @throws CannotStart
 */
export async function openStorage(config: Config, folder: DataFolder | undefined, report: Report): Promise<Storage> {
  if (!folder) {
    const url = config.databaseUrl!
    await reach(url, report)
    return { connection: url, url, async close() {} }
  }
  // For all our processes together, and a few sessions for people.
  const maxConnections = Math.max(100, config.webConcurrency * config.poolMax + 10)
  const { connection, stop } = await openEmbedded(folder, report, { maxConnections })
  return { connection, url: urlOf(connection), close: stop }
}

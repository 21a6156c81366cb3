import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { claimFolder } from '../../src/db/embedded/folder.js'
import { type Connection, openEmbedded } from '../../src/db/embedded.js'

declare module 'vitest' {
  export interface ProvidedContext {
    /** How to reach the PostgreSQL of this run; each test file makes its own database there. */
    postgres: Connection
  }
}

/** One PostgreSQL for the whole run, in a folder that is gone afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = mkdtempSync(join(tmpdir(), 'ingle-test-'))
  const folder = await claimFolder(dir)
  const silent = () => {}
  const postgres = await openEmbedded(folder, silent, { durable: false, maxConnections: 300 })
  project.provide('postgres', postgres.connection)
  return async () => {
    await postgres.stop()
    folder.release()
    rmSync(dir, { recursive: true })
  }
}

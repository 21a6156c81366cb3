import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openLog } from '../../src/base/log.js'
import { Database } from '../../src/db/database.js'
import { load } from '../../src/terminology/load.js'
import { FRESH } from '../../src/terminology/stored/source.js'
import type { RestServer } from '../rest/server.js'

/** Releases that a test writes itself, in a folder that is gone afterwards. */
export class Releases {
  private readonly folder = mkdtempSync(join(tmpdir(), 'ingle-terminology-'))
  private count = 0

  /** @returns the folder of a release with these files */
  write(files: Record<string, string | Buffer>): string {
    const folder = join(this.folder, String(this.count++))
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    }
    return folder
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }
}

/** Loads a release as `npm run terminology -- load` does. */
export async function loadInto(
  { database }: RestServer,
  name: string,
  path: string,
  version?: string,
): Promise<string[]> {
  const said: string[] = []
  await withDatabase(database.url, (db) =>
    load(db, { name, paths: [path], version, tenant: 0 }, (line) => said.push(line)),
  )
  // A server looks for what others have loaded no more often than that.
  await new Promise((resolve) => setTimeout(resolve, FRESH + 20))
  return said
}

export async function withDatabase<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = new Database({
    ...{ connection: url, poolMin: 1, poolMax: 6, poolAcquireMs: 5000, sessionMaxSeconds: 3600 },
    ...{ statementTimeoutMs: 0, slowQueryMs: 1e9, log: openLog('silent') },
  })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

/** Puts values at their columns, from 1: a record of a fixed-width file. */
export function fixed(width: number, ...fields: readonly (readonly [at: number, value: string])[]): string {
  let line = ' '.repeat(width)
  for (const [at, value] of fields) line = line.slice(0, at - 1) + value + line.slice(at - 1 + value.length)
  return line
}

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { passwordIn, superuser } from '../../db/embedded/cluster.js'
import { urlOf } from '../../db/embedded.js'

/** The PostgreSQL that a server of this machine runs in the data folder, as a URL; undefined when it runs none. */
export function runningIn(dataDir: string): string | undefined {
  const pgdata = join(dataDir, 'postgres')
  try {
    // https://www.postgresql.org/docs/current/storage-file-layout.html: the lines of postmaster.pid
    const [, , , port, socketFolder = ''] = readFileSync(join(pgdata, 'postmaster.pid'), 'utf8').split('\n')
    const host = resolve(pgdata, socketFolder)
    return urlOf({ host, port: Number(port), user: superuser, password: passwordIn(dataDir), database: 'ingle' })
  } catch {
    return undefined
  }
}

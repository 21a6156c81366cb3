import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { CannotStart } from '../../base/cannot-start.js'

const run = promisify(execFile)

/** Whom PostgreSQL runs as; absent: as ourselves. */
export type Account = { uid: number; gid: number } | undefined

/**
 * PostgreSQL refuses to run as root. When we are root it runs as the owner of its folder, or as the system user
 * `postgres`, which is made when the system has none.
 *
 * @param pgdata  the database folder, which may not exist yet
 */
export async function accountFor(pgdata: string): Promise<Account> {
  if (process.getuid?.() !== 0) return undefined
  const owner = await stat(pgdata).catch(() => undefined)
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  return (await postgresUser()) ?? (await makePostgresUser())
}

async function postgresUser(): Promise<Account> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'postgres'])))
    return { uid: Number(uid!.stdout), gid: Number(gid!.stdout) }
  } catch {
    return undefined
  }
}

async function makePostgresUser(): Promise<Account> {
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'])
    return await postgresUser()
  } catch (cause) {
    throw new CannotStart(
      'PostgreSQL does not run as root, and a system user "postgres" could not be made; make one, or start Ingle as an ordinary user',
      { cause },
    )
  }
}

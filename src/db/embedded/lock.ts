import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CannotStart } from '../../base/cannot-start.js'
import { startOf } from './processes.js'

/** Who holds a data folder. */
interface Holder {
  pid: number
  started: string
  /** Boot and pid namespace: in another container or after a reboot a pid says nothing. */
  world: string
}

const heartbeatMs = 2000

/**
 * Takes the data folder for this process. A lock whose process has ended, however it ended, does not count.
 *
 * @returns gives the folder back
 * @throws CannotStart  another Ingle serves from it
 */
export async function lockFolder(dir: string): Promise<() => void> {
  const file = join(dir, 'lock')
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid)!, world: world() } satisfies Holder)
  for (;;) {
    const holder = read(file)
    if (holder && (await isServing(file, holder))) {
      throw new CannotStart(
        `${dir} is in use by the Ingle process ${holder.pid}; stop it, or set INGLE_DATA_DIR to another folder`,
      )
    }
    if (holder) discard(file, holder)
    if (claim(file, mine)) break
  }
  // Seen by other containers that share the folder, which cannot see our process.
  const heartbeat = setInterval(() => touch(file), heartbeatMs).unref()
  return () => {
    clearInterval(heartbeat)
    rmSync(file, { force: true })
  }
}

/** A link appears whole or not at all, and only once. */
function claim(file: string, text: string): boolean {
  const own = `${file}.${process.pid}`
  writeFileSync(own, text)
  try {
    linkSync(own, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    rmSync(own, { force: true })
  }
}

/** Removes a dead process's lock, unless another starter was quicker and the lock is by now its own. */
function discard(file: string, dead: Holder): void {
  const aside = `${file}.${process.pid}`
  try {
    renameSync(file, aside)
    if (JSON.stringify(read(aside)) !== JSON.stringify(dead)) linkSync(aside, file)
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

function read(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    return { pid: 0, started: '', world: '' } // Unreadable: nobody's.
  }
}

async function isServing(file: string, holder: Holder): Promise<boolean> {
  if (holder.world === world()) return startOf(holder.pid) === holder.started
  const seen = mtime(file)
  if (Date.now() - seen > 3 * heartbeatMs) return false
  await sleep(2 * heartbeatMs)
  return mtime(file) > seen
}

function mtime(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function touch(file: string): void {
  try {
    utimesSync(file, new Date(), new Date())
  } catch {
    // The folder was deleted under us; PostgreSQL will say so.
  }
}

function world(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return 'here'
  }
}

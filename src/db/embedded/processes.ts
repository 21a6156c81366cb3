import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { platform } from 'node:os'

const linux = platform() === 'linux'

/**
 * When a process started, in whatever unit the system has: together with its pid this names one process for good,
 * while a pid alone may be given to another. Absent when there is no such process, or only a zombie.
 */
export function startOf(pid: number): string | undefined {
  try {
    if (!linux) return execFileSync('ps', ['-o', 'lstart=', '-p', `${pid}`], { encoding: 'utf8' }).trim() || undefined
    // The second field is the program's name in brackets, which may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** Whether a process is a PostgreSQL of this database folder: all of them work in it, as may somebody's shell. */
export function isPostgresOf(pgdata: string, pid: number): boolean {
  try {
    if (!linux) return execFileSync('ps', ['-o', 'command=', '-p', `${pid}`], { encoding: 'utf8' }).includes(pgdata)
    if (readlinkSync(`/proc/${pid}/cwd`) !== pgdata) return false
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'postgres\n' && startOf(pid) !== undefined
  } catch {
    return false
  }
}

/** Every process of this database folder, backends whose postmaster was killed included. */
export function postgresesOf(pgdata: string): number[] {
  if (!linux) return []
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && isPostgresOf(pgdata, pid))
}

/** Waits for a process that need not be our child. @returns false when it is still there after `ms` */
export async function gone(pid: number, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; startOf(pid) !== undefined; ) {
    if (Date.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}

/** Sends a signal to a process that may have gone. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

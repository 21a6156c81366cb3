import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { CannotStart } from '../../base/cannot-start.js'
import { lockFolder } from './lock.js'

/** A data folder that no other process may use until it is released. */
export interface DataFolder {
  /** Absolute. */
  readonly path: string
  release(): void
}

/** Why a folder cannot be written, by error code. */
const reasons: Record<string, string> = {
  EROFS: 'is on a read-only file system',
  EACCES: 'may not be written by this user',
  EPERM: 'may not be written by this user',
  ENOSPC: 'has no space left',
  ENOTDIR: 'is not a folder',
  EEXIST: 'is not a folder',
}

/**
 * Makes the folder when it is missing and takes it for this process.
 *
 * @param dir  `INGLE_DATA_DIR`, absolute
 * @throws CannotStart  it cannot be written, or another Ingle serves from it
 */
export async function claimFolder(dir: string): Promise<DataFolder> {
  try {
    makeFolder(dir)
    return { path: dir, release: await lockFolder(dir) }
  } catch (error) {
    if (error instanceof CannotStart) throw error
    throw unwritable(dir, error)
  }
}

/** Not mkdir's own recursion, which tells ENOENT for whatever is wrong, or never ends. */
function makeFolder(dir: string): void {
  if (existsSync(dir)) return
  makeFolder(dirname(dir))
  mkdirSync(dir)
}

export function unwritable(dir: string, cause: unknown): CannotStart {
  const { code = '' } = cause as NodeJS.ErrnoException
  const why = reasons[code] ?? `cannot be used (${code || (cause as Error).message})`
  return new CannotStart(`The data folder ${dir} ${why}; set INGLE_DATA_DIR to a folder that can be written`, { cause })
}

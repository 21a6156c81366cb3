// Exit code 0 when dist/ and build/ are up to date, 1 when `npm run build` is due; `--built` says that it has just run.
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../base/root.js'

/** Its time of change is that of the last build. The compiler's own files tell nothing: it leaves equal ones alone. */
const stamp = join(root, 'build', 'built')

/** What a build is made from. */
const sources = ['src', 'migrations', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json']

if (process.argv[2] === '--built') writeFileSync(stamp, '')
else process.exitCode = sources.every((name) => unchangedSince(changed(stamp), join(root, name))) ? 0 : 1

/** A folder changes with the names in it, so that files that were removed are noticed too. */
function unchangedSince(time: number, path: string): boolean {
  if (changed(path) > time) return false
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory()
  return !isFolder || readdirSync(path).every((name) => unchangedSince(time, join(path, name)))
}

/** Milliseconds since 1970; 0 for what is not there. */
function changed(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

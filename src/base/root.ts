import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder: where package.json stands, whether we run from `src/` (tests) or `dist/src/`. */
export const root = (() => {
  let dir = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(dir, 'package.json'))) {
    if (dir === dirname(dir)) throw new Error('package.json is not above this file')
    dir = dirname(dir)
  }
  return dir
})()

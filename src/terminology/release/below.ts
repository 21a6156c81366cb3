import { realpath } from 'node:fs/promises'
import { isAbsolute, relative, resolve } from 'node:path'
import { Forbidden, NotFound } from '../../base/errors.js'

/**
 * Paths that somebody named from afar, as they are in the folder that is open to them.
 * @throws Forbidden  one leads out of it, be it by a link (403)
 * @throws NotFound   there is nothing (404)
 */
export async function pathsBelow(folder: string, paths: readonly string[]): Promise<string[]> {
  const root = await realpath(folder).catch(() => {
    throw new NotFound('The folder INGLE_TERMINOLOGY_DIR does not exist on the server')
  })
  return Promise.all(
    paths.map(async (path) => {
      const inside = (full: string) => {
        const way = relative(root, full)
        return !way.startsWith('..') && !isAbsolute(way)
      }
      const full = resolve(root, path)
      if (!inside(full)) throw new Forbidden(`path: ${path} is not in the folder INGLE_TERMINOLOGY_DIR`)
      const real = await realpath(full).catch(() => {
        throw new NotFound(`path: there is no ${path} in the folder INGLE_TERMINOLOGY_DIR`)
      })
      if (!inside(real)) throw new Forbidden(`path: ${path} is not in the folder INGLE_TERMINOLOGY_DIR`)
      return real
    }),
  )
}

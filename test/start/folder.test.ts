import { execFile } from 'node:child_process'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { root } from '../../src/base/root.js'
import { claimFolder } from '../../src/db/embedded/folder.js'
import { cleanUp, newFolder } from './server.js'

afterAll(cleanUp)

/** A folder with the lock of a process that cannot be seen from here, such as one in another container. */
function folderOfAnother(world: string): { dir: string; lock: string } {
  const dir = newFolder()
  const lock = join(dir, 'lock')
  mkdirSync(dir)
  writeFileSync(lock, JSON.stringify({ pid: 1, started: '1', world }))
  return { dir, lock }
}

describe.concurrent('a data folder', () => {
  it('belongs to one at a time', async () => {
    const dir = newFolder()
    const folder = await claimFolder(dir)
    await expect(claimFolder(dir)).rejects.toThrow(`${dir} is in use by the Ingle process ${process.pid}`)
    folder.release()
    const again = await claimFolder(dir)
    again.release()
  })

  it('goes to just one of those who find the lock of a dead process', async () => {
    const { dir } = folderOfAnother('an earlier boot')
    utimesSync(join(dir, 'lock'), 1, 1)
    const claim = `
      const { claimFolder } = await import(${JSON.stringify(join(root, 'dist/src/db/embedded/folder.js'))})
      await claimFolder(${JSON.stringify(dir)}).then(() => console.log('mine'), (error) => console.log(error.name))
      setTimeout(() => {}, 3000)`
    const claimants = Array.from({ length: 4 }, () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', claim]),
    )
    const said = (await Promise.all(claimants)).map(({ stdout }) => stdout.trim())
    expect(said.sort()).toEqual(['CannotStart', 'CannotStart', 'CannotStart', 'mine'])
  })

  it('is in use when another container keeps its lock fresh, and free when it does not', async () => {
    const living = folderOfAnother('another container')
    const heartbeat = setInterval(() => utimesSync(living.lock, new Date(), new Date()), 500)
    await expect(claimFolder(living.dir)).rejects.toThrow('is in use by the Ingle process 1')
    clearInterval(heartbeat)

    const dead = folderOfAnother('another container')
    const folder = await claimFolder(dead.dir)
    folder.release()
  })
})

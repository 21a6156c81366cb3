import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { refusal } from '../../src/db/embedded/cluster.js'
import { freePort } from '../../src/db/embedded/postmaster.js'
import { urlOf } from '../../src/db/embedded.js'
import { cleanUp, newFolder, postgresesOf, serve, serveInVain } from './server.js'

afterAll(cleanUp)

describe('a start that cannot succeed ends with one line that says what to do, and exit code 1', () => {
  it('a second server on the same data folder', async () => {
    const dir = newFolder()
    const first = serve({ INGLE_DATA_DIR: dir })
    const url = await first.url
    // With the same port too: then the folder is still what is told.
    for (const port of ['0', new URL(url).port]) {
      expect(await serveInVain({ INGLE_DATA_DIR: dir, PORT: port })).toEqual({
        code: 1,
        said: `${dir} is in use by the Ingle process ${first.pid}; stop it, or set INGLE_DATA_DIR to another folder`,
      })
    }
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    first.kill('SIGTERM')
    expect(await first.ended).toBe(0)
  })

  it.each(['1', '2'])('a port in use, with %s processes', async (processes) => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo
    const dir = newFolder()
    const { code, said } = await serveInVain({ PORT: `${port}`, INGLE_DATA_DIR: dir, WEB_CONCURRENCY: processes })
    other.close()
    expect(code).toBe(1)
    expect(said).toBe(
      `Port ${port} of 127.0.0.1 is in use; stop what listens there, or choose another with PORT=${port + 1}`,
    )
    expect(postgresesOf(dir)).toEqual([])
  })

  it('a database of another PostgreSQL', async () => {
    const dir = newFolder()
    mkdirSync(join(dir, 'postgres'), { recursive: true })
    writeFileSync(join(dir, 'postgres', 'PG_VERSION'), '15\n')
    const { code, said } = await serveInVain({ INGLE_DATA_DIR: dir })
    expect(code).toBe(1)
    expect(said).toMatch(/postgres was made by PostgreSQL 15 and this is PostgreSQL 18; .* INGLE_DATA_DIR/)
    expect(readFileSync(join(dir, 'postgres', 'PG_VERSION'), 'utf8')).toBe('15\n')
  })

  it("somebody's own PostgreSQL folder as data folder", async () => {
    const dir = newFolder()
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'PG_VERSION'), '18\n')
    const { code, said } = await serveInVain({ INGLE_DATA_DIR: dir })
    expect(code).toBe(1)
    expect(said).toBe(
      `${dir} is the folder of a PostgreSQL 18, not of Ingle; set INGLE_DATA_DIR to another folder, or DATABASE_URL to that server`,
    )
  })

  it('a data folder that cannot be written', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'ingle-start-'))
    const file = join(parent, 'file')
    writeFileSync(file, '')
    const cannotBeWritten: [string, string][] = [
      [file, 'is not a folder'],
      [join(file, 'data'), 'is not a folder'],
      // Where even root may not write.
      ['/sys/ingle', '(may not be written by this user|is on a read-only file system)'],
    ]
    for (const [dir, why] of cannotBeWritten) {
      const { code, said } = await serveInVain({ INGLE_DATA_DIR: dir })
      expect(code).toBe(1)
      expect(said).toMatch(
        new RegExp(`^The data folder ${dir} ${why}; set INGLE_DATA_DIR to a folder that can be written$`),
      )
    }
    rmSync(parent, { recursive: true })
  })

  it('a database that is not there, or does not let us in', async () => {
    const port = await freePort()
    const { password, ...rest } = inject('postgres')
    const good = new URL(urlOf({ ...rest, password }))
    const as = (changes: Partial<URL>) => Object.assign(new URL(good), changes).href
    const dead: [string, string][] = [
      [`postgres://u:secret@127.0.0.1:${port}/x`, `nothing listens at 127.0.0.1:${port}; start PostgreSQL there`],
      ['postgres://u:secret@no-such-host.invalid/x', 'the host no-such-host.invalid is not known'],
      [as({ password: 'secret' }), `refuses the password of user ${rest.user}; correct it`],
      [as({ pathname: '/nowhere' }), 'has no database nowhere; make it with: createdb nowhere'],
    ]
    for (const [url, why] of dead) {
      const { code, said } = await serveInVain({ DATABASE_URL: url })
      expect(code).toBe(1)
      expect(said).toMatch(/^DATABASE_URL cannot be used: .*$/)
      expect(said).toContain(why)
      expect(said).not.toContain('secret')
      expect(said).not.toContain(password)
    }
  })

  it('settings that are wrong, all of them', async () => {
    const { code, said } = await serveInVain({ PORT: '8080x', LOG_LEVEL: 'loud', INGLE_POOLMAX: '3' })
    expect(code).toBe(1)
    expect(said.split('\n').sort()).toEqual([
      'INGLE_POOLMAX is not a setting; the nearest is INGLE_POOL_MAX',
      'LOG_LEVEL is "loud"; allowed is info, fatal, error, warn, debug, trace, silent',
      'PORT is "8080x"; allowed is a whole number from 0 to 65535',
    ])
  })
})

// What initdb and postgres write, as seen on a full file system, which a test cannot have everywhere.
it.each([
  [
    'initdb: error: could not create directory "/d/postgres.part/base": No space left on device',
    'No space is left in /d; free some, or set INGLE_DATA_DIR to a folder with more',
  ],
  [
    '2026-01-01 00:00:00.000 UTC [12] FATAL:  could not write lock file "postmaster.pid": No space left on device',
    'No space is left in /d; free some, or set INGLE_DATA_DIR to a folder with more',
  ],
  [
    'initdb: error: could not look up effective user ID 12345: user does not exist',
    'PostgreSQL needs a name for the user it runs as; add a line for it to /etc/passwd, or set DATABASE_URL',
  ],
  [
    'LOG:  starting\nFATAL:  could not map anonymous shared memory: Cannot allocate memory\nHINT:  reduce',
    'PostgreSQL does not start in /d: could not map anonymous shared memory: Cannot allocate memory',
  ],
])('%s', (said, told) => {
  expect(refusal('/d', said).message).toBe(told)
})

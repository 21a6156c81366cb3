import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../src/base/root.js'
import { type FreshDatabase, freshDatabase } from '../support/database.js'
import { Releases } from '../terminology/fixtures.js'

let database: FreshDatabase
const releases = new Releases()
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(async () => {
  await database.drop()
  releases.remove()
})

/** Runs the built command as npm does. */
function run(...args: string[]) {
  const env = { PATH: process.env.PATH, DATABASE_URL: database.url }
  return new Promise<{ code: number; out: string; error: string }>((resolve) => {
    execFile(process.execPath, [join(root, 'dist/src/cli/terminology.js'), ...args], { env }, (failure, out, error) =>
      resolve({ code: Number(failure?.code ?? 0), out, error }),
    )
  })
}

describe('npm run terminology', () => {
  it('loads, lists and removes, on a database that no server has opened yet', async () => {
    const path = releases.write({ 'carc.csv': 'Code,Description\n1,One\n2,Two\n' })
    const url = 'https://x12.org/codes/claim-adjustment-reason-codes'
    expect(await run('list')).toEqual({ code: 0, out: 'No code system is loaded\n', error: '' })
    const loaded = await run('load', 'carc', path, '--version', '2026')
    expect([loaded.code, loaded.out]).toEqual([0, expect.stringContaining(`${url}|2026: 2 concepts`)])
    expect((await run('list')).out).toContain(`${url}|2026  2 concepts  loaded`)
    expect((await run('remove', `${url}|2026`)).out).toContain(`Removed: ${url}|2026`)
    expect((await run('list')).out).toBe('No code system is loaded\n')
  })

  it.each([
    [['--help'], 0, 'Usage: npm run terminology'],
    [[], 2, 'Say load NAME PATH…, list, or remove URL'],
    [['load', 'icd11', 'x'], 2, 'There is no loader icd11; there are icd10cm'],
    [['load', 'carc', '/nowhere'], 1, 'There is no file or folder /nowhere'],
    [['remove', 'http://example.org'], 1, 'http://example.org is not loaded'],
    [['list', '--tenant', 'x'], 2, '--tenant is not a whole number from 0'],
  ])('%j ends with %i', async (args, code, said) => {
    const ended = await run(...args)
    expect([ended.code, ended.out + ended.error]).toEqual([code, expect.stringContaining(said)])
    expect(ended.error).not.toContain('    at ')
  })
})

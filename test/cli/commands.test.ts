import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../src/base/root.js'
import { FakeServer } from './fake-server.js'

let folder: string
let server: FakeServer
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingle-commands-'))
  mkdirSync(join(folder, 'in'))
  writeFileSync(
    join(folder, 'in', 'a.ndjson'),
    '{"resourceType":"Patient","id":"a"}\n{"resourceType":"Patient","id":"b"}',
  )
  server = await new FakeServer().start()
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

/** Runs the built command as npm does. */
function run(command: string, args: string[], settings: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, INGLE_DATA_DIR: folder, ...settings }
  return new Promise<{ code: number; out: string; error: string }>((resolve) => {
    execFile(process.execPath, [join(root, `dist/src/cli/${command}.js`), ...args], { env }, (failure, out, error) =>
      resolve({ code: Number(failure?.code ?? 0), out, error }),
    )
  })
}

describe.each(['load', 'seed', 'bench'])('npm run %s', (command) => {
  it('explains itself', async () => {
    const { code, out } = await run(command, ['--help'])
    expect([code, out]).toEqual([0, expect.stringContaining(`Usage: npm run ${command}`)])
  })

  it.each([
    [['--nonsense'], 'nonsense'],
    [['--url', 'ftp://x'], '--url is not an http: URL'],
  ])('refuses %j with a line that says why', async (args, why) => {
    const { code, error } = await run(command, command === 'load' ? [join(folder, 'in'), ...args] : args)
    expect([code, error]).toEqual([2, expect.stringContaining(why)])
    expect(error).not.toContain('    at ')
  })

  it('says that no server answers', async () => {
    const path = command === 'load' ? [join(folder, 'in')] : []
    const { code, error } = await run(command, [...path, '--url', 'http://127.0.0.1:1/fhir'])
    expect([code, error]).toEqual([1, expect.stringContaining('No server answers at http://127.0.0.1:1/fhir')])
    expect(error).not.toContain('    at ')
  })

  it('names a setting that is wrong', async () => {
    const { code, error } = await run(command, [folder], { PORT: 'x' })
    expect([code, error]).toEqual([2, expect.stringContaining('PORT is "x"')])
  })
})

describe('npm run load', () => {
  it('tells what it stored, and the second time that it was there', async () => {
    const first = await run('load', [join(folder, 'in'), '--url', server.url])
    expect([first.code, first.out]).toEqual([
      0,
      expect.stringMatching(/2 resources stored from 1 file [\s\S]* 2 Patient/),
    ])
    const second = await run('load', [join(folder, 'in'), '--url', server.url])
    expect([second.code, second.out]).toEqual([0, expect.stringContaining('1 file with 2 resources skipped')])
    expect(server.received).toHaveLength(1)
  })

  it('exits with 1 when something was not stored, and with 2 when there is nothing to read', async () => {
    writeFileSync(join(folder, 'bad.json'), '{')
    expect(await run('load', [join(folder, 'bad.json'), '--url', server.url])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/1 failure:\n {2}1 × not JSON with a resourceType\n {6}bad.json/),
    })
    expect(await run('load', [join(folder, 'missing')])).toMatchObject({
      code: 2,
      error: expect.stringContaining('does not exist'),
    })
    expect(await run('load', [])).toMatchObject({ code: 2, error: expect.stringContaining('a PATH is missing') })
  })
})

it('npm run seed stores the population that was asked for', async () => {
  const { code, out } = await run('seed', ['--patients', '2', '--url', server.url])
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/^Population 1, 2 patients\n[\d,]+ resources stored from 3 files/),
  ])
})

describe('npm run packages', () => {
  it.each<[string[], number, string]>([
    [['--help'], 0, 'Usage: npm run packages'],
    [['list'], 0, 'no packages beside R4'],
    [['list', '--nonsense'], 2, 'nonsense'],
    [['add'], 2, 'A PACKAGE is missing'],
    [['add', './none.tgz'], 1, './none.tgz does not exist'],
    [['list', '--url', 'http://127.0.0.1:1/fhir'], 1, 'No server answers at http://127.0.0.1:1/fhir'],
  ])('with %j exits with %i', async (args, code, text) => {
    const url = args.includes('--url') || args.includes('--help') ? [] : ['--url', server.url]
    const { code: exit, out, error } = await run('packages', [...args, ...url])
    expect([exit, out + error]).toEqual([code, expect.stringContaining(text)])
    expect(error).not.toContain('    at ')
  })
})

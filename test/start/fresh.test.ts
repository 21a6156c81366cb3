import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { root } from '../../src/base/root.js'

const project = mkdtempSync(join(tmpdir(), 'ingle-fresh-'))
afterAll(() => rmSync(project, { recursive: true }))

const anHourAgo = Date.now() / 1000 - 3600

/** A project with one source, all of it old, and this program in its dist. */
beforeEach(() => {
  rmSync(project, { recursive: true, force: true })
  for (const name of ['src/deep', 'migrations', 'build', 'dist/src'])
    mkdirSync(join(project, name), { recursive: true })
  for (const name of ['cli/fresh.js', 'base/root.js'])
    cpSync(join(root, 'dist/src', name), join(project, 'dist/src', name))
  writeFileSync(join(project, 'src/deep/a.ts'), '')
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  for (const name of ['src/deep/a.ts', 'src/deep', 'src', 'migrations', 'package.json']) touch(name)
})

function touch(name: string, seconds = anHourAgo): void {
  utimesSync(join(project, name), seconds, seconds)
}

function fresh(...flags: string[]): number {
  try {
    execFileSync(process.execPath, [join(project, 'dist/src/cli/fresh.js'), ...flags], { stdio: 'ignore' })
    return 0
  } catch (error) {
    return (error as { status: number }).status
  }
}

it('is not fresh before the first build, and is after it', () => {
  expect(fresh()).toBe(1)
  expect(fresh('--built')).toBe(0)
  expect(fresh()).toBe(0)
})

it.each(['src/deep/a.ts', 'package.json', 'src/deep'])('is not fresh when %s changed since', (name) => {
  fresh('--built')
  touch(name, Date.now() / 1000 + 60)
  expect(fresh()).toBe(1)
})

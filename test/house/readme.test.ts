import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { settingsTable } from '../../src/base/config.js'
import { root } from '../../src/base/root.js'

const readme = readFileSync(join(root, 'README.md'), 'utf8')

it('has the settings as they are; `npx vitest run test/house -u` writes them', async () => {
  const table = /(?<=<!-- settings -->\n).*?(?=<!-- \/settings -->)/s
  expect(readme).toMatch(table)
  const current = readme.replace(table, () => `\n${settingsTable()}\n\n`)
  await expect(current).toMatchFileSnapshot(join(root, 'README.md'))
})

it('quotes what the server says when it does not start', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
  const section = /## When it does not start\n(.*?)\n## /s.exec(readme)![1]!
  const messages = [...section.matchAll(/^\| (.*?) \|/gm)].map(([, message]) => message!).slice(1)
  expect(messages.length).toBeGreaterThan(15)
  // An ellipsis stands for what the code fills in: what is between them is in one source, in this order.
  const unsaid = messages.filter((message) => {
    const parts = message.split('…').map((part) => part.trim())
    return !sources.some((source) => parts.every((part) => source.includes(part)))
  })
  expect(unsaid).toEqual([])
})

const pages = ['', 'docs', 'docs/decisions', 'conformance'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
)

it.each(pages)('%s links to files that are there', (page) => {
  const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(
    ([, link]) => link!,
  )
  expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([])
})

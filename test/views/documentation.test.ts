import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../../src/base/root.js'
import { openViews, type ViewServer } from './server.js'

// docs/sql-on-fhir.md shows what is answered: here its requests are sent.

const blocks = [...readFileSync(join(root, 'docs', 'sql-on-fhir.md'), 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms)]
const data = blocks[0]![2]
const examples = blocks.flatMap(([, language, request], i) => {
  return language === 'http' ? [[request!.slice(0, request!.indexOf('\n')), request!, blocks[i + 1]![2]!] as const] : []
})

let server: ViewServer
beforeAll(async () => {
  server = await openViews()
  await server.expect(200, 'POST ', { body: data })
})
afterAll(() => server.stop())

it('has three examples', () => expect(examples).toHaveLength(3))

it.each(examples)('%s', async (_, request, shown) => {
  const [head = '', body] = request.split('\n\n', 2)
  const [first = '', ...lines] = head.split('\n')
  const headers = Object.fromEntries(lines.map((line) => line.split(': ', 2) as [string, string]))
  const { text } = await server.expect(200, first.replace('/fhir/', ''), { body, headers })
  expect(text.replaceAll('\r\n', '\n').trim()).toBe(shown.trim())
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Bundle } from '@medplum/fhirtypes'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../../src/base/root.js'
import { OPERATORS } from '../../src/search/filter.js'
import { CURRENT } from '../../src/search/lists.js'
import { RESULT_PARAMETERS } from '../../src/search/request.js'
import { openServer, type RestServer } from '../rest/server.js'
import { examples } from './example.js'

// docs/search.md shows what is found: here its searches are sent.

const page = readFileSync(join(root, 'docs', 'search.md'), 'utf8')

/** `| … | `Patient?name=ash` | ada +clinic |`: a plus is what is included. */
const searches = [...page.matchAll(/ `([A-Z][A-Za-z/]+\?[^`]+|\?[^`]+)` \| ?([^|\n]*?) ?\|$/gm)].map(
  ([, search, found]) => [search!.replaceAll('\\|', '|'), found!.trim()] as const,
)

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  expect((await server.transact(examples)).status).toBe(200)
})
afterAll(() => server.stop())

it('has an example in each line of its tables', () => {
  const lines = page.split('\n').filter((line) => /^\| (?!\|)/.test(line) && !/\| (Finds here|see below) \|/.test(line))
  expect(searches.length).toBe(lines.length)
})

it.each(searches)('%s finds %s', async (search, found) => {
  const { json } = await server.expect(200, `GET ${escaped(search)}`)
  const entries = ((json as Bundle).entry ?? []).filter(({ search }) => search?.mode !== 'outcome')
  const ids = entries.map(({ resource, search }) => (search?.mode === 'include' ? '+' : '') + resource!.id)
  expect(ids.join(' ')).toBe(found)
})

it.each([...RESULT_PARAMETERS, ...OPERATORS, ...Object.keys(CURRENT)])('says what %s is', (name) =>
  expect(page).toContain(`\`${name}\``),
)

/** As a client sends it. */
function escaped(search: string): string {
  const [path, query] = search.split(/\?(.*)/s)
  return `${path}?${query!
    .split('&')
    .map((pair) => pair.replace(/=(.*)/s, (_, value) => `=${encodeURIComponent(value)}`))
    .join('&')}`
}

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../src/base/root.js'
import { openServer, type RestServer } from '../rest/server.js'
import { type Feature, fixture } from './feature.js'
import { interactions } from './interactions.js'
import { search } from './search.js'

// Each line of docs/fhir-coverage.md that says yes has been done here, by HTTP.

let server: RestServer
beforeAll(async () => {
  server = await openServer({ INGLE_MAX_CONDITIONAL_DELETES: '10', INGLE_MAX_INCLUDES: '5' })
  for (const resource of fixture)
    await server.expect(201, `PUT ${resource.resourceType}/${resource.id}`, { body: resource })
})
afterAll(() => server.stop())

const shown = new Set<Feature>()
const tables: [title: string, features: Feature[]][] = [
  ['Interactions', interactions],
  ['Search', search],
]

describe.each(tables)('%s', (_, features) => {
  for (const one of features) {
    if (!one.check) continue
    it(one.feature, async () => {
      await one.check(server)
      shown.add(one)
    })
  }
})

const line = (one: Feature) => `| ${one.feature} | ${one.check ? 'yes' : 'no'} | ${one.says.replaceAll('|', '\\|')} |`
const table = ([title, features]: (typeof tables)[number]) =>
  [`## ${title}`, '', '| Feature | | |', '|---|---|---|', ...features.map(line)].join('\n')

it('docs/fhir-coverage.md has what was shown; `npx vitest run test/coverage -u` writes it', async () => {
  const unshown = tables.flatMap(([, features]) => features).filter((one) => one.check && !shown.has(one))
  expect(unshown.map(({ feature }) => feature)).toEqual([])
  const text = `# What of FHIR R4 is there

Written by \`test/coverage/coverage.test.ts\`: a line says *yes* when its check, a request or more by HTTP, has passed.

${tables.map(table).join('\n\n')}
`
  await expect(text).toMatchFileSnapshot(join(root, 'docs/fhir-coverage.md'))
})

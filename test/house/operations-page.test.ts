import { join } from 'node:path'
import type { Parameters, Task } from '@medplum/fhirtypes'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../../src/base/root.js'
import { operations } from '../../src/features.js'
import { definitionId } from '../../src/rest/operation-definition.js'
import { openServer, type RestServer } from '../rest/server.js'
import { examples as resources } from './example.js'
import { examples, operationsPage } from './operations-page.js'

let server: RestServer
beforeAll(async () => {
  // A reindex of one patient a minute can be cancelled.
  server = await openServer({
    INGLE_EXPUNGE_ENABLED: 'on',
    INGLE_REINDEX_SLICE: '1',
    INGLE_REINDEX_PAUSE_MS: '60000',
  })
  expect((await server.transact(resources)).status).toBe(200)
})
afterAll(() => server.stop())

it('has an example of each operation', () =>
  expect(Object.keys(examples).sort()).toEqual(operations.map(definitionId).sort()))

const named: Record<string, string> = {}

it.each(Object.entries(examples))('%s is answered', async (_, { request, type, body, headers: sent }) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  // GraphQL has braces, too.
  const filled = text?.replace(/\{(job|task)\}/g, (_, name: string) => named[name]!)
  const { status, headers, json } = await server.ask(request, { body: filled, type, headers: sent })
  expect(status, JSON.stringify(json)).toBe(/\$(reindex\?|export)/.test(request) ? 202 : 200)
  const job = headers.get('content-location')?.split('job=')[1]
  if (job) named.job = job
  const task = (json as Parameters | undefined)?.parameter?.find(({ name }) => name === 'task')?.resource as Task
  if (task) named.task = task.id!
})

it('docs/operations.md has them as they are; `npx vitest run test/house -u` writes it', async () => {
  await expect(operationsPage(operations)).toMatchFileSnapshot(join(root, 'docs', 'operations.md'))
})

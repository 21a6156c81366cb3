import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Parameters, Task } from '@medplum/fhirtypes'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { root } from '../../src/base/root.js'
import { operations } from '../../src/features.js'
import { definitionId } from '../../src/rest/operation-definition.js'
import { openServer, type RestServer } from '../rest/server.js'
import { examples as resources } from './example.js'
import { examples, operationsPage } from './operations-page.js'

const releases = mkdtempSync(join(tmpdir(), 'ingle-releases-'))

let server: RestServer
beforeAll(async () => {
  writeFileSync(
    join(releases, 'pos.csv'),
    'Place of Service Code(s),Place of Service Name,Place of Service Description\n97,Moon,A place above\n',
  )
  // A reindex of one patient a minute can be cancelled.
  server = await openServer({
    INGLE_EXPUNGE_ENABLED: 'on',
    INGLE_REINDEX_SLICE: '1',
    INGLE_REINDEX_PAUSE_MS: '60000',
    INGLE_TERMINOLOGY_DIR: releases,
  })
  const owner = new pg.Client(server.database.connection)
  await owner.connect()
  await owner.query('create extension pg_stat_statements')
  await owner.end()
  expect((await server.transact(resources)).status).toBe(200)
})
afterAll(async () => {
  await server.stop()
  rmSync(releases, { recursive: true })
})

it('has an example of each operation', () =>
  expect(Object.keys(examples).sort()).toEqual(operations.map(definitionId).sort()))

const named: Record<string, string> = {}

it.each(Object.entries(examples))('%s is answered', async (_, { request, type, body, headers: sent }) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  // GraphQL has braces, too.
  const filled = text?.replace(/\{(job|task)\}/g, (_, name: string) => named[name]!)
  const { status, headers, json } = await server.ask(request, { body: filled, type, headers: sent })
  expect(status, JSON.stringify(json)).toBe(/\$(reindex\?|export|load-terminology)/.test(request) ? 202 : 200)
  const job = headers.get('content-location')?.split('job=')[1]
  if (job) named.job = job
  const task = (json as Parameters | undefined)?.parameter?.find(({ name }) => name === 'task')?.resource as Task
  if (task) named.task = task.id!
})

it('docs/operations.md has them as they are; `npx vitest run test/house -u` writes it', async () => {
  await expect(operationsPage(operations)).toMatchFileSnapshot(join(root, 'docs', 'operations.md'))
})

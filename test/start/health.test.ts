import { afterAll, beforeAll, expect, it } from 'vitest'
import { readConfig } from '../../src/base/config.js'
import { version } from '../../src/base/version.js'
import { type Running, start } from '../../src/start.js'
import { type FreshDatabase, freshDatabase } from '../support/database.js'

let database: FreshDatabase
let server: Running
beforeAll(async () => {
  database = await freshDatabase()
  server = await start(readConfig({ PORT: '0', DATABASE_URL: database.url, LOG_LEVEL: 'silent' }), () => {})
})
afterAll(async () => {
  await server?.stop()
  await database.drop()
})

it('/livez and /readyz say so in a word', async () => {
  const [live, ready] = await Promise.all(['livez', 'readyz'].map((path) => fetch(`${server.url}/${path}`)))
  expect([live!.status, await live!.json()]).toEqual([200, { status: 'live' }])
  expect([ready!.status, await ready!.json()]).toEqual([200, { status: 'ready' }])
})

it('/health tells versions, uptime and migrations, and no secrets', async () => {
  const answer = await fetch(`${server.url}/health`)
  const text = await answer.text()
  expect(JSON.parse(text)).toEqual({
    status: 'ready',
    version,
    uptimeSeconds: expect.any(Number),
    database: { status: 'up', version: expect.stringMatching(/^18\.\d+$/), roundTripMs: expect.any(Number) },
    migrations: expect.arrayContaining(['0001_resource_store']),
  })
  expect(text).not.toContain(database.connection.password)
})

it("/metrics is Prometheus' text, a line for each number", async () => {
  const answer = await fetch(`${server.url}/metrics`)
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = (await answer.text()).split('\n').filter(Boolean)
  expect(lines).toContainEqual(expect.stringMatching(/^db_pool_total \d+$/))
  for (const line of lines) {
    expect(line).toMatch(
      /^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? (-?[\d.]+(e[+-]?\d+)?|NaN|[+-]Inf))$/,
    )
  }
})

import { afterAll, beforeAll, expect, it } from 'vitest'
import { readConfig } from '../../src/base/config.js'
import { openLog } from '../../src/base/log.js'
import { start } from '../../src/start.js'
import { type FreshDatabase, freshDatabase } from '../support/database.js'
import { storesWhatHasTheForm } from '../support/settings.js'

// A slow search stands in the log with the template of its URL and its plan, and its statement with the same hash.

let database: FreshDatabase
let url: string
let stop: () => Promise<void>
const lines: Record<string, unknown>[] = []

beforeAll(async () => {
  database = await freshDatabase()
  // Zero milliseconds are too long for any search.
  const settings = {
    DATABASE_URL: database.url,
    PORT: '0',
    LOG_LEVEL: 'warn',
    INGLE_POOL_MIN: '1',
    INGLE_SLOW_QUERY_MS: '0',
    ...storesWhatHasTheForm,
  }
  const log = openLog('warn', { write: (line) => void lines.push(JSON.parse(line)) })
  const running = await start(readConfig(settings), () => {}, log)
  url = running.url
  stop = running.stop
})
afterAll(async () => {
  await stop()
  await database.drop()
})

it('names parameters, plan and statement, and no value', async () => {
  lines.length = 0
  const answer = await fetch(`${url}/fhir/Patient?family=Chalmers&gender=male&_sort=family`)
  expect(answer.status).toBe(200)
  await answer.text()
  const slow = lines.find(({ msg }) => msg === 'slow search')!
  expect(slow).toMatchObject({
    level: 'warn',
    template: '/Patient?family&gender&_sort',
    requestId: answer.headers.get('x-request-id'),
  })
  const [plan] = slow.plans as Record<string, unknown>[]
  expect(plan).toMatchObject({ way: 'candidates', by: ['token'], expected: expect.any(Number) })
  const statements = lines.filter(({ msg }) => msg === 'slow statement')
  expect(statements.map(({ statement }) => statement)).toContain(plan!.statement)
  expect(statements.find(({ statement }) => statement === plan!.statement)!.sql).toContain('from resource r')
  expect(JSON.stringify(lines)).not.toMatch(/chalmers/i)
})

import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../rest/server.js'

// Rows DB-11 and PP-15: of a type with many resources, how common a string is decides how it is looked for.

const ALL = 21_000
const RARE = 3

let server: RestServer
beforeAll(async () => {
  server = await openServer()
  for (let at = 0; at < ALL; at += 3000) {
    const entry = Array.from({ length: 3000 }, (_, i) => ({
      resource: {
        resourceType: 'Patient',
        active: true,
        name: [{ family: at + i < RARE ? `Zebedee${i}` : `Johnson${at + i}` }],
      },
      request: { method: 'POST', url: 'Patient' },
    }))
    expect((await server.transact(entry, { Prefer: 'return=minimal' })).status).toBe(200)
  }
  const session = new pg.Client(server.database.connection)
  await session.connect()
  await session.query('vacuum analyze')
  await session.end()
}, 60_000)
afterAll(() => server.stop())

describe('among many', () => {
  it.each([
    ['name:contains=ohns', /the order of the page/, 20],
    ['name=john&active=true', /the order of the page/, 20],
    ['name:contains=ebed', /name:contains: the index of parts of strings leads to its matches/, RARE],
    ['name=zebedee', /name: the string index leads to its matches/, RARE],
    ['name:contains=nobody', /name:contains: the index of parts of strings leads to its matches/, 0],
  ])('%s', async (query, said, found) => {
    const { json: outcome } = await server.expect(200, `GET Patient/$explain?${query}`)
    expect(JSON.stringify(outcome)).toMatch(said)
    const { json } = await server.expect(200, `GET Patient?${query}&_count=20`)
    expect(json.entry?.length ?? 0).toBe(found)
  })

  it('every match is on some page', async () => {
    const { json } = await server.expect(200, 'GET Patient?name=john&_count=1000&_total=accurate')
    expect([json.total, json.entry.length]).toEqual([ALL - RARE, 1000])
  })
})

import pg from 'pg'
import { expect, it } from 'vitest'
import { openServer } from '../rest/server.js'

// Plans are made once for each session: those that are made while the tables are thought to be empty are slow for long.

it('a first load in one transaction is known to PostgreSQL once it is there', async () => {
  const server = await openServer()
  const session = new pg.Client(server.database.connection)
  await session.connect()
  try {
    const resource = { resourceType: 'Basic', code: { text: 'x' } }
    const entry = Array.from({ length: 2000 }, () => ({ resource, request: { method: 'POST', url: 'Basic' } }))
    expect((await server.transact(entry)).status).toBe(200)
    const known = async () =>
      (
        await session.query<{ n: number }>(
          `select min(reltuples)::int as n from pg_class where relname in ('resource', 'version')`,
        )
      ).rows[0]!.n
    await expect.poll(known, { timeout: 5000 }).toBe(2000)
  } finally {
    await session.end()
    await server.stop()
  }
})

import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServer, type RestServer } from '../server.js'

// Row DB-17: what the database spends its time on.

interface Part {
  name: string
  valueString?: string
  valueDecimal?: number
}

let server: RestServer
let owner: pg.Client
beforeAll(async () => {
  server = await openServer()
  owner = new pg.Client(server.database.connection)
  await owner.connect()
})
afterAll(async () => {
  await owner.end()
  await server.stop()
})

const told = async (query = '') => {
  const { json } = await server.expect(200, `GET $statements${query}`)
  return (json.parameter as { part: Part[] }[]).map(({ part }) =>
    Object.fromEntries(part.map(({ name, valueString, valueDecimal }) => [name, valueString ?? valueDecimal])),
  )
}

describe('$statements', () => {
  it('says what is missing when the database does not count its statements', async () => {
    await owner.query('drop extension if exists pg_stat_statements')
    const { json } = await server.expect(422, 'GET $statements')
    expect(json.issue[0].diagnostics).toContain('create extension pg_stat_statements')
  })

  it('tells the dearest first, without values', async () => {
    await owner.query('create extension if not exists pg_stat_statements')
    for (let i = 0; i < 3; i++) await server.expect(200, 'GET Patient?family=Distinctive&birthdate=1971-03-04')
    const statements = await told('?_count=200&order=calls')
    const search = statements.find(({ sql }) => /resource r/.test(String(sql)) && /string_value v/.test(String(sql)))!
    expect(search).toMatchObject({
      query: expect.stringMatching(/^-?\d+$/),
      calls: 3,
      meanMs: expect.any(Number),
      maxMs: expect.any(Number),
    })
    const calls = statements.map((one) => Number(one.calls))
    expect(calls).toEqual([...calls].sort((a, b) => b - a))
    expect(JSON.stringify(statements)).not.toContain('Distinctive')
    expect(JSON.stringify(statements)).not.toContain('1971')
  })

  it.each(['total', 'mean', 'max'])('is ordered by %s', async (order) => {
    const column = `${order}Ms`
    const values = (await told(`?order=${order}&_count=5`)).map((one) => Number(one[column]))
    expect(values.length).toBe(5)
    expect(values).toEqual([...values].sort((a, b) => b - a))
  })

  it.each([
    ['order=dearest', 'total, mean, max, calls'],
    ['_count=201', '200 at most'],
  ])('refuses %s', async (query, said) => {
    const { json } = await server.expect(400, `GET $statements?${query}`)
    expect(json.issue[0].diagnostics).toContain(said)
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cleanUp, serve } from '../start/server.js'
import { type FreshDatabase, freshDatabase } from '../support/database.js'
import { type Sessions, sessionsOf } from './sessions.js'

// kill -9 of the server while it works on transactions of five entries each.

const TRANSACTIONS = 100

let database: FreshDatabase
let sessions: Sessions
beforeAll(async () => {
  database = await freshDatabase()
  sessions = await sessionsOf(database)
})
afterAll(async () => {
  cleanUp()
  await sessions.close()
  await database.drop()
})

const bundle = (text: string) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: Array.from({ length: 5 }, () => ({
    resource: { resourceType: 'Basic', code: { text } },
    request: { method: 'POST', url: 'Basic' },
  })),
})

/** Posts the transactions, eight at once; those that are answered. */
async function post(url: string, texts: string[], keyed: boolean, onAnswer = () => {}): Promise<Map<string, string>> {
  const answers = new Map<string, string>()
  const waiting = [...texts]
  const client = async () => {
    for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) {
      const answer = await fetch(`${url}/fhir`, {
        method: 'POST',
        headers: { 'content-type': 'application/fhir+json', ...(keyed && { 'idempotency-key': text }) },
        body: JSON.stringify(bundle(text)),
      })
      const body = await answer.text()
      expect([answer.status, body]).toEqual([200, expect.stringContaining('transaction-response')])
      answers.set(text, body)
      onAnswer()
    }
  }
  // The connections of those that run break when the server is killed.
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, client))
  for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason.name).toBe('TypeError')
  return answers
}

/** How many resources there are of each transaction that left any. */
async function stored(prefix: string): Promise<Map<string, number>> {
  const { rows } = await sessions.client.query<{ text: string; n: number }>(
    `select content->'code'->>'text' as text, count(*)::int as n from current_resource
     where content->'code'->>'text' like $1 group by 1`,
    [`${prefix}%`],
  )
  return new Map(rows.map(({ text, n }) => [text, n]))
}

describe.each([
  ['without a key', false],
  ['with an Idempotency-Key', true],
])('a server that is killed, %s', (name, keyed) => {
  it(`has each transaction whole or not at all, and all that it answered${keyed ? ', and each once when they are sent again' : ''}`, async () => {
    const texts = Array.from({ length: TRANSACTIONS }, (_, n) => `${name} ${n}`)
    const first = serve({ DATABASE_URL: database.url })
    let answered = 0
    const answers = await post(await first.url, texts, keyed, () => {
      if (++answered === TRANSACTIONS / 4) first.kill('SIGKILL')
    })
    expect(await first.ended).toBe('SIGKILL')
    expect(answers.size).toBeLessThan(TRANSACTIONS)
    // What the server sent last may still be at work in PostgreSQL.
    await expect.poll(sessions.count, { timeout: 5000 }).toBe(0)
    const left = await stored(name)
    expect([...left.values()].filter((n) => n !== 5)).toEqual([])
    expect([...answers.keys()].filter((text) => !left.has(text))).toEqual([])

    const second = serve({ DATABASE_URL: database.url })
    const url = await second.url
    expect(await (await fetch(`${url}/fhir/Basic?_summary=count`)).json()).toMatchObject({
      total: [...(await stored('')).values()].reduce((sum, n) => sum + n, 0),
    })
    if (keyed) {
      const again = await post(url, texts, keyed)
      expect(again.size).toBe(TRANSACTIONS)
      for (const [text, answer] of answers) expect(again.get(text)).toBe(answer)
      expect([...(await stored(name)).values()]).toEqual(texts.map(() => 5))
    }
    second.kill('SIGTERM')
    expect(await second.ended).toBe(0)
  })
})

import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import type { Bundle, Resource } from '@medplum/fhirtypes'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { bench } from '../../src/cli/bench/bench.js'
import { Client } from '../../src/cli/bench/client.js'
import { drive } from '../../src/cli/bench/drive.js'
import { databaseLimits, httpLimit, withDatabase } from '../../src/cli/bench/limits.js'
import { median, toMarkdown } from '../../src/cli/bench/report.js'
import { asNew, cycle, templates } from '../../src/cli/bench/templates.js'
import { population } from '../../src/cli/seed/population.js'
import { freshDatabase } from '../support/database.js'

let server: Server | undefined
afterEach(() => {
  server?.close()
  server = undefined
})

/** A server that sends these pieces for every request, a tick apart. */
async function answering(...pieces: string[]): Promise<string> {
  const listening = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', async () => {
      for (const piece of pieces) {
        socket.write(piece)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    })
  })
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/fhir`
}

describe('the client', () => {
  it.each([
    ['a length', ['HTTP/1.1 201 Created\r\nContent-Length: 7\r\nLocation: x/1\r\n\r\n{"a":1}']],
    ['a head and a body in pieces', ['HTTP/1.1 201 Crea', 'ted\r\nContent-Length: 7\r\n', '\r\n{"a"', ':1}']],
    [
      'chunks',
      ['HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n', '4\r\n":1}\r\n0', '\r\n\r\n'],
    ],
  ])('reads an answer with %s, twice on one connection', async (_, pieces) => {
    const client = new Client(await answering(...pieces))
    for (const body of [undefined, 'x']) {
      const answer = await client.request('POST', '/Patient', body)
      expect([answer.status, answer.body.toString()]).toEqual([201, '{"a":1}'])
    }
    client.close()
  })

  it('reads an answer without a body', async () => {
    const client = new Client(await answering('HTTP/1.1 204 No Content\r\nETag: W/"2"\r\n\r\n'))
    expect(await client.request('DELETE', '/Patient/1')).toMatchObject({
      status: 204,
      head: expect.stringContaining('W/"2"'),
    })
    client.close()
  })

  it('fails when the connection ends early, and connects anew', async () => {
    let number = 0
    const listening = createServer((request, response) => (number++ ? response.end('{}') : request.socket.destroy()))
    server = listening
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    const client = new Client(`http://127.0.0.1:${(listening.address() as AddressInfo).port}`)
    await expect(client.get('/')).rejects.toThrow('closed')
    expect((await client.get('/')).body.toString()).toBe('{}')
    client.close()
  })
})

describe('a round', () => {
  it('counts right answers and their units, and keeps wrong ones apart with their reason', async () => {
    let number = 0
    const round = await drive('http://127.0.0.1:1', 2, 0.05, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      return number++ % 2 ? { wrong: 'odd' } : { units: 10 }
    })
    expect(round.units).toBe(round.requests * 10)
    expect(Math.abs(round.wrong - round.requests)).toBeLessThanOrEqual(1)
    expect([...round.reasons]).toEqual(['odd'])
    expect(round.p50).toBeGreaterThan(0.5)
    expect(round.p99).toBeGreaterThanOrEqual(round.p50)
  })

  it('with more than one wrong answer in a thousand makes the figure invalid', async () => {
    const workload = { name: 'w', clients: 1, unit: 'requests' as const }
    const lines: string[] = []
    const { served } = await bench({
      url: 'http://127.0.0.1:1',
      workloads: [
        { ...workload, step: () => new Promise((resolve) => setTimeout(resolve, 1, {})) },
        { ...workload, step: () => new Promise((resolve) => setTimeout(resolve, 1, { wrong: 'no' })) },
      ],
      limits: [],
      rounds: 2,
      seconds: 0.02,
      say: (line) => lines.push(line),
    })
    expect(served.map(({ isInvalid, rounds }) => [isInvalid, rounds.length])).toEqual([
      [false, 2],
      [true, 2],
    ])
    expect(lines[1]).toMatch(/WRONG: no/)
  })

  it('measures node:http alone', async () => {
    const limit = await httpLimit('{}', 0.1)
    expect(await limit.measure()).toBeGreaterThan(100)
    await limit.close()
  })
})

describe('the limits of the database', () => {
  it('are measured in a schema of their own, which is gone afterwards', async () => {
    const database = await freshDatabase()
    const figures = await withDatabase(database.url, async (pool) => {
      const found: [string, number][] = []
      for (const { name, measure } of databaseLimits(pool, [['{"a": "é"}', '{"b": 1.10}'], ['{}']], 0.1)) {
        found.push([name, await measure()])
      }
      return found
    })
    expect(figures.map(([name]) => name.split(',')[0])).toEqual([
      'COPY of key and text',
      'COPY of key and jsonb',
      'insert and commit of one row',
      'read by key',
    ])
    for (const [, perSecond] of figures) expect(perSecond).toBeGreaterThan(10)
    const client = new pg.Client(database.url)
    await client.connect()
    expect((await client.query("select 1 from pg_namespace where nspname = 'ingle_bench'")).rows).toEqual([])
    await client.end()
    await database.drop()
  })
})

describe('what is sent', () => {
  const bundles = [...population({ patients: 3, seed: 1 })]
  const resources = bundles.flatMap(({ entry }) => entry!.map(({ resource }) => resource as Resource))

  it('are POSTs without ids, whose references within the bundle are urn:uuid and resolve', () => {
    const bundle = JSON.parse(asNew(bundles[1]!).toString()) as Bundle
    const fullUrls = new Set(bundle.entry!.map(({ fullUrl }) => fullUrl))
    expect(bundle.entry).toHaveLength(bundles[1]!.entry!.length)
    for (const { resource, request } of bundle.entry!) {
      expect(resource!.id).toBeUndefined()
      expect(request).toEqual({ method: 'POST', url: resource!.resourceType })
    }
    const references = JSON.stringify(bundle)
      .match(/"reference":"[^"]*"/g)!
      .map((text) => text.slice(13, -1))
    const network = new Set(bundles[0]!.entry!.map(({ request }) => request!.url))
    expect(references.filter((reference) => !fullUrls.has(reference) && !network.has(reference))).toEqual([])
    expect(references.some((reference) => fullUrls.has(reference))).toBe(true)
  })

  it('are nine linked resources that refer to those created just before', () => {
    const made = templates(resources)
    const references = new Map(cycle.map((type) => [type as string, `${type}/new-${type}`]))
    const encounter = JSON.parse(made.Encounter(references))
    expect(encounter).toMatchObject({ resourceType: 'Encounter', subject: { reference: 'Patient/new-Patient' } })
    expect(encounter.id).toBeUndefined()
    for (const type of cycle) {
      const resource = JSON.parse(made[type](references, 'x'))
      expect([resource.resourceType, resource.id]).toEqual([type, 'x'])
      const open = cycle
        .slice(0, cycle.indexOf(type))
        .filter((other) => JSON.stringify(resource).includes(`"${other}/`))
      expect(open.filter((other) => !JSON.stringify(resource).includes(`"${other}/new-${other}"`))).toEqual([])
    }
  })
})

describe('the report', () => {
  it('has medians with their range, and each workload as a share of its limits', () => {
    const text = toMarkdown({
      date: new Date('2025-06-30T12:00:00Z'),
      machine: { cpu: 'CPU', cores: 2, memory: 2 ** 34 },
      node: 'v20',
      postgres: '18',
      server: 'Ingle 0.1.0',
      commit: 'abc',
      resources: [10, 2000],
      seconds: 10,
      workloads: [
        { name: 'transaction bundles, 16 clients', unit: 'resources', rounds: [5000, 7000, 6000], p50: 20, p99: 40 },
      ],
      limits: [{ name: 'COPY of key and jsonb, 4 sessions', unit: 'rows', rounds: [40_000, 30_000, 20_000] }],
    })
    expect(text).toContain('| transaction bundles, 16 clients | resources | 6,000 | 5,000 | 7,000 | 20.0 | 40.0 | 0 |')
    expect(text).toContain('| transaction bundles, 16 clients | COPY of key and jsonb, 4 sessions | 0.20 |')
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })
})

import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { superuser } from '../../src/db/embedded/cluster.js'
import { cleanUp, newFolder, postgresesOf, serve, until } from './server.js'

afterAll(cleanUp)

/** A session with the server's own database, by what its folder tells. */
async function session(dir: string): Promise<pg.Client> {
  const port = Number(readFileSync(join(dir, 'postgres/postmaster.pid'), 'utf8').split('\n')[3])
  const password = readFileSync(join(dir, 'password'), 'utf8').trim()
  const client = new pg.Client({ host: '127.0.0.1', port, user: superuser, password, database: 'ingle' })
  client.on('error', () => {}) // It is cut off when PostgreSQL is killed.
  await client.connect()
  return client
}

interface Writing {
  /** Ids that the server said were created. */
  acknowledged: string[]
  /** What else it answered; empty while all goes well. */
  failures: Set<string>
  stop(): Promise<void>
}

/** Eight clients that create patients until they are stopped or the server is gone. */
function writers(url: string): Writing {
  const acknowledged: string[] = []
  const failures = new Set<string>()
  let stopped = false
  const client = async () => {
    while (!stopped) {
      const answer = await fetch(`${url}/fhir/Patient`, {
        method: 'POST',
        headers: { 'content-type': 'application/fhir+json' },
        body: '{"resourceType":"Patient","name":[{"family":"Chalmers"}]}',
      })
      const { id } = (await answer.json()) as { id: string }
      if (answer.status === 201) acknowledged.push(id)
      else failures.add(`${answer.status} ${answer.headers.has('retry-after') ? 'with' : 'without'} Retry-After`)
    }
  }
  const clients = Array.from({ length: 8 }, () => client().catch(() => {}))
  const stop = async () => {
    stopped = true
    await Promise.all(clients)
  }
  return { acknowledged, failures, stop }
}

/** Those of the patients that the server does not have. */
async function missing(url: string, ids: string[]): Promise<string[]> {
  const lost: string[] = []
  for (let i = 0; i < ids.length; i += 32) {
    await Promise.all(
      ids.slice(i, i + 32).map(async (id) => {
        const answer = await fetch(`${url}/fhir/Patient/${id}`)
        await answer.arrayBuffer()
        if (answer.status !== 200) lost.push(id)
      }),
    )
  }
  return lost
}

describe('the embedded PostgreSQL', () => {
  it('is stopped by SIGTERM in good order, and what it held is there at the next start', async () => {
    const dir = newFolder()
    const first = serve({ INGLE_DATA_DIR: dir })
    await first.url
    const client = await session(dir)
    await client.query('create table kept as select 42 as answer')
    await client.end()
    first.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(postgresesOf(dir)).toEqual([])

    const second = serve({ INGLE_DATA_DIR: dir })
    await second.url
    expect(second.said()).not.toMatch(/Initialising|recovers|left running/)
    const again = await session(dir)
    expect((await again.query('select answer from kept')).rows).toEqual([{ answer: 42 }])
    await again.end()
    second.kill('SIGINT')
    expect(await second.ended).toBe(0)
    expect(postgresesOf(dir)).toEqual([])
  })

  it.each(['the server', 'everything'])('loses no acknowledged write when %s is killed under load', async (victim) => {
    const dir = newFolder()
    const first = serve({ INGLE_DATA_DIR: dir })
    const writing = writers(await first.url)
    await expect.poll(() => writing.acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(500)
    const orphans = postgresesOf(dir)
    first.kill('SIGKILL')
    if (victim === 'everything') for (const pid of orphans) process.kill(pid, 'SIGKILL')
    await first.ended
    await writing.stop()

    const second = serve({ INGLE_DATA_DIR: dir })
    const url = await second.url
    expect(await missing(url, writing.acknowledged)).toEqual([])
    second.kill('SIGTERM')
    expect(await second.ended).toBe(0)
    expect(postgresesOf(dir)).toEqual([])
  })

  it('starts although postmaster.pid names a process that is by now another program', async () => {
    const dir = newFolder()
    const first = serve({ INGLE_DATA_DIR: dir })
    await first.url
    const pidFile = join(dir, 'postgres/postmaster.pid')
    const lines = readFileSync(pidFile, 'utf8').split('\n')
    first.kill('SIGTERM')
    await first.ended
    writeFileSync(pidFile, [process.pid, ...lines.slice(1)].join('\n'))

    const second = serve({ INGLE_DATA_DIR: dir })
    await until(200, `${await second.url}/readyz`)
    second.kill('SIGTERM')
    expect(await second.ended).toBe(0)
  })

  it('is started again within 5 s when it is killed, at the same address', async () => {
    const dir = newFolder()
    const server = serve({ INGLE_DATA_DIR: dir })
    const url = await server.url
    const writing = writers(url)
    await expect.poll(() => writing.acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(200)
    const [postmaster] = readFileSync(join(dir, 'postgres/postmaster.pid'), 'utf8').split('\n')
    process.kill(Number(postmaster), 'SIGKILL')
    await until(503, `${url}/readyz`)
    await until(200, `${url}/readyz`, 5000)
    const before = writing.acknowledged.length
    await expect.poll(() => writing.acknowledged.length, { timeout: 5000 }).toBeGreaterThan(before + 100)
    await writing.stop()
    expect(writing.failures.size).toBeGreaterThan(0)
    expect([...writing.failures].filter((failure) => failure !== '503 with Retry-After')).toEqual([])
    expect(await missing(url, writing.acknowledged)).toEqual([])
    expect(server.said()).toContain('PostgreSQL ended unexpectedly and is started again')
    server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
    expect(postgresesOf(dir)).toEqual([])
  })

  it('is told to be down when it does not answer', async () => {
    const dir = newFolder()
    const server = serve({ INGLE_DATA_DIR: dir })
    const url = await server.url
    // A session may have begun while the others were stopped.
    const stopped = new Set<number>()
    for (let before = -1; before < stopped.size; ) {
      before = stopped.size
      for (const pid of postgresesOf(dir)) {
        process.kill(pid, 'SIGSTOP')
        stopped.add(pid)
      }
    }
    await until(503, `${url}/readyz`, 5000)
    expect(await (await fetch(`${url}/health`)).json()).toMatchObject({
      status: 'unready',
      database: { status: 'down' },
    })
    for (const pid of stopped) process.kill(pid, 'SIGCONT')
    await until(200, `${url}/readyz`, 5000)
    server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
  })

  it('works in a folder whose path is longer than a socket may have', async () => {
    const dir = join(newFolder(), 'x'.repeat(120))
    mkdirSync(dir, { recursive: true })
    const server = serve({ INGLE_DATA_DIR: dir })
    await until(200, `${await server.url}/readyz`)
    server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
  })
})

describe('a signal', () => {
  /** A request whose body is not complete, so that it runs until told otherwise. */
  async function halfARequest(url: string): Promise<Socket> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.setEncoding('utf8').on('error', () => {})
    await once(socket, 'connect')
    const head = ['POST /fhir/Patient HTTP/1.1', 'Host: x', 'Content-Type: application/fhir+json', 'Content-Length: 27']
    socket.write(`${head.join('\r\n')}\r\n\r\n{"resourceType":`)
    await new Promise((resolve) => setTimeout(resolve, 200))
    return socket
  }

  it('lets running requests finish and takes no new ones', async () => {
    const server = serve({ INGLE_DATA_DIR: newFolder() })
    const url = await server.url
    const socket = await halfARequest(url)
    server.kill('SIGTERM')
    await expect.poll(() => fetch(`${url}/livez`).catch(() => 'refused')).toBe('refused')
    socket.write('"Patient" }')
    const [answer] = await once(socket, 'data')
    expect(answer).toMatch(/^HTTP\/1\.1 201 /)
    expect(await server.ended).toBe(0)
  })

  it('waits no longer than INGLE_SHUTDOWN_SECONDS', async () => {
    const server = serve({ INGLE_DATA_DIR: newFolder(), INGLE_SHUTDOWN_SECONDS: '1' })
    await halfARequest(await server.url)
    const began = Date.now()
    server.kill('SIGTERM')
    expect(await server.ended).toBe(0)
    expect(Date.now() - began).toBeGreaterThan(900)
    expect(Date.now() - began).toBeLessThan(5000)
  })

  it('given twice ends it at once, and PostgreSQL with it', async () => {
    const dir = newFolder()
    const server = serve({ INGLE_DATA_DIR: dir })
    await halfARequest(await server.url)
    server.kill('SIGTERM')
    await expect.poll(server.said).toContain('once more stops at once')
    server.kill('SIGTERM')
    expect(await server.ended).toBe(1)
    await expect.poll(() => postgresesOf(dir), { timeout: 10_000 }).toEqual([])
  })
})

it('several processes share a port, their numbers and one database, and are replaced when they die', async () => {
  const dir = newFolder()
  const server = serve({ INGLE_DATA_DIR: dir, WEB_CONCURRENCY: '2', INGLE_POOL_MIN: '0' })
  const url = await server.url
  const workers = () => readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim().split(' ')
  const before = workers()
  for (let i = 0; i < 10; i++) await fetch(`${url}/fhir/nothing`, { headers: { connection: 'close' } })
  const text = await (await fetch(`${url}/metrics`)).text()
  const counts = [...text.matchAll(/^http_requests_total\{.*\} (\d+)$/gm)].map(([, count]) => Number(count))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10)

  const victim = before.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.js'))!
  process.kill(Number(victim), 'SIGKILL')
  await expect.poll(server.said).toContain(`Process ${victim} ended unexpectedly and is replaced`)
  await expect.poll(() => workers().length, { timeout: 10_000 }).toBe(before.length)
  await until(200, `${url}/readyz`)
  server.kill('SIGTERM')
  expect(await server.ended).toBe(0)
  expect(postgresesOf(dir)).toEqual([])
})

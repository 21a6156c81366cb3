import { randomUUID } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import pg from 'pg'
import { CopyMany, CopyRows } from '../../db/copy.js'
import { drive } from './drive.js'

/** A figure of the machine without a FHIR server, per second. */
export interface Limit {
  name: string
  measure: () => Promise<number>
}

/** What every server on this machine has to pay for HTTP, in a thread of its own as a server would be. */
export async function httpLimit(body: string, seconds: number): Promise<Limit & { close: () => Promise<number> }> {
  const worker = new Worker(
    `const { parentPort, workerData } = require('node:worker_threads')
    const body = Buffer.from(workerData)
    const headers = { 'content-type': 'application/fhir+json', 'content-length': body.length }
    const server = require('node:http').createServer((_, response) => response.writeHead(200, headers).end(body))
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`,
    { eval: true, workerData: body },
  )
  const port = await new Promise<number>((resolve) => worker.once('message', resolve))
  return {
    name: 'node:http echo, 32 connections',
    measure: async () => {
      const round = await drive(`http://127.0.0.1:${port}`, 32, seconds, async (client) => {
        const { status } = await client.get('/')
        return status === 200 ? {} : { wrong: `echo answered ${status}` }
      })
      return round.requests / round.seconds
    },
    close: () => worker.terminate(),
  }
}

const schema = 'ingle_bench'

/**
 * What PostgreSQL does with the same resources and no server in front, in a schema of its own that is dropped.
 *
 * @param bundles  the resources of each transaction, as JSON text
 */
export function databaseLimits(pool: pg.Pool, bundles: string[][], seconds: number): Limit[] {
  const fresh = (columns: string) =>
    pool.query(`drop table if exists ${schema}.r; create table ${schema}.r (${columns})`)

  const copied = (type: 'text' | 'jsonb') => async () => {
    await fresh(`id text primary key, content ${type}`)
    let next = 0
    let rows = 0
    const started = performance.now()
    const session = async () => {
      const client = await pool.connect()
      while (performance.now() - started < seconds * 1000) {
        const table = new CopyRows(`${schema}.r`, ['id', 'content'])
        for (const content of bundles[next++ % bundles.length]!) table.row().text(randomUUID())[type](content)
        const copy = new CopyMany([table])
        client.query(copy)
        await copy.done
        rows += table.rows
      }
      client.release()
    }
    await Promise.all([session(), session(), session(), session()])
    return (rows * 1000) / (performance.now() - started)
  }

  const repeated = (sessions: number, statement: (client: pg.PoolClient) => Promise<unknown>) => async () => {
    let done = 0
    const started = performance.now()
    const session = async () => {
      const client = await pool.connect()
      while (performance.now() - started < seconds * 1000) {
        await statement(client)
        done++
      }
      client.release()
    }
    await Promise.all(Array.from({ length: sessions }, session))
    return (done * 1000) / (performance.now() - started)
  }

  const resources = bundles.flat()
  const pick = <T>(items: T[]) => items[Math.floor(Math.random() * items.length)] as T
  return [
    { name: 'COPY of key and text, 4 sessions', measure: copied('text') },
    { name: 'COPY of key and jsonb, 4 sessions', measure: copied('jsonb') },
    {
      name: 'insert and commit of one row, 32 sessions',
      measure: async () => {
        await fresh('id text primary key, content text')
        const text = `insert into ${schema}.r values ($1, $2)`
        return repeated(32, (client) =>
          client.query({ name: 'bench_insert', text, values: [randomUUID(), pick(resources)] }),
        )()
      },
    },
    {
      name: 'read by key, 8 sessions',
      measure: async () => {
        await fresh('id text primary key, content text')
        const ids = Array.from({ length: 20_000 }, () => randomUUID())
        const contents = ids.map(() => pick(resources))
        await pool.query(`insert into ${schema}.r select * from unnest($1::text[], $2::text[])`, [ids, contents])
        const text = `select content from ${schema}.r where id = $1`
        return repeated(8, (client) => client.query({ name: 'bench_read', text, values: [pick(ids)] }))()
      },
    },
  ]
}

/** Runs `use` with a pool whose schema exists as long as that takes. */
export async function withDatabase<T>(url: string, use: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ connectionString: url, max: 32 })
  try {
    await pool.query(`drop schema if exists ${schema} cascade; create schema ${schema}`)
    return await use(pool)
  } finally {
    await pool.query(`drop schema if exists ${schema} cascade`)
    await pool.end()
  }
}

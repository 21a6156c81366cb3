import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { type Connection, urlOf } from '../../src/db/embedded.js'

export interface FreshDatabase {
  connection: Connection
  url: string
  drop(): Promise<void>
}

/** An empty database of the run's PostgreSQL, for one test file. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const admin = inject('postgres')
  const database = `test_${randomBytes(6).toString('hex')}`
  const command = async (text: string) => {
    const client = new pg.Client(admin)
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
  }
  await command(`create database ${database}`)
  const connection = { ...admin, database }
  return {
    connection,
    url: urlOf(connection),
    drop: () => command(`drop database if exists ${database} with (force)`),
  }
}

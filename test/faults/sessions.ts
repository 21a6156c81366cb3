import pg from 'pg'
import type { FreshDatabase } from '../support/database.js'

/** A look at the sessions of a database from one that does not count. */
export interface Sessions {
  client: pg.Client
  count(): Promise<number>
  /** Those that run a statement. */
  running(): Promise<number>
  /** Ends all of them, as an administrator does. */
  terminate(): Promise<number>
  /** Keeps everybody else from the current resources while it does `work`. */
  whileLocked(work: () => Promise<void>): Promise<void>
  close(): Promise<void>
}

export async function sessionsOf({ connection }: FreshDatabase): Promise<Sessions> {
  const open = async () => {
    const client = new pg.Client({ ...connection, application_name: 'test' })
    client.on('error', () => {}) // It is cut off when its database is dropped after a failure.
    await client.connect()
    return client
  }
  const client = await open()
  const those = `from pg_stat_activity where datname = current_database() and application_name = 'ingle'`
  const number = async (text: string) => Number((await client.query<{ n: string }>(text)).rows[0]!.n)
  return {
    client,
    count: () => number(`select count(*) as n ${those}`),
    running: () => number(`select count(*) as n ${those} and state = 'active'`),
    terminate: () => number(`select count(pg_terminate_backend(pid)) as n ${those}`),
    async whileLocked(work) {
      const holder = await open()
      try {
        await holder.query('begin; lock table resource in access exclusive mode')
        await work()
      } finally {
        await holder.end()
      }
    },
    close: () => client.end(),
  }
}

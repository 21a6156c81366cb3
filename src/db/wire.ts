import type { Client, Connection } from 'pg'

/** Holds back what `send` writes until it returns: one call of the kernel, and PostgreSQL is woken up once. */
export function inOneWrite<T>(to: Connection | Client, send: () => T): T {
  const { stream } = 'connection' in to ? (to as { connection: Connection }).connection : (to as Connection)
  stream.cork()
  try {
    return send()
  } finally {
    stream.uncork()
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { CannotStart, type Report } from '../base/cannot-start.js'

const connectMs = 10_000
/** How long a database may start up or recover, which it tells whoever connects. */
const recoveryMs = 120_000

/**
 * Connects once, to find out before anything else whether a database can be used.
 *
 * @param url  `DATABASE_URL`
 * @throws CannotStart  with what is wrong, never with the password
 */
export async function reach(url: string, report: Report): Promise<void> {
  for (const end = Date.now() + recoveryMs; ; await sleep(500)) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectMs })
    client.on('error', () => {}) // Told by connect() too.
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if ((error as { code?: string }).code !== '57P03' || Date.now() > end) throw refusal(client, error)
      report('The database is starting up; waiting for it …')
    }
  }
}

function refusal({ host, port, user, database }: pg.Client, cause: unknown): CannotStart {
  const { code, message } = cause as { code?: string; message: string }
  const at = `${host}:${port}`
  const reasons: Record<string, string> = {
    ECONNREFUSED: `nothing listens at ${at}; start PostgreSQL there`,
    ENOTFOUND: `the host ${host} is not known; correct its name`,
    EAI_AGAIN: `the host ${host} is not known at the moment; correct its name, or see to the name service`,
    ETIMEDOUT: `${at} does not answer; see to the network and its firewalls`,
    EHOSTUNREACH: `there is no way to ${at}; see to the network`,
    ENOENT: `there is no socket in ${host}; start PostgreSQL there`,
    '28P01': `${at} refuses the password of user ${user}; correct it`,
    '28000': `${at} does not let user ${user} in from here; see to its pg_hba.conf`,
    '3D000': `${at} has no database ${database}; make it with: createdb ${database}`,
    '53300': `${at} has no session left; raise its max_connections`,
  }
  const reason = reasons[code ?? ''] ?? (/timeout/i.test(message) ? reasons.ETIMEDOUT! : `${at} says: ${message}`)
  return new CannotStart(`DATABASE_URL cannot be used: ${reason}`, { cause })
}

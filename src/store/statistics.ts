import type { Database } from '../db/database.js'
import { sql } from '../db/sql.js'

const FIRST = 500

/**
 * Tells PostgreSQL what is in the tables while they grow. Plans are made once for a session: those made on an empty
 * database would walk whole types for one patient until autovacuum comes round, a minute or so after the first load.
 * So the statistics are renewed when there is twice as much as last time; from there on autovacuum keeps up.
 */
export class Statistics {
  private written = 0
  private due = FIRST
  private running: Promise<void> | undefined

  constructor(private readonly db: Database) {}

  /** @param rows  resources that a transaction has created, which is committed: before that nobody sees them */
  note(rows: number) {
    this.written += rows
    if (this.written < this.due || this.running) return
    this.due = this.written * 2
    this.running = this.renew().finally(() => {
      this.running = undefined
    })
  }

  private async renew(): Promise<void> {
    try {
      await this.db.query(sql`analyze resource, version, superseded, string_value, quantity_value, date_value, total`)
    } catch {
      // The database is away or stops; autovacuum will do it.
    }
  }
}

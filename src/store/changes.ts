import { CopyRows } from '../db/copy.js'
import type { Database, Transaction } from '../db/database.js'
import { typeCode } from '../fhir/type-codes.js'
import { ContainedRows } from '../search/contained.js'
import type { Entry } from '../search/entry.js'
import { SearchRows, TotalChanges, verbatim, widenSpans } from '../search/layout.js'
import { typeTotal } from '../search/names.js'
import type { TenantParameters } from '../search/tenant-parameters.js'
import { recordTerms } from '../search/vocabulary.js'

/** What a write did. */
export interface Written {
  type: string
  id: string
  version: number
  /** meta.lastUpdated, milliseconds since 1970 */
  at: number
  outcome: 'created' | 'updated' | 'deleted' | 'unchanged'
  /** The new content as JSON text; absent for a delete. */
  content?: string
}

/** The row of a resource that is there already. */
export interface Current {
  key: bigint
  id: string
  type: number
  rid: bigint
  version: number
  /** milliseconds since 1970 */
  at: number
  deleted: boolean
  narrow: number
  /** as PostgreSQL writes an array */
  tok: string
  /** Of what is patched, unless it is deleted. */
  content?: string | null
}

/** What one write comes to. */
export interface Change {
  written: Written
  key: bigint
  current?: Current
  /** What it is found by, and what that was made of; absent for a delete. */
  entry?: Entry
  resource?: { resourceType: string }
  method: number
}

/** Gathers what a transaction writes to all tables. */
export class Changes {
  private readonly versions: CopyRows
  private readonly superseded = new CopyRows('superseded', ['tenant', 'type', 'version', 'rid', 'at'], 1024)
  private readonly rows: SearchRows
  private readonly contained: ContainedRows
  private readonly totals = new TotalChanges()

  /** @param expected  number of changes, to begin with buffers of the right size */
  constructor(
    private readonly parameters: TenantParameters,
    expected: number,
  ) {
    this.versions = new CopyRows(
      'version',
      ['tenant', 'version', 'rid', 'at', 'method', 'content', 'verbatim'],
      1024 + expected * 2048,
    )
    this.rows = new SearchRows(parameters.tenant, expected)
    this.contained = new ContainedRows(parameters.tenant)
  }

  add({ written, key, current, entry, method }: Change, rid: bigint) {
    const { versions, rows, contained, superseded, totals } = this
    const { tenant } = this.parameters
    const { type: name, id, version, at, content } = written
    const type = typeCode(name)
    versions.row().int4(tenant).int4(version).int8(rid).timestamp(at).int2(method)
    const exact = content === undefined ? null : verbatim(content)
    if (content === undefined) versions.null()
    else versions.jsonb(content)
    if (exact === null) versions.null()
    else versions.text(exact)
    const row = { tenant, type, rid, key, id, version, at, entry }
    if (current) {
      rows.update(row, current.narrow)
      superseded.row().int4(tenant).int2(type).int4(current.version).int8(rid).timestamp(current.at)
    } else {
      rows.create(row)
    }
    contained.add(name, row, current?.narrow)
    totals.replace(current ? hashesOf(current.tok) : [], entry?.tok ?? [])
    const count = (entry ? 1 : 0) - (current && !current.deleted ? 1 : 0)
    if (count) totals.add(typeTotal(tenant, name), count)
  }

  /**
   * @param last    the transaction ends with this
   * @param behind  statements of our own that go behind the rows
   */
  async store(transaction: Transaction, db: Database, last: boolean, behind?: string): Promise<void> {
    const { rows, contained } = this
    const { tenant, fence } = this.parameters
    await widenSpans(db, tenant, rows.spans)
    await recordTerms(db, tenant, rows.terms)
    await contained.announce(db)
    const tables = [this.versions, ...rows.tables, ...contained.tables, this.superseded, this.totals.rows(tenant)]
    const around = { statements: [...rows.statements(), ...contained.statements()], before: fence, behind }
    if (last) await transaction.copyAndCommit(tables, around)
    else await transaction.copy(tables, around)
  }
}

/** `{1,2}` as PostgreSQL writes an array. */
export const hashesOf = (text: string) => (text.length > 2 ? text.slice(1, -1).split(',').map(BigInt) : [])

import { Conflict, Gone, NotFound } from '../base/errors.js'
import type { Database, Session, Transaction } from '../db/database.js'
import { bigints, sql } from '../db/sql.js'
import { resourceTypes } from '../fhir/definitions.js'
import { isCanonicalType } from '../fhir/library.js'
import { typeCode } from '../fhir/type-codes.js'
import { Contents } from '../search/contents.js'
import { Cursors } from '../search/cursor.js'
import { Finder } from '../search/find.js'
import { keyOf } from '../search/hash.js'
import { contentText } from '../search/layout.js'
import { Planner } from '../search/plan.js'
import { Registries } from '../search/registries.js'
import { Totals } from '../search/totals.js'
import { SearchedTerminology } from '../terminology/searched.js'
import { codeSystemsOf } from '../terminology/sources.js'
import { Terminologies } from '../terminology/terminologies.js'
import { Batcher } from './batcher.js'
import { RowIds } from './identity.js'
import type { References } from './integrity.js'
import { Libraries } from './libraries.js'
import { Statistics } from './statistics.js'
import { type Write, type WriteContext, type Written, write } from './write.js'

/** A version as it is served: JSON text that nobody parsed. */
export interface Stored {
  content: string
  version: number
  /** meta.lastUpdated, milliseconds since 1970 */
  at: number
}

interface ReadRow extends Stored {
  key: bigint
  id: string
  type: number
  deleted: boolean
}

/** Reads and writes that arrive together leave together; this many batches of each kind are under way at once. */
const LANES = 2
const MOST_IN_A_BATCH = 64

/** Current resources and their versions, for every tenant. */
export class Store {
  /** Where statements that only read run: inside a transaction they see what that has written. */
  readonly session: Session
  private readonly reads = new Map<number, Batcher<bigint, ReadRow>>()
  private readonly writes = new Map<number, Batcher<Write, Written>>()

  private constructor(
    readonly db: Database,
    private readonly rowIds: RowIds,
    private readonly statistics: Statistics,
    readonly registries: Registries,
    /** What is known of definitions: `await store.libraries.of(tenant)`. */
    readonly libraries: Libraries,
    /** Code systems and value sets: `await store.terminologies.of(tenant)`. */
    readonly terminologies: Terminologies,
    readonly totals: Totals,
    readonly cursors: Cursors,
    readonly finder: Finder,
    readonly references: References,
    private readonly unit?: Unit,
  ) {
    this.session = unit?.session ?? db
  }

  /** @param cacheBytes  of content that searches served lately and keep at hand */
  static async open(db: Database, cacheBytes: number, references: References): Promise<Store> {
    await recordTypes(db)
    const totals = new Totals(db)
    totals.start()
    const libraries = new Libraries(db)
    const terminologies = new Terminologies(codeSystemsOf(db), (tenant) => libraries.of(tenant))
    const searched = new SearchedTerminology(terminologies)
    const finder = new Finder(db, new Planner(totals, db), totals, searched, new Contents(cacheBytes))
    const cursors = await Cursors.open(db)
    return new Store(
      db,
      new RowIds(db),
      new Statistics(db),
      new Registries(db),
      libraries,
      terminologies,
      totals,
      cursors,
      finder,
      references,
    )
  }

  async close() {
    await this.totals.stop()
  }

  /**
   * The current version.
   * @throws NotFound  the id was never written (404)
   * @throws Gone      the newest version is a delete (410)
   * @see https://hl7.org/fhir/R4/http.html#read
   */
  async read(tenant: number, type: string, id: string): Promise<Stored> {
    const row = await this.readsOf(tenant).add(keyOf(tenant, type, id))
    // A key is a hash: what has the same one by accident, or by design, is not what was asked for.
    if (row.id !== id || row.type !== typeCode(type)) throw new NotFound(`${type}/${id} is not known`)
    if (row.deleted) throw new Gone(`${type}/${id} was deleted`)
    return row
  }

  /** One change in a transaction that it may share with others that came at the same time. */
  async write(tenant: number, one: Write): Promise<Written> {
    if (!this.unit) return this.writesOf(tenant).add(one)
    const [written] = await this.unit.write(tenant, [one])
    return written!
  }

  /** Changes that belong together: all or none. What else `work` does in the transaction goes with them. */
  transaction<T>(work: (unit: Unit) => Promise<T>): Promise<T> {
    if (this.unit) return work(this.unit)
    const { db, rowIds, registries, finder, statistics, libraries, references } = this
    let written: Unit | undefined
    const done = db.transaction(async (transaction) => {
      written = new Unit(transaction, { db, rowIds, registries, references }, finder)
      return work(written)
    })
    return done.then((result) => {
      statistics.note(written!.created)
      for (const tenant of written!.redefined) libraries.changed(tenant)
      return result
    })
  }

  /** The store whose reads and writes are part of a transaction that is under way, and that goes on after them. */
  within(unit: Unit): Store {
    const { db, rowIds, statistics, registries, libraries, terminologies, totals, cursors, references } = this
    return new Store(
      db,
      rowIds,
      statistics,
      registries,
      libraries,
      terminologies,
      totals,
      cursors,
      unit.finder,
      references,
      unit.part(),
    )
  }

  private readsOf(tenant: number) {
    let batcher = this.reads.get(tenant)
    if (!batcher) {
      batcher = new Batcher<bigint, ReadRow>((keys) => readAll(this.session, tenant, keys), {
        lanes: LANES,
        most: MOST_IN_A_BATCH,
      })
      this.reads.set(tenant, batcher)
    }
    return batcher
  }

  private writesOf(tenant: number) {
    let batcher = this.writes.get(tenant)
    if (!batcher) {
      const { db, rowIds, registries, statistics, libraries, references } = this
      batcher = new Batcher<Write, Written>(
        (writes) =>
          db
            .transaction((transaction) =>
              write(transaction, { tenant, db, rowIds, registries, references }, writes, { last: true }),
            )
            .then((written) => {
              statistics.note(createdOf(written))
              if (redefines(writes)) libraries.changed(tenant)
              return written
            }),
        {
          lanes: LANES,
          most: MOST_IN_A_BATCH,
          keyOf: (one) => (one.kind === 'create' ? undefined : `${one.type}/${one.id}`),
        },
      )
      this.writes.set(tenant, batcher)
    }
    return batcher
  }
}

/** What can be done inside one transaction. */
export class Unit {
  readonly finder: Finder
  /** Resources that came to be in all of the transaction until now. */
  created = 0
  /** Tenants of which definitions were written. */
  readonly redefined = new Set<number>()

  constructor(
    readonly session: Transaction,
    private readonly context: Omit<WriteContext, 'tenant'>,
    finder: Finder,
    private readonly whole?: Unit,
  ) {
    this.finder = finder.in(session)
  }

  /** For work that is not all of the transaction: its last write commits nothing. */
  part(): Unit {
    return new Unit(this.session, this.context, this.finder, this.whole ?? this)
  }

  /**
   * @param last  nothing follows in the transaction: the commit goes with the rows
   * @throws the first error; then nothing of the transaction stays
   */
  write(tenant: number, writes: readonly Write[], last = false): Promise<Written[]> {
    const options = { allOrNothing: true, last: last && !this.whole }
    return write(this.session, { ...this.context, tenant }, writes, options).then((written) => {
      const whole = this.whole ?? this
      whole.created += createdOf(written)
      if (redefines(writes)) whole.redefined.add(tenant)
      return written as Written[]
    })
  }

  /**
   * Makes all who search by the same criteria and then write wait for each other, until the transaction ends:
   * of N conditional creates at once one creates and the others find what it made.
   */
  async lock(names: readonly bigint[]): Promise<void> {
    const sorted = [...new Set(names)].sort((a, b) => (a < b ? -1 : 1))
    await this.session.query(
      sql`select pg_advisory_xact_lock(n) from unnest(${bigints(sorted)}::bigint[]) n order by n`,
    )
  }
}

const redefines = (writes: readonly Write[]): boolean => writes.some(({ type }) => isCanonicalType(type))

const createdOf = (written: readonly (Written | Error)[]): number =>
  written.filter((one) => 'outcome' in one && one.outcome === 'created').length

async function readAll(db: Session, tenant: number, keys: bigint[]): Promise<(ReadRow | Error)[]> {
  const rows = await db.query<ReadRow>(sql`
    select r.key, r.id, r.type, r.version, r.deleted, (extract(epoch from r.at) * 1000)::float8 as at, ${contentText} as content
    from resource r join version v on v.tenant = r.tenant and v.rid = r.rid and v.version = r.version
    where r.tenant = ${tenant} and r.key = any(${bigints(keys)}::bigint[])`)
  const byKey = new Map(rows.map((row) => [row.key, row]))
  return keys.map((key) => byKey.get(key) ?? new NotFound('There is no resource of this type and id'))
}

/** The numbers of types are part of the data: a build that counts otherwise must not touch it. */
async function recordTypes(db: Database): Promise<void> {
  const codes = resourceTypes.map(typeCode)
  await db.query(
    sql`insert into resource_type (code, name) select * from unnest(${codes}::smallint[], ${[...resourceTypes]}::text[]) on conflict do nothing`,
  )
  const rows = await db.query<{ code: number; name: string }>(sql`select code, name from resource_type`)
  const wrong = rows.find(({ code, name }) => typeCode(name) !== code)
  if (wrong)
    throw new Conflict(`The database numbers ${wrong.name} as ${wrong.code}, this build as ${typeCode(wrong.name)}`)
}

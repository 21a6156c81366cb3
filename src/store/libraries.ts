import { freeze } from '../base/freeze.js'
import { Lately } from '../base/lately.js'
import type { Session, Transaction } from '../db/database.js'
import { type Sql, sql } from '../db/sql.js'
import { shipped } from '../fhir/definitions/shipped.js'
import { parseJson } from '../fhir/json.js'
import { type Canonicals, type CanonicalType, highestFirst, type Library, layered, urlsOf } from '../fhir/library.js'
import { namingSystems, ofType, withId, withUrl } from '../search/definitions.js'
import { contentText } from '../search/layout.js'

/** What another process writes is seen after so many milliseconds; what this one writes, at once. */
const LEASE = 250

/** Characters of JSON whose values stay parsed, of all tenants together. */
const KEPT = 8 * 1024 * 1024
/** What it costs to remember that there is none. */
const LEAST = 200

type Canonical = Canonicals[CanonicalType]

interface Known {
  readonly library: Library
  /** on the clock of `performance.now` */
  readonly until: number
}

interface Read<T> {
  readonly value: T
  /** characters of JSON */
  readonly size: number
}

type Row = { rid: bigint; version: number; content: string }

/** Reads what is stored, or has it already under a key. */
interface Reader {
  resources(key: string, from: Sql): Promise<readonly Canonical[]>
  urls(key: string, from: Sql): Promise<readonly string[]>
}

/**
 * The definitions of every tenant: what is stored, over what the server was shipped with.
 *
 * Writes of definitions raise the tenant's revision in their own transaction. A process asks for it at most once in a
 * `LEASE`, and keeps what it has read as long as it stays. docs/decisions/0019-definitions-in-layers.md
 */
export class Libraries {
  private readonly known = new Map<number, Known>()
  private readonly asking = new Map<number, Promise<Known>>()
  /** By tenant, row and version: what did not change is the same object under the next revision. */
  private readonly parsed = new Lately<Canonical>(KEPT)
  private readonly resources = new Remembered<readonly Canonical[]>()
  private readonly urls = new Remembered<readonly string[]>()

  constructor(private readonly db: Session) {}

  async of(tenant: number): Promise<Library> {
    const known = this.known.get(tenant)
    if (known && performance.now() < known.until) return known.library
    let asking = this.asking.get(tenant)
    if (!asking) {
      asking = this.ask(tenant, known?.library)
      this.asking.set(tenant, asking)
      const asked = asking
      const isLatest = () => this.asking.get(tenant) === asked
      asked.then((answer) => isLatest() && this.known.set(tenant, answer)).catch(() => {})
      asked.finally(() => isLatest() && this.asking.delete(tenant)).catch(() => {})
    }
    return (await asking).library
  }

  /** A transaction of this process that wrote definitions has been committed. */
  changed(tenant: number) {
    this.known.delete(tenant)
    // Whoever asked before that may have been told of the time before.
    this.asking.delete(tenant)
  }

  private async ask(tenant: number, known: Library | undefined): Promise<Known> {
    const until = performance.now() + LEASE
    const [row] = await this.db.quick<{ revision: bigint }>(
      sql`select d.revision from definition_revision d where d.tenant = ${tenant}`,
    )
    const revision = `${tenant} ${row?.revision ?? 0}`
    if (known?.revision.startsWith(`${revision} `)) return { library: known, until }
    const reader: Reader = {
      resources: (key, from) =>
        this.resources.of(`${revision} ${key}`, () => read(this.db, from, (one) => this.parse(tenant, one))),
      urls: (key, from) => this.urls.of(`${revision} ${key}`, () => readUrls(this.db, from)),
    }
    return { library: libraryOf(tenant, revision, reader), until }
  }

  private parse(tenant: number, row: Row): Canonical {
    const key = `${tenant} ${row.rid} ${row.version}`
    const kept = this.parsed.get(key)
    if (kept) return kept
    const resource = freeze(parseJson(row.content) as Canonical)
    this.parsed.set(key, resource, row.content.length)
    return resource
  }
}

/** What is read once for all who ask for it at the same time, and kept for those who come soon after. */
class Remembered<T> {
  private readonly kept = new Lately<T>(KEPT)
  private readonly reading = new Map<string, Promise<T>>()

  async of(key: string, read: () => Promise<Read<T>>): Promise<T> {
    const kept = this.kept.get(key)
    if (kept) return kept
    let reading = this.reading.get(key)
    if (!reading) {
      reading = read()
        .then(({ value, size }) => {
          this.kept.set(key, value, Math.max(size, LEAST))
          return value
        })
        .finally(() => this.reading.delete(key))
      this.reading.set(key, reading)
    }
    return reading
  }
}

/** In the transaction of a write, before it locks any row, so that nobody waits in a circle. */
export async function raiseRevision(transaction: Transaction, tenant: number): Promise<void> {
  await transaction.query(sql`
    insert into definition_revision as d (tenant, revision) values (${tenant}, 1)
    on conflict (tenant) do update set revision = d.revision + 1`)
}

function libraryOf(tenant: number, revision: string, reader: Reader): Library {
  const stored: Library = {
    revision,
    async withUrl<T extends CanonicalType>(type: T, url: string) {
      const from = type === 'NamingSystem' ? namingSystems(tenant) : withUrl(tenant, type, url)
      const found = await reader.resources(type === 'NamingSystem' ? type : `${type} ${url}`, from)
      return highestFirst(found.filter((one) => urlsOf(one).includes(url))) as Canonicals[T][]
    },
    async urls(type) {
      if (type !== 'NamingSystem') return reader.urls(type, ofType(tenant, type))
      return [...new Set((await reader.resources(type, namingSystems(tenant))).flatMap(urlsOf))]
    },
    async withId<T extends CanonicalType>(type: T, id: string) {
      const [found] = await reader.resources(`${type}/${id}`, withId(tenant, type, id))
      return found?.id === id && found.resourceType === type ? (found as Canonicals[T]) : undefined
    },
  }
  return layered(stored, shipped)
}

/** @param from  `resource r where …`; of what has the same url and version the one written last counts */
async function read(session: Session, from: Sql, made: (row: Row) => Canonical): Promise<Read<readonly Canonical[]>> {
  const rows = await session.query<Row>(sql`
    select o.rid, o.version, ${contentText} as content ${versionsOf(from)} order by o.at desc, o.rid desc`)
  return { value: rows.map(made), size: sizeOf(rows.map(({ content }) => content)) }
}

async function readUrls(session: Session, from: Sql): Promise<Read<readonly string[]>> {
  const rows = await session.query<{ url: string | null }>(
    sql`select distinct v.content ->> 'url' as url ${versionsOf(from)}`,
  )
  const value = rows.flatMap(({ url }) => url ?? [])
  return { value, size: sizeOf(value) }
}

const versionsOf = (from: Sql): Sql => sql`
  from (select r.tenant, r.rid, r.version, r.at from ${from}) o
  join version v on v.tenant = o.tenant and v.rid = o.rid and v.version = o.version`

const sizeOf = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0)

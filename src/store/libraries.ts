import { freeze } from '../base/freeze.js'
import { Lately } from '../base/lately.js'
import type { Session, Transaction } from '../db/database.js'
import { type Sql, sql } from '../db/sql.js'
import { shipped } from '../fhir/definitions/shipped.js'
import { parseJson } from '../fhir/json.js'
import { type Canonicals, type CanonicalType, highestFirst, type Library, layered, urlsOf } from '../fhir/library.js'
import { namingSystems, withId, withUrl } from '../search/definitions.js'
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

interface Read {
  readonly resources: readonly Canonical[]
  /** characters of JSON */
  readonly size: number
}

/** Reads what is stored, in some session and with or without a memory. */
type Reader = (key: string, from: Sql) => Promise<readonly Canonical[]>

/**
 * The definitions of every tenant: what is stored, over what the server was shipped with.
 *
 * Writes of definitions raise the tenant's revision in their own transaction. A process asks for it at most once in a
 * `LEASE`, and keeps what it has read as long as it stays. docs/decisions/0019-definitions-in-layers.md
 */
export class Libraries {
  private readonly known = new Map<number, Known>()
  private readonly asking = new Map<number, Promise<Known>>()
  private readonly parsed = new Lately<readonly Canonical[]>(KEPT)
  private readonly reading = new Map<string, Promise<readonly Canonical[]>>()

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

  /** As a transaction sees them that may have written some itself; nothing of it is kept. */
  within(session: Session, tenant: number): Library {
    return libraryOf(tenant, Symbol().toString(), (_, from) => read(session, from).then(({ resources }) => resources))
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
    const same = known?.revision.startsWith(`${revision} `)
    const library = same ? known! : libraryOf(tenant, revision, (key, from) => this.read(`${revision} ${key}`, from))
    return { library, until }
  }

  private async read(key: string, from: Sql): Promise<readonly Canonical[]> {
    const kept = this.parsed.get(key)
    if (kept) return kept
    let reading = this.reading.get(key)
    if (!reading) {
      reading = read(this.db, from)
        .then(({ resources, size }) => {
          this.parsed.set(key, resources, Math.max(size, LEAST))
          return resources
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

function libraryOf(tenant: number, revision: string, resources: Reader): Library {
  const stored: Library = {
    revision,
    async withUrl<T extends CanonicalType>(type: T, url: string) {
      const from = type === 'NamingSystem' ? namingSystems(tenant) : withUrl(tenant, type, url)
      const found = await resources(type === 'NamingSystem' ? type : `${type} ${url}`, from)
      return highestFirst(found.filter((one) => urlsOf(one).includes(url))) as Canonicals[T][]
    },
    async withId<T extends CanonicalType>(type: T, id: string) {
      const [found] = await resources(`${type}/${id}`, withId(tenant, type, id))
      return found?.id === id && found.resourceType === type ? (found as Canonicals[T]) : undefined
    },
  }
  return layered(stored, shipped)
}

/** @param from  `resource r where …`; of what has the same url and version the one written last counts */
async function read(session: Session, from: Sql): Promise<Read> {
  const rows = await session.query<{ content: string }>(sql`
    select ${contentText} as content
    from (select r.tenant, r.rid, r.version, r.at from ${from}) o
    join version v on v.tenant = o.tenant and v.rid = o.rid and v.version = o.version order by o.at desc, o.rid desc`)
  const resources = rows.map(({ content }) => freeze(parseJson(content) as Canonical))
  return { resources, size: rows.reduce((sum, { content }) => sum + content.length, 0) }
}

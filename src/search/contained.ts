import { CopyRows } from '../db/copy.js'
import type { Session } from '../db/database.js'
import { bigints, raw, type Sql, sql } from '../db/sql.js'
import { isResourceType } from '../fhir/definitions.js'
import { stringifyJson } from '../fhir/json.js'
import { typeCode } from '../fhir/type-codes.js'
import type { Clause } from './clause.js'
import type { Contained, Entry } from './entry.js'
import { hash, keyOf } from './hash.js'
import { CONTAINED, type Row, SearchRows, verbatim, widenSpans } from './layout.js'
import { UnusableParameter } from './reading.js'
import { recordTerms } from './vocabulary.js'

/*
 * Contained resources have rows like any other, under a tenant of their own: the negative of their container's. No
 * search of the tenant meets them, and `_contained=true` is the same search under the other number.
 */
export const tenantInside = (tenant: number): number => -tenant

interface Resource {
  resourceType: string
  id?: string
}

/** @param entryOf  the index entry of a resource of that tenant */
export function containedIn(
  tenant: number,
  resource: object,
  entryOf: (tenant: number, resource: Resource) => Entry,
): Contained[] | undefined {
  const { contained = [] } = resource as { contained?: readonly Resource[] }
  const found = contained.filter(({ resourceType, id }) => isResourceType(resourceType) && id !== undefined)
  if (found.length === 0) return undefined
  return found.map((one) => ({
    type: one.resourceType,
    id: one.id!,
    text: stringifyJson(one),
    entry: entryOf(tenantInside(tenant), one),
  }))
}

const VERSION = ['tenant', 'version', 'rid', 'at', 'method', 'content', 'verbatim']

/** There is one of this id in its container, so that this is as good as a number of its own. */
export const rowIdInside = (container: bigint, id: string): bigint => hash(`${container}#${id}`)

/** Gathers what a transaction writes for contained resources; most have none, and cost nothing. */
export class ContainedRows {
  private readonly tenant: number
  private written?: { rows: SearchRows; versions: CopyRows }
  private readonly emptied: bigint[] = []

  constructor(tenant: number) {
    this.tenant = tenantInside(tenant)
  }

  /**
   * @param type  of the container
   * @param narrow  what the container's row had before: those that it contained go
   */
  add(type: string, container: Row, narrow = 0) {
    if (narrow & CONTAINED) this.emptied.push(container.key)
    if (!container.entry?.contained) return
    this.written ??= { rows: new SearchRows(this.tenant, 0), versions: new CopyRows('version', VERSION, 1024) }
    for (const one of container.entry.contained) this.create(type, container, one, this.written)
  }

  private create(
    type: string,
    { key, id: container, version, at }: Row,
    { type: own, id, text, entry }: Contained,
    { rows, versions }: { rows: SearchRows; versions: CopyRows },
  ) {
    const { tenant } = this
    const rid = rowIdInside(key, id)
    entry.ref.add(key) // leads from the container to what it contains; it is no parameter's element
    rows.create({ tenant, type: typeCode(own), rid, key: rid, id: `${type}/${container}#${id}`, version, at, entry })
    versions.row().int4(tenant).int4(version).int8(rid).timestamp(at).int2(0).jsonb(text)
    const exact = verbatim(text)
    if (exact === null) versions.null()
    else versions.text(exact)
  }

  /** What must be known before the rows are there. */
  async announce(db: Session): Promise<void> {
    if (!this.written) return
    const { spans, terms } = this.written.rows
    await widenSpans(db, this.tenant, spans)
    await recordTerms(db, this.tenant, terms)
  }

  get tables(): CopyRows[] {
    return this.written ? [this.written.versions, ...this.written.rows.tables] : []
  }

  /** What the containers held before goes. */
  statements(): Sql[] {
    if (this.emptied.length === 0) return []
    const gone = (table: string) =>
      sql`delete from ${raw(table)} x using gone where x.tenant = ${this.tenant} and x.rid = gone.rid`
    return [
      sql`with gone as (
          delete from resource r where r.ref && ${bigints(this.emptied)}::bigint[] and (r.tenant + 0) = ${this.tenant} returning r.rid),
        strings as (${gone('string_value')}), quantities as (${gone('quantity_value')}), dates as (${gone('date_value')})
        ${gone('version')}`,
    ]
  }
}

/** `Observation/1#p` → the key of Observation/1. */
export function containerKey(tenant: number, id: string): bigint {
  const [type, container] = id.split(/[/#]/) as [string, string]
  return keyOf(tenant, type, container)
}

/** What is asked about other resources, or by an id that is one only within its container. */
const OUTSIDE: ReadonlySet<Clause['kind']> = new Set([
  'chain',
  'has',
  'list',
  'currentList',
  'concepts',
  'hierarchy',
  'key',
])

/** @throws UnusableParameter  the condition cannot be asked of contained resources */
export function checkInside(clause: Clause, name: string): void {
  if (OUTSIDE.has(clause.kind))
    throw new UnusableParameter(
      `${name} cannot be combined with _contained: it asks about more than the contained resource`,
    )
  if ('clauses' in clause) for (const one of clause.clauses) checkInside(one, name)
  if ('clause' in clause) checkInside(clause.clause, name)
}

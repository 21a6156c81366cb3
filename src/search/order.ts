import { join, raw, type Sql, sql } from '../db/sql.js'
import type { Clause } from './clause.js'
import type { Parameters } from './parameters.js'
import { UnusableParameter } from './query.js'
import { SCORE, scoreOf } from './score.js'
import { DATE, type Key, sortKey, UPDATED } from './sort-key.js'

/** Where a page ends: the order's values as PostgreSQL's text, and the row id that settles ties. */
export interface Position {
  values: readonly string[]
  rid: string
}

/**
 * The order of a search's matches, with the row id last so that it is total: the next page is what lies past a
 * position, whatever was written meanwhile. A resource without the value sorts lowest: first ascending, last descending.
 */
export class Order {
  private readonly keys: readonly Key[]
  private readonly descending: boolean

  /** @param backwards  for the page before a position: everything turned round */
  constructor(
    keys: readonly Key[],
    private readonly backwards = false,
  ) {
    this.keys = keys
    this.descending = (keys[0]?.descending ?? false) !== backwards
  }

  /** Types of further resources by whose values it orders. */
  get looksInto(): string[] {
    return this.keys.flatMap(({ looksInto }) => looksInto ?? [])
  }

  reversed(): Order {
    return new Order(this.keys, !this.backwards)
  }

  /** Columns `s0`, `s1` … of a statement on `resource r`, with a comma in front. */
  get values(): Sql {
    return join([raw(''), ...this.keys.map((key, i) => sql`${key.expression} as ${raw(`s${i}`)}`)], ', ')
  }

  /** `s0`, `s1` … as text, with a comma in front. */
  get texts(): Sql {
    return join([raw(''), ...this.keys.map((_, i) => raw(`r.s${i}::text`))], ', ')
  }

  /** `order by` of rows that have `s0`, `s1` … */
  get by(): Sql {
    return join(
      [...this.keys.map((key, i) => raw(`r.s${i} ${this.direction(key)}`)), raw(`r.rid ${this.down(this.descending)}`)],
      ', ',
    )
  }

  /** `order by` on `resource r` itself. */
  get exact(): Sql {
    return join(
      [
        ...this.keys.map((key) => sql`${key.expression} ${raw(this.direction(key))}`),
        raw(`r.rid ${this.down(this.descending)}`),
      ],
      ', ',
    )
  }

  /** The same, when an index of the type has this order; undefined: everything must be fetched and sorted. */
  get index(): Sql | undefined {
    return this.keys.length === 0 || (this.keys.length === 1 && this.keys[0]!.column) ? this.exact : undefined
  }

  get patientIndex(): Sql | undefined {
    return this.column === 'date_lo' ? this.exact : undefined
  }

  get column(): 'at' | 'date_lo' | undefined {
    return this.keys.length === 1 ? this.keys[0]!.column : undefined
  }

  /** Lies behind the position: on rows with `s0`, `s1` … */
  past(position: Position): Sql {
    return this.behind(
      position,
      this.keys.map((_, i) => raw(`r.s${i}`)),
    )
  }

  /** The same on `resource r` itself, in a form its index understands. */
  pastRow(position: Position): Sql {
    return this.behind(
      position,
      this.keys.map((key) => key.expression),
    )
  }

  private behind({ values, rid }: Position, expressions: readonly Sql[]): Sql {
    const bound = this.keys.map((key, i) => sql`${values[i]}::${raw(key.type)}`)
    const uniform = this.keys.every((key) => (key.descending !== this.backwards) === this.descending)
    if (uniform) {
      const left = join([...expressions, raw('r.rid')], ', ')
      const right = join([...bound, sql`${rid}::bigint`], ', ')
      return sql`(${left}) ${raw(this.descending ? '<' : '>')} (${right})`
    }
    // Mixed directions have no row comparison: a > x or (a = x and (b < y or …))
    return this.keys.reduceRight(
      (rest, key, i) => {
        const beyond = raw(key.descending !== this.backwards ? '<' : '>')
        return sql`(${expressions[i]!} ${beyond} ${bound[i]!} or (${expressions[i]!} = ${bound[i]!} and ${rest}))`
      },
      sql`r.rid ${raw(this.descending ? '<' : '>')} ${rid}::bigint`,
    )
  }

  private direction(key: Key): string {
    return this.down(key.descending !== this.backwards)
  }

  private down(descending: boolean): string {
    return descending ? 'desc' : 'asc'
  }
}

/** `_sort=-date,family` */
export function orderOf(
  tenant: number,
  type: string,
  sort: string | undefined,
  clauses: readonly Clause[],
  parameters?: Parameters,
): Order {
  if (sort === undefined) return natural(clauses)
  return new Order(
    sort.split(',').map((name) => {
      const descending = name.startsWith('-')
      const code = descending ? name.slice(1) : name
      // The best match first, as everybody wants it who asks for this order.
      if (code === SCORE) return { expression: scoreOf(raw('r'), clauses), type: 'numeric', descending: !descending }
      return { ...sortKey({ tenant, parameters, descending }, type, code), descending }
    }),
  )
}

/** Orders in which matches of several types can be told apart: by arrival, lastUpdated and id. */
export function acrossTypes(tenant: number, sort: string | undefined): Order {
  if (sort !== undefined && !['_lastUpdated', '-_lastUpdated', '_id', '-_id'].includes(sort))
    throw new UnusableParameter('_sort: across types it is _lastUpdated or _id')
  return orderOf(tenant, 'Resource', sort, [])
}

/** Nobody asked for an order: the one that the search's own index has. Patients' resources come newest first. */
function natural(clauses: readonly Clause[]): Order {
  for (const clause of clauses) {
    // A chain leads to patients whose number is not known yet, and may be another one on the next page.
    if ((clause.kind === 'reference' || clause.kind === 'chain') && clause.patient)
      return new Order([{ ...DATE, descending: true }])
  }
  for (const clause of clauses) {
    const key = outwards(clause)
    if (key) return new Order([key])
  }
  return new Order([])
}

/** From the searched date or lastUpdated outwards, so that the first rows that are read are matches. */
function outwards(clause: Clause): Key | undefined {
  if (clause.kind !== 'date' && clause.kind !== 'updated') return undefined
  const [comparison, second] = clause.comparisons
  if (!comparison || second || comparison.prefix === 'ne') return undefined
  const descending = ['lt', 'le', 'eb'].includes(comparison.prefix)
  if (clause.kind === 'updated') return { ...UPDATED, descending }
  return clause.params[0] === null ? { ...DATE, descending } : undefined
}

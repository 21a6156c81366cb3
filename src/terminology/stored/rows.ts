import type { Session } from '../../db/database.js'
import { join, type Sql, sql } from '../../db/sql.js'
import type { Concept } from '../provider.js'
import type { Details } from './draft.js'
import { Ordinals } from './ordinals.js'
import { Recent } from './recent.js'
import { partOf } from './tables.js'
import { type Found, Words } from './words.js'

/** A concept with its place in the system. */
export interface Row extends Concept {
  readonly ordinal: number
  /** It and all below it. */
  readonly below: Ordinals
  /** Directly below it. */
  readonly children: Ordinals
}

interface Stored {
  ordinal: number
  key: string
  code: string
  display: string | null
  inactive: boolean
  abstract: boolean
  status: string | null
  below?: Buffer | null
  children?: Buffer | null
  /** JSON of `Details` */
  details?: string
}

/** Of memory, for all systems of one database together. */
const SETS = 24e6
const CONCEPTS = 12e6

interface Lately {
  readonly sets: Recent<Ordinals>
  readonly concepts: Recent<Row>
}

/** What was asked for lately: the numbers of code systems are those of one database. */
const lately = new WeakMap<Session, Lately>()

function latelyIn(database: Session): Lately {
  const known = lately.get(database) ?? { sets: new Recent<Ordinals>(SETS), concepts: new Recent<Row>(CONCEPTS) }
  lately.set(database, known)
  return known
}

/** The tables of one code system, as they are asked: each question is one statement with one index that answers it. */
export class Rows {
  private readonly concept: Sql
  private readonly posting: Sql
  private readonly words: Words
  private readonly lately: Lately
  private weights?: Promise<Uint16Array>

  constructor(
    readonly database: Session,
    /** Number of the code system. */
    readonly id: number,
  ) {
    this.concept = partOf('concept', id)
    this.posting = partOf('posting', id)
    this.lately = latelyIn(database)
    this.words = new Words(database, id, this.lately.sets)
  }

  /** @param keys  codes as they are compared */
  async withKeys(keys: readonly string[]): Promise<ReadonlyMap<string, Row>> {
    const found = new Map<string, Row>()
    const open = keys.filter((key) => {
      const known = this.lately.concepts.get(`${this.id}|${key}`)
      if (known) found.set(key, known)
      return !known
    })
    if (open.length === 0) return found
    const which = open.length === 1 ? sql`key = ${open[0]}` : sql`key = any(${open})`
    const rows = await this.database.quick<Stored>(sql`
      select ordinal, key, code, display, inactive, abstract, status, children, below, details::text as details
      from ${this.concept} where ${which}`)
    for (const stored of rows) {
      const row = rowOf(stored)
      found.set(stored.key, row)
      this.lately.concepts.set(`${this.id}|${stored.key}`, row, sizeOf(stored))
    }
    return found
  }

  /** What these are called, by number and by key. */
  async names(
    ordinals: readonly number[],
    keys: readonly string[],
  ): Promise<readonly { ordinal: number; key: string; code: string; display: string | null }[]> {
    return this.database.quick(sql`
      select ordinal, key, code, display from ${this.concept}
      where ordinal = any(${ordinals}) or key = any(${keys}) order by ordinal`)
  }

  async ordinals(keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.database.quick<{ key: string; ordinal: number }>(
      sql`select key, ordinal from ${this.concept} where key = any(${keys})`,
    )
    return new Map(rows.map(({ key, ordinal }) => [key, ordinal]))
  }

  /** In the order of the numbers. */
  async numbered(ordinals: readonly number[], brief: boolean): Promise<readonly Concept[]> {
    if (ordinals.length === 0) return []
    const rows = await this.database.quick<Stored>(
      brief
        ? sql`select ordinal, code, display, inactive, abstract, status from ${this.concept} where ordinal = any(${ordinals})`
        : sql`select ordinal, code, display, inactive, abstract, status, details::text as details from ${this.concept} where ordinal = any(${ordinals})`,
    )
    const at = new Map(rows.map((row) => [row.ordinal, row]))
    return ordinals.map((ordinal) => rowOf(at.get(ordinal)!))
  }

  async codesOf(ordinals: Ordinals): Promise<string[]> {
    const numbered = await this.numbered(ordinals.slice(0, Infinity), true)
    return numbered.map(({ code }) => code)
  }

  async children(key: string): Promise<Ordinals> {
    return (await this.withKeys([key])).get(key)?.children ?? Ordinals.none
  }

  parents(key: string): Promise<Ordinals> {
    return this.kept(`parents|${key}`, async () => {
      const [row] = await this.database.quick<{ parents: number[] }>(
        sql`select parents from ${this.concept} where key = ${key}`,
      )
      return Ordinals.of(row?.parents ?? [])
    })
  }

  /** It and all above it. */
  above(key: string): Promise<Ordinals> {
    return this.kept(`above|${key}`, async () => {
      const rows = await this.database.quick<{ ordinal: number }>(sql`
        with recursive up (ordinal, parents) as (
          select ordinal, parents from ${this.concept} where key = ${key}
          union
          select c.ordinal, c.parents from up, unnest(up.parents) p (ordinal) join ${this.concept} c on c.ordinal = p.ordinal)
        select ordinal from up`)
      return Ordinals.of(rows.map(({ ordinal }) => ordinal))
    })
  }

  /** Concepts that have one of the values of a property; `''` is any. */
  withValue(property: string, values: readonly string[]): Promise<Ordinals> {
    return this.kept(`value|${property}|${JSON.stringify(values)}`, () =>
      this.united(
        join(
          values.map(
            (value) => sql`select ordinals from ${this.posting}
              where property = ${property} and left(value, 200) = left(${value}, 200) and value = ${value}`,
          ),
          ' union all ',
        ),
      ),
    )
  }

  /** @param pattern  of a value as a whole */
  withValueLike(property: string, pattern: string): Promise<Ordinals> {
    return this.kept(`like|${property}|${pattern}`, () =>
      this.united(sql`select ordinals from ${this.posting}
        where property = ${property} and value <> '' and value ~ ${`^(?:${pattern})$`}`),
    )
  }

  /** Concepts whose code or display is one of these, or is like the pattern. */
  withText(column: 'code' | 'display', test: { values: readonly string[] } | { pattern: string }): Promise<Ordinals> {
    const which = column === 'code' ? sql`code` : sql`display`
    const where = 'values' in test ? sql`${which} = any(${test.values})` : sql`${which} ~ ${`^(?:${test.pattern})$`}`
    return this.kept(`${column}|${JSON.stringify(test)}`, async () => {
      const rows = await this.database.query<{ ordinal: number }>(
        sql`select ordinal from ${this.concept} where ${where}`,
      )
      return Ordinals.of(rows.map(({ ordinal }) => ordinal))
    })
  }

  /** What each of the words finds. */
  async withWords(words: readonly string[]): Promise<readonly Found[]> {
    return Promise.all(words.map((word) => this.words.find(word)))
  }

  /** By ordinal: the lower, the earlier it is found. */
  rank(): Promise<Uint16Array> {
    this.weights ??= this.database
      .query<{ weights: Buffer }>(sql`select weights from code_system where id = ${this.id}`)
      .then(([row]) => new Uint16Array(new Uint8Array(row!.weights).buffer))
    this.weights.catch(() => {
      this.weights = undefined
    })
    return this.weights
  }

  /** A set that is not asked for again while it is remembered. */
  async kept(key: string, find: () => Promise<Ordinals>): Promise<Ordinals> {
    const name = `${this.id}|${key}`
    const known = this.lately.sets.get(name)
    if (known) return known
    const found = await find()
    this.lately.sets.set(name, found, found.bytes + 2 * name.length)
    return found
  }

  private async united(statement: Sql): Promise<Ordinals> {
    const rows = await this.database.query<{ ordinals: Buffer }>(statement)
    return Ordinals.union(rows.map(({ ordinals }) => Ordinals.decode(ordinals)))
  }
}

/** What is not in a column of its own is read when somebody looks at it: most ask for no more than the display. */
function rowOf({ ordinal, code, display, inactive, abstract, status, below, children, details }: Stored): Row {
  let parsed: Details | undefined
  const read = () => {
    parsed ??= details === undefined ? {} : (JSON.parse(details) as Details)
    return parsed
  }
  let sets: { below: Ordinals; children: Ordinals } | undefined
  const decoded = () => {
    sets ??= {
      below: below ? Ordinals.decode(below) : Ordinals.range(ordinal, ordinal + 1),
      children: children ? Ordinals.decode(children) : Ordinals.none,
    }
    return sets
  }
  return {
    ordinal,
    code,
    display: display ?? undefined,
    inactive,
    abstract,
    status: status ?? (inactive ? 'inactive' : undefined),
    get definition() {
      return read().definition
    },
    get designations() {
      return read().designations ?? []
    },
    get properties() {
      return read().properties ?? []
    },
    get parents() {
      return read().parents ?? []
    },
    get below() {
      return decoded().below
    },
    get children() {
      return decoded().children
    },
  }
}

/** Of memory, about: the text, and as much again for what is made of it. */
const sizeOf = ({ below, children, details = '' }: Stored) =>
  600 + 4 * details.length + 8 * ((below?.length ?? 0) + (children?.length ?? 0))

import type { Session } from '../../../db/database.js'
import { sql } from '../../../db/sql.js'
import { Ordinals } from '../../stored/ordinals.js'
import { Recent } from '../../stored/recent.js'
import { partOf } from '../../stored/tables.js'
import { id } from './ids.js'

/**
 * All relationships of a type: source, group, target; source, group … by numbers of concepts, ordered by source and group.
 * In a group of 0 each stands for itself.
 */
export type Triples = Int32Array

/** A relationship whose value is no concept. */
export interface Valued {
  readonly type: string
  readonly source: number
  readonly group: number
  /** `#10.5`, `"text"`, `true` */
  readonly value: string
}

/** Of all versions that are loaded together, in bytes: an International Edition has 20 MB of them. */
const KEPT = 128e6
const known = new Recent<Triples>(KEPT)

/** Relationships of one version, read by type. */
export class Relationships {
  constructor(
    private readonly database: Session,
    private readonly system: number,
    private readonly size: number,
  ) {}

  /** Concept ids of the types that there are, without is-a. */
  async types(): Promise<readonly string[]> {
    const rows = await this.database.quick<{ type: string }>(sql`
      select type from ${partOf('snomed_relationship', this.system)} where type <> ${id.isA}
      union select type from ${partOf('snomed_value', this.system)}`)
    return rows.map(({ type }) => type)
  }

  /** Of a type that no relationship has, none. */
  async ofType(type: string): Promise<Triples> {
    const key = `${this.system}|${type}`
    const kept = known.get(key)
    if (kept) return kept
    const [row] = await this.database.query<{ triples: Buffer }>(
      sql`select triples from ${partOf('snomed_relationship', this.system)} where type = ${type}`,
    )
    // Copied: what the driver gives lies in the middle of a larger buffer, and not at a multiple of four.
    const triples = row ? new Int32Array(new Uint8Array(row.triples).buffer) : new Int32Array(0)
    known.set(key, triples, triples.byteLength + 100)
    return triples
  }

  async valuesOf(types: readonly string[]): Promise<readonly Valued[]> {
    return this.database.query<Valued>(sql`
      select type, source, role_group as "group", value from ${partOf('snomed_value', this.system)} where type = any(${types})`)
  }

  /** What is below one of many concepts. */
  below(concepts: Ordinals): Promise<Ordinals> {
    return this.closure(concepts, 2, 0)
  }

  /** What is above one of many concepts. */
  above(concepts: Ordinals): Promise<Ordinals> {
    return this.closure(concepts, 0, 2)
  }

  async children(concepts: Ordinals): Promise<Ordinals> {
    return this.ends(concepts, 2, 0)
  }

  async parents(concepts: Ordinals): Promise<Ordinals> {
    return this.ends(concepts, 0, 2)
  }

  /** As most concepts are numbered behind what is above them, few passes find all. */
  private async closure(concepts: Ordinals, from: 0 | 2, to: 0 | 2): Promise<Ordinals> {
    const isA = await this.ofType(id.isA)
    const reached = marked(concepts, this.size)
    const found = new Uint8Array(this.size)
    for (let more = true; more; ) {
      more = false
      for (let n = 0; n < isA.length; n += 3) {
        const i = from === 2 ? n : isA.length - 3 - n
        const end = isA[i + to]!
        if (!reached[isA[i + from]!] || found[end]) continue
        found[end] = 1
        reached[end] = 1
        more = true
      }
    }
    return Ordinals.of(ordinalsIn(found))
  }

  private async ends(concepts: Ordinals, from: 0 | 2, to: 0 | 2): Promise<Ordinals> {
    const isA = await this.ofType(id.isA)
    const found: number[] = []
    for (let i = 0; i < isA.length; i += 3) if (concepts.has(isA[i + from]!)) found.push(isA[i + to]!)
    return Ordinals.of(found)
  }
}

/** By number whether it is in the set: asked for a million times, that is faster than the set. */
export function marked(concepts: Ordinals, size: number): Uint8Array {
  const marks = new Uint8Array(size)
  concepts.each((ordinal) => {
    marks[ordinal] = 1
  })
  return marks
}

function* ordinalsIn(marks: Uint8Array): Generator<number> {
  for (let ordinal = 0; ordinal < marks.length; ordinal++) if (marks[ordinal]) yield ordinal
}

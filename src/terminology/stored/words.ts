import type { Session } from '../../db/database.js'
import { type Sql, sql } from '../../db/sql.js'
import { Ordinals } from './ordinals.js'
import type { Recent } from './recent.js'
import { partOf, SHORT, wordKind } from './tables.js'

/** What a word finds. */
export interface Found {
  /** Concepts with a word that begins so. */
  readonly begins: Ordinals
  /** … whose display has a word that is so. */
  readonly whole: Ordinals
  /** … whose display begins so. */
  readonly first: Ordinals
}

const LAST = '\u{10ffff}'

/** The words of one code system. */
export class Words {
  private readonly word: Sql

  /** @param sets  what was found lately */
  constructor(
    private readonly database: Session,
    private readonly id: number,
    private readonly sets: Recent<Ordinals>,
  ) {
    this.word = partOf('word', id)
  }

  async find(word: string): Promise<Found> {
    const isShort = word.length <= SHORT
    const names = ['begins', 'whole', 'first'].map((name) => `${this.id}|${name}|${word}`)
    const [begins, whole, first] = names.map((name) => this.sets.get(name))
    if (begins && whole && first) return { begins, whole, first }
    const { whole: any, first: firsts, prefix, firstPrefix, shown } = wordKind
    const all = sql`select kind, ordinals from ${this.word} where word = ${word} and kind in (${shown}, ${prefix}, ${firstPrefix})`
    const rows = await this.database.quick<{ kind: number; ordinals: Buffer }>(
      isShort
        ? all
        : sql`${all} union all select kind, ordinals from ${this.word}
            where kind in (${any}, ${firsts}) and word >= ${word} and word < ${word + LAST}`,
    )
    const union = (one: number) =>
      Ordinals.union(rows.filter(({ kind }) => kind === one).map(({ ordinals }) => Ordinals.decode(ordinals)))
    const found = {
      begins: union(isShort ? prefix : any),
      whole: union(shown),
      first: union(isShort ? firstPrefix : firsts),
    }
    for (const [i, set] of Object.values(found).entries())
      this.sets.set(names[i]!, set, set.bytes + 2 * names[i]!.length)
    return found
  }
}

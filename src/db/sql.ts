import { TooCostly } from '../base/errors.js'

/** What the protocol can number; beyond it the session is lost, not only the statement. */
const MOST_VALUES = 65_535

/** A piece of SQL whose values are bound, never pasted. Pieces nest. */
export class Sql {
  constructor(
    private readonly strings: readonly string[],
    private readonly values: readonly unknown[],
  ) {}

  /**
   * The statement as PostgreSQL takes it: `$1`, `$2` … and their values.
   * @throws TooCostly  it would have too many (422)
   */
  build(): { text: string; values: unknown[] } {
    const values: unknown[] = []
    const text = this.render(values)
    if (values.length > MOST_VALUES)
      throw new TooCostly(`This takes more than ${MOST_VALUES} values in one statement; ask for less at once`)
    return { text, values }
  }

  /** Characters of the statement, about; found without writing it, which may be far longer than its pieces. */
  length(known = new Map<Sql, number>()): number {
    let length = known.get(this)
    if (length === undefined) {
      length = this.strings.reduce((sum, text) => sum + text.length, 0)
      for (const value of this.values) length += value instanceof Sql ? value.length(known) : 6
      known.set(this, length)
    }
    return length
  }

  private render(values: unknown[]): string {
    let text = this.strings[0]!
    for (let i = 0; i < this.values.length; i++) {
      const value = this.values[i]
      text += value instanceof Sql ? value.render(values) : `$${values.push(value)}`
      text += this.strings[i + 1]!
    }
    return text
  }
}

export function sql(strings: TemplateStringsArray, ...values: unknown[]): Sql {
  return new Sql(strings, values)
}

/** Text of our own making as SQL: names, keywords. Never anything that came from outside. */
export function raw(text: string): Sql {
  return new Sql([text], [])
}

export function join(parts: readonly Sql[], separator: string): Sql {
  if (parts.length === 0) return raw('')
  return new Sql(['', ...parts.slice(1).map(() => separator), ''], parts)
}

export const and = (parts: readonly Sql[]): Sql => (parts.length ? join(parts, ' and ') : raw('true'))
export const or = (parts: readonly Sql[]): Sql => (parts.length ? sql`(${join(parts, ' or ')})` : raw('false'))

/** A bigint[] parameter: PostgreSQL's own array text, which costs a third of what pg's general encoder does. */
export const bigints = (values: Iterable<bigint>): string => `{${[...values].join(',')}}`

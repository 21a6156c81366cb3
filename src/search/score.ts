import { join, type Sql, sql } from '../db/sql.js'
import type { Clause, Wanted } from './clause.js'
import { textOf } from './prose.js'
import { UnusableParameter } from './reading.js'

export const SCORE = '_score'

/** Where `_score` stands among the keys of a `_sort`; -1: nowhere. */
export const scoreAt = (sort: string | undefined): number =>
  sort === undefined ? -1 : sort.split(',').findIndex((name) => name === SCORE || name === `-${SCORE}`)

/**
 * How well the texts of a row of `resource` fit the words that are searched for, from 0 to 1: how often they stand
 * there, and how near to each other.
 * @throws UnusableParameter  no words are searched for
 */
export function scoreOf(row: Sql, clauses: readonly Clause[]): Sql {
  const wanted = clauses.flatMap(wantedBy)
  if (wanted.length === 0)
    throw new UnusableParameter('_sort: there is a _score where words are searched for, by _text, _content or :text')
  // Normalised by 32: rank / (rank + 1).
  const ranks = wanted.map(
    ({ scope, words }) =>
      sql`ts_rank(to_tsvector('english', coalesce(regexp_replace(${textOf(scope)}, '<[^>]*>', ' ', 'g'), '')),
        to_tsquery('english', ${words.join(' | ')}), 32)`,
  )
  return sql`coalesce((select round((${join(ranks, ' + ')})::numeric / ${wanted.length}, 6) from version v
    where v.tenant = ${row}.tenant and v.rid = ${row}.rid and v.version = ${row}.version), 0)`
}

/** What is denied, or asked of other resources, makes none of these fit better. */
function wantedBy(clause: Clause): readonly Wanted[] {
  if (clause.kind === 'any' || clause.kind === 'all') return clause.clauses.flatMap(wantedBy)
  return clause.kind === 'words' || clause.kind === 'prose' ? (clause.wanted ?? []) : []
}

import { raw, type Sql } from '../../db/sql.js'

/** The tables that are parted by code system; `concept` and the others have a partition for each. */
export const parted = ['concept', 'posting', 'word'] as const

/** What kind of a row of `word` it is. */
export const wordKind = { whole: 1, prefix: 2, first: 3, firstPrefix: 4, shown: 5 } as const

/** Beginnings of so many letters are kept with all that they find: as many words begin so. */
export const SHORT = 3

/** The name of a code system's partition: one that is named need not be found by PostgreSQL anew at every statement. */
export const partition = (table: string, system: number): string => `${table}_${system}`

/** The same in a statement. */
export const partOf = (table: string, system: number): Sql => raw(partition(table, system))

import { join, raw, type Sql, sql } from '../db/sql.js'
import type { ProseScope } from './clause.js'
import { SKIPPED } from './words.js'

/** The texts of a `version v`, one behind the other; null where there is none. */
export function textOf(scope: ProseScope): Sql {
  switch (scope.kind) {
    case 'narrative':
      return raw(`v.content #>> '{text,div}'`)
    case 'paths':
      return sql`(select string_agg(x #>> '{}', ' ') from (${join(
        scope.paths.map((path) => sql`select jsonb_path_query(v.content, ${path}::jsonpath)`),
        ' union all ',
      )}) t(x))`
    case 'everything':
      return raw(`(select string_agg(x #>> '{}', ' ') from jsonb_path_query(v.content, '${EVERY_TEXT}', '{}', true) x)`)
  }
}

/** All strings but those that are no prose, as the index of words has it. */
const EVERY_TEXT = `$.** ? (@.type() == "object").keyvalue() ? (${[...SKIPPED].map((name) => `@.key != "${name}"`).join(' && ')}).value ? (@.type() == "string")`

/** Whether the text stands in the texts of a row of `resource`; an index of words has found most that does not. */
export function prose(row: Sql, scope: ProseScope, text: string): Sql {
  return sql`exists (select 1 from version v where v.tenant = ${row}.tenant and v.rid = ${row}.rid and v.version = ${row}.version
    and ${normal(textOf(scope))} like ${`%${text}%`} offset 0)`
}

/** As types/string.ts has words: without markup, case and accents, a blank for all that is no letter or digit. */
const normal = (text: Sql) => sql`(' ' || regexp_replace(regexp_replace(lower(normalize(
  regexp_replace(${text}, '<[^<>]*>|&[a-z#0-9]+;', ' ', 'gi'), NFKD)), '[\\u0300-\\u036f]+', '', 'g'),
  '[^a-z0-9\\u0080-\\U0010ffff]+', ' ', 'g') || ' ')`

import { and, raw, type Sql, sql } from '../../../../db/sql.js'
import { Ordinals } from '../../../stored/ordinals.js'
import type { StoredCodeSystem } from '../../../stored/stored.js'
import { partOf } from '../../../stored/tables.js'
import type { ComponentFilter, DescriptionFilter } from './ast.js'
import type { Constraints } from './refine.js'
import { matches, neededWords } from './terms.js'

type TermFilter = Extract<DescriptionFilter, { kind: 'term' }>

/** Those of the concepts that have a description that passes all of the filters. */
export async function described(
  of: Ordinals,
  filters: readonly DescriptionFilter[],
  system: StoredCodeSystem,
  constraints: Constraints,
): Promise<Ordinals> {
  const words = await byWords(of, filters, system)
  if (words?.isExact) return words.found.or(await withDescription(of, filters, system, constraints, DEFINITION))
  if (!words) return withDescription(of, filters, system, constraints, sql`true`)
  const [named, defined] = await Promise.all([
    withDescription(words.found, filters, system, constraints, sql`not ${DEFINITION}`),
    withDescription(of, filters, system, constraints, DEFINITION),
  ])
  return named.or(defined)
}

/** As the partial index of migration 0007 says it. */
const DEFINITION = sql`d.type = '900000000000550004'`

/**
 * The concepts that may pass by a name, as the index of words knows them: it has names that are active, and the ids of
 * concepts, but no text definitions.
 * @returns  undefined when the filters are none that it helps with; `isExact`: they do pass
 */
async function byWords(
  of: Ordinals,
  filters: readonly DescriptionFilter[],
  system: StoredCodeSystem,
): Promise<{ found: Ordinals; isExact: boolean } | undefined> {
  const terms = filters.filter((filter) => filter.kind === 'term')
  const words = terms.flatMap(({ operator, terms: sought }) => (operator === '=' ? neededWords(sought) : []))
  if (words.length === 0 || filters.some(({ kind }) => kind === 'active')) return undefined
  let found = of
  for (const { begins } of await system.rows.withWords(words)) found = found.and(begins)
  return { found, isExact: filters.length === 1 && words.length === 1 && !/\d/.test(words[0]!) }
}

async function withDescription(
  of: Ordinals,
  filters: readonly DescriptionFilter[],
  system: StoredCodeSystem,
  constraints: Constraints,
  which: Sql,
): Promise<Ordinals> {
  if (of.isEmpty) return of
  const conditions = [which]
  if (!filters.some(({ kind }) => kind === 'active')) conditions.push(sql`d.active`)
  const open: TermFilter[] = []
  for (const filter of filters) {
    if (filter.kind !== 'term') conditions.push(await conditionOf(filter, system, constraints))
    else if (!filter.terms.every(({ kind }) => kind === 'wild')) open.push(filter)
    else conditions.push(likeOneOf(filter))
  }
  const { froms, tos } = of.bounds()
  const rows = await system.database.query<{ concept: number; term?: string }>(sql`
    select ${open.length ? raw('d.concept, d.term') : raw('distinct d.concept')}
    from unnest(${froms}::int[], ${tos}::int[]) as run (a, b)
    join ${partOf('snomed_description', system.loaded.id)} d on d.concept >= run.a and d.concept < run.b
    where ${and(conditions)}`)
  const passed = rows.filter(({ term }) =>
    open.every((filter) => matches(filter.terms, term!) === (filter.operator === '=')),
  )
  return Ordinals.of(passed.map(({ concept }) => concept))
}

function likeOneOf({ operator, terms }: TermFilter): Sql {
  const patterns = terms.flatMap((term) => (term.kind === 'wild' ? patternOf(term.parts) : []))
  const found = sql`d.term ilike any(${patterns}::text[])`
  return operator === '=' ? found : sql`not ${found}`
}

/** @param parts  undefined is any characters */
const patternOf = (parts: readonly (string | undefined)[]) =>
  parts.map((part) => part?.replace(/[\\%_]/g, '\\$&') ?? '%').join('')

async function conditionOf(
  filter: Exclude<DescriptionFilter, { kind: 'term' }>,
  system: StoredCodeSystem,
  constraints: Constraints,
): Promise<Sql> {
  switch (filter.kind) {
    case 'language':
      return isOneOf(sql`d.language`, filter.operator, filter.codes)
    case 'id':
      return isOneOf(sql`d.id`, filter.operator, filter.ids)
    case 'typeId':
      return isOneOf(sql`d.type`, filter.operator, await constraints.idsOf(filter.value))
    case 'dialectId': {
      const parts: Sql[] = []
      for (const { value, acceptability } of filter.dialects) {
        const refsets = await numbersOf(await constraints.idsOf(value), system)
        const either = acceptability.length === 0
        if (either || acceptability.includes('900000000000548007')) parts.push(sql`d.preferred && ${refsets}::int[]`)
        if (either || acceptability.includes('900000000000549004')) parts.push(sql`d.acceptable && ${refsets}::int[]`)
      }
      const found = parts.reduce((all, one) => sql`${all} or ${one}`, sql`false`)
      return filter.operator === '=' ? sql`(${found})` : sql`not (${found})`
    }
    default:
      return componentCondition('d', filter, constraints)
  }
}

/** What components of every kind can be filtered by; of a table with these columns. */
export async function componentCondition(
  table: 'd' | 'm',
  filter: ComponentFilter,
  constraints: Constraints,
): Promise<Sql> {
  const column = (name: string) => raw(`${table}.${name}`)
  switch (filter.kind) {
    case 'moduleId':
      return isOneOf(column('module'), filter.operator, await constraints.idsOf(filter.value))
    case 'active':
      if (filter.value === 'either') return filter.operator === '=' ? sql`true` : sql`false`
      return filter.value === (filter.operator === '=') ? column('active') : sql`not ${column('active')}`
    case 'effectiveTime':
      return anyOf(
        filter.values.map((date) => sql`${column('effective')} ${raw(filter.operator)} ${Number(date)}`),
        filter.operator,
      )
  }
}

/** Of several values one has to fit; of several that it must not be, none. */
const anyOf = (parts: readonly Sql[], operator: string): Sql =>
  operator === '!=' ? and(parts) : sql`(${parts.reduce((all, one) => sql`${all} or ${one}`)})`

export const isOneOf = (column: Sql, operator: '=' | '!=', values: readonly string[]): Sql =>
  operator === '=' ? sql`${column} = any(${values}::text[])` : sql`${column} <> all(${values}::text[])`

/** Numbers of reference sets; those without members have none. */
export async function numbersOf(refsets: readonly string[], system: StoredCodeSystem): Promise<number[]> {
  const rows = await system.database.quick<{ number: number }>(
    sql`select number from ${partOf('snomed_refset', system.loaded.id)} where id = any(${refsets}::text[])`,
  )
  return rows.map(({ number }) => number)
}

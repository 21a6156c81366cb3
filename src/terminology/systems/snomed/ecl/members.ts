import { and, raw, type Sql, sql } from '../../../../db/sql.js'
import { Ordinals } from '../../../stored/ordinals.js'
import type { StoredCodeSystem } from '../../../stored/stored.js'
import { partOf } from '../../../stored/tables.js'
import type { FieldComparison, MemberFilter, MemberOf, SearchTerm } from './ast.js'
import { componentCondition, isOneOf, numbersOf } from './descriptions.js'
import type { Constraints } from './refine.js'
import { matches } from './terms.js'

const COMPONENT = 'referencedComponentId'

/**
 * The concepts in a field of the members of reference sets.
 * @param refsets  concept ids
 * @returns  undefined when the reference sets have members, but none of these fields
 */
export async function membersOf(
  { field, filters }: MemberOf,
  refsets: readonly string[],
  system: StoredCodeSystem,
  constraints: Constraints,
): Promise<Ordinals | { readonly unknown: string; readonly known: readonly string[] }> {
  if (field === COMPONENT && filters.length === 0) return system.rows.withValue('refset', refsets)
  const numbers = await numbersOf(refsets, system)
  const known = [COMPONENT, ...(await fieldsOf(numbers, system))]
  const named = [field, ...filters.flatMap((filter) => (filter.kind === 'field' ? filter.name : []))]
  const unknown = named.find((name) => !known.includes(name))
  if (unknown && numbers.length) return { unknown, known }

  const conditions = [sql`m.refset = any(${numbers}::int[])`]
  if (!filters.some(({ kind }) => kind === 'active')) conditions.push(sql`m.active`)
  const texts: { name: string; terms: readonly SearchTerm[]; is: boolean }[] = []
  for (const filter of filters) {
    if (filter.kind === 'field' && filter.is.kind === 'text')
      texts.push({ name: filter.name, terms: filter.is.terms, is: filter.is.operator === '=' })
    else conditions.push(await conditionOf(filter, constraints))
  }
  const rows = await system.database.query<{
    component: number
    fields: Record<string, string>
    id: string | null
  }>(sql`
    select m.component, m.fields, ${field === COMPONENT ? sql`null` : columnOf(field)} as id
    from ${partOf('snomed_member', system.loaded.id)} m join ${partOf('concept', system.loaded.id)} c on c.ordinal = m.component
    where ${and(conditions)}`)
  const passed = rows.filter(({ fields }) =>
    texts.every(({ name, terms, is }) => matches(terms, fields[name] ?? '') === is),
  )
  if (field === COMPONENT) return Ordinals.of(passed.map(({ component }) => component))
  return Ordinals.of((await system.numbers([...new Set(passed.flatMap(({ id }) => id ?? []))])).values())
}

/** Names of the fields that members of these reference sets have. */
async function fieldsOf(numbers: readonly number[], system: StoredCodeSystem): Promise<readonly string[]> {
  const rows = await system.database.query<{ fields: Record<string, string> }>(sql`
    select one.fields from unnest(${numbers}::int[]) as r (number) cross join lateral (
      select fields from ${partOf('snomed_member', system.loaded.id)} m where m.refset = r.number limit 1) one`)
  return [...new Set(rows.flatMap(({ fields }) => Object.keys(fields)))]
}

const columnOf = (field: string): Sql => (field === COMPONENT ? sql`c.code` : sql`(m.fields ->> ${field}::text)`)

async function conditionOf(filter: MemberFilter, constraints: Constraints): Promise<Sql> {
  if (filter.kind !== 'field') return componentCondition('m', filter, constraints)
  return fieldCondition(columnOf(filter.name), filter.is, constraints)
}

async function fieldCondition(value: Sql, is: FieldComparison, constraints: Constraints): Promise<Sql> {
  switch (is.kind) {
    case 'concepts':
      return isOneOf(value, is.operator, await constraints.idsOf(is.value))
    case 'number': {
      const number = sql`case when ${value} ~ '^[-+]?[0-9]+([.][0-9]+)?$' then ${value}::numeric end`
      return sql`${number} ${raw(is.operator === '!=' ? '<>' : is.operator)} ${is.value}::numeric`
    }
    case 'boolean': {
      const values = is.value ? ['1', 'true'] : ['0', 'false']
      return isOneOf(sql`lower(${value})`, is.operator, values)
    }
    case 'time': {
      const parts = is.values.map((date) => sql`${value} ${raw(is.operator === '!=' ? '<>' : is.operator)} ${date}`)
      return parts.reduce((all, one) => (is.operator === '!=' ? sql`${all} and ${one}` : sql`${all} or ${one}`))
    }
    case 'text':
      throw new Error('Texts are compared where words are known')
  }
}

/** The inactive concepts that were replaced by one of these, by members of association reference sets. */
export async function replacedBy(
  concepts: Ordinals,
  refsets: readonly string[],
  system: StoredCodeSystem,
): Promise<Ordinals> {
  const { froms, tos } = concepts.bounds()
  const rows = await system.database.query<{ component: number }>(sql`
    select distinct m.component
    from ${partOf('snomed_member', system.loaded.id)} m join ${partOf('concept', system.loaded.id)} c on c.key = m.target
    join unnest(${froms}::int[], ${tos}::int[]) as run (a, b) on c.ordinal >= run.a and c.ordinal < run.b
    where m.refset = any(${await numbersOf(refsets, system)}::int[]) and m.active`)
  return Ordinals.of(rows.map(({ component }) => component))
}

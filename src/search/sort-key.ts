import { join, raw, type Sql, sql } from '../db/sql.js'
import { isResourceType } from '../fhir/definitions.js'
import { typeCode } from '../fhir/type-codes.js'
import { paramOf } from './names.js'
import type { Parameters, SearchParameter } from './parameters.js'
import { parameterOf, UnusableParameter } from './query.js'
import { mainDate, sourcesOf } from './sources.js'

/** What resources are ordered by. */
export interface Key {
  /** on a row `r` of resource */
  expression: Sql
  type: 'timestamptz' | 'text' | 'numeric' | 'bigint'
  descending: boolean
  column?: 'at' | 'date_lo'
  /** type of the resource that the value is of, when that is another one */
  looksInto?: string
}

export const UPDATED = { expression: raw('r.at'), type: 'timestamptz', column: 'at' } as const
export const DATE = { expression: raw('r.date_lo'), type: 'timestamptz', column: 'date_lo' } as const

/** What stands for a resource without a value: it sorts lowest. */
const NONE = { timestamptz: raw("'-infinity'::timestamptz"), text: raw("''"), numeric: raw("'-infinity'::numeric") }

interface Sorting {
  tenant: number
  parameters?: Parameters
  descending: boolean
}

type Expression = Omit<Key, 'descending'>

const CHAIN = /^([^:.]+)(?::([A-Za-z]+))?\.([^:.]+)$/

/**
 * `date`, or a parameter of what a reference leads to: `patient.family`, `subject:Patient.family`.
 * Of several values the one counts that comes first in the order: https://hl7.org/fhir/R4/search.html#sort
 */
export function sortKey(sorting: Sorting, type: string, code: string): Expression {
  const chain = CHAIN.exec(code)
  return chain ? chained(sorting, type, chain[1]!, chain[2], chain[3]!) : keyOf(sorting, type, code, 'r')
}

/** @param row  alias of the row of resource that the value is of */
function keyOf(sorting: Sorting, type: string, code: string, row: 'r' | 't'): Expression {
  const { tenant, parameters } = sorting
  if (code === '_id') return { expression: raw(`${row}.id`), type: 'text' }
  if (code === '_lastUpdated') return row === 'r' ? UPDATED : { expression: raw('t.at'), type: 'timestamptz' }
  const parameter = parameterOf(type, code, parameters)
  if (parameter.paths.length === 0) throw unsortable(type, code)
  const { codes } = sourcesOf(type, code)
  const params = codes.map((source) => paramOf(tenant, type, source))
  const first = (table: string, column: string, of: 'timestamptz' | 'text' | 'numeric'): Expression => ({
    expression: sql`coalesce((select ${earliest(sorting)}(v.${raw(column)}) from ${raw(table)} v where v.tenant = ${raw(row)}.tenant
      and v.rid = ${raw(row)}.rid and v.param = any(${`{${params.join()}}`}::bigint[])), ${NONE[of]})`,
    type: of,
  })
  switch (parameter.type) {
    case 'date': {
      if (codes.length !== 1 || codes[0] !== mainDate(type)) return first('date_value', 'lo', 'timestamptz')
      return row === 'r' ? DATE : { expression: raw('t.date_lo'), type: 'timestamptz' }
    }
    case 'string':
      return first('string_value', 'value', 'text')
    case 'number':
    case 'quantity':
      return first('quantity_value', 'value', 'numeric')
    case 'token':
    case 'reference':
    case 'uri':
      return { expression: fromContent(sorting, parameter, row), type: 'text' }
    default:
      throw unsortable(type, code)
  }
}

const earliest = ({ descending }: Sorting): Sql => raw(descending ? 'max' : 'min')

const unsortable = (type: string, code: string) => new UnusableParameter(`_sort: ${type} cannot be sorted by ${code}`)

/** By the value that the resource has to which the reference leads. */
function chained(sorting: Sorting, type: string, code: string, named: string | undefined, inner: string): Expression {
  const { tenant, parameters } = sorting
  const reference = parameterOf(type, code, parameters)
  if (reference.type !== 'reference') throw new UnusableParameter(`_sort: ${type}.${code} is no reference to follow`)
  const [only, second] = reference.targets
  const target = named ?? (second === undefined ? only : undefined)
  if (target === undefined)
    throw new UnusableParameter(`_sort: ${code} leads to several types; name one, as in ${code}:Patient.${inner}`)
  if (!isResourceType(target) || (reference.targets.length > 0 && !reference.targets.includes(target)))
    throw new UnusableParameter(`_sort: ${type}.${code} does not lead to ${target.slice(0, 64)}`)
  const { expression, type: of } = keyOf(sorting, target, inner, 't')
  const salts = sourcesOf(type, code).codes.map((source) => paramOf(tenant, type, source))
  const none = of === 'bigint' ? raw('0') : NONE[of]
  return {
    expression: sql`coalesce((select ${earliest(sorting)}(${expression})
      from unnest(r.ref) e(hash), unnest(${`{${salts.join()}}`}::bigint[]) s(salt), resource t
      where t.tenant = ${tenant} and t.key = e.hash # s.salt and t.type = ${typeCode(target)} and not t.deleted), ${none})`,
    type: of,
    looksInto: target,
  }
}

/** What of a value is compared, by its type; of a Coding its code, as people read it. */
const LEAVES: Record<string, string> = {
  CodeableConcept: '.coding[*].code',
  Coding: '.code',
  Identifier: '.value',
  ContactPoint: '.value',
  Reference: '.reference',
}

/** Tokens and references are stored as hashes, which have no order: the content has. */
function fromContent(sorting: Sorting, { base: type, code, paths: all }: SearchParameter, row: 'r' | 't'): Sql {
  const paths = all.filter((path) => path.steps)
  if (paths.length === 0) throw unsortable(type, code)
  const values = paths.map((path) => {
    const steps = path.steps!.map(({ name, array }) => `."${name}"${array ? '[*]' : ''}`).join('')
    return sql`select jsonb_path_query(v.content, ${`$${steps}${LEAVES[path.type] ?? ''}`}::jsonpath) #>> '{}' as value`
  })
  return sql`coalesce((select ${earliest(sorting)}(c.value collate "C") from version v, lateral (${join(values, ' union all ')}) c
    where v.tenant = ${raw(row)}.tenant and v.rid = ${raw(row)}.rid and v.version = ${raw(row)}.version), '') collate "C"`
}

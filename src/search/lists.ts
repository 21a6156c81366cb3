import type { List } from '@medplum/fhirtypes'
import { Invalid } from '../base/errors.js'
import { bigints, type Sql, sql } from '../db/sql.js'
import { parseJson } from '../fhir/json.js'
import { typeCode } from '../fhir/type-codes.js'
import type { Clause } from './clause.js'
import { keyOf } from './hash.js'
import { paramOf, prefixOf } from './names.js'
import type { Pair } from './reading.js'
import { sourcesOf } from './sources.js'
import { targetOf } from './types/reference.js'
import * as token from './types/token.js'

const USES = 'http://terminology.hl7.org/CodeSystem/list-example-use-codes'
const LOINC = 'http://loinc.org'

interface CurrentList {
  /** What List.code such a list has, system|code. */
  codes: readonly string[]
  /** What is current by itself, by type, where a patient has no such list. */
  otherwise: Readonly<Record<string, readonly Pair[]>>
}

const ALLERGIES = [`${USES}|allergies`, `${USES}|adverserxns`, `${LOINC}|48765-2`]
const CURRENT_ALLERGY: readonly Pair[] = [
  ['clinical-status', 'active'],
  ['verification-status:not', 'refuted,entered-in-error'],
]
const TAKEN: readonly Pair[] = [['status', 'active']]

/** Lists that stand for what they are about: https://hl7.org/fhir/R4/lifecycle.html#current */
export const CURRENT: Readonly<Record<string, CurrentList>> = {
  '$current-problems': {
    codes: [`${USES}|problems`, `${LOINC}|11450-4`],
    otherwise: {
      Condition: [
        ['clinical-status', 'active,recurrence,relapse'],
        ['verification-status:not', 'refuted,entered-in-error'],
      ],
    },
  },
  '$current-medications': {
    codes: [`${USES}|medications`, `${LOINC}|10160-0`],
    otherwise: { MedicationStatement: TAKEN, MedicationRequest: TAKEN },
  },
  '$current-allergies': { codes: ALLERGIES, otherwise: { AllergyIntolerance: CURRENT_ALLERGY } },
  '$current-drug-allergies': {
    codes: ALLERGIES,
    otherwise: { AllergyIntolerance: [...CURRENT_ALLERGY, ['category', 'medication']] },
  },
}

/** What a current list is, but for its patient. */
export type CurrentClause = Clause & { kind: 'currentList' }
export type ListClause = Clause & { kind: 'list' }

/**
 * `_list=42` and `_list=$current-allergies`: what stands in a List.
 * @param search  a search parameter of the type as a clause
 */
export function listClause(tenant: number, type: string, value: string, search: (pair: Pair) => Clause): Clause {
  const current = Object.hasOwn(CURRENT, value) ? CURRENT[value]! : undefined
  if (current) {
    const prefix = prefixOf(tenant, 'List', 'code')
    const pairs = current.otherwise[type]
    return {
      kind: 'currentList',
      name: value,
      codes: current.codes.map((code) => token.searched(prefix, code, false)),
      narrow:
        value === '$current-drug-allergies' && type === 'AllergyIntolerance'
          ? [search(['category', 'medication'])]
          : [],
      otherwise: pairs ? { kind: 'all', clauses: pairs.map(search) } : { kind: 'any', clauses: [] },
    }
  }
  const [, id] = /^(?:List\/)?([A-Za-z0-9.-]{1,64})$/.exec(value) ?? []
  if (!id) throw new Invalid(`_list: right is the id of a List, or one of ${Object.keys(CURRENT).join(', ')}`)
  return { kind: 'list', id }
}

/** Keys of what a List holds now. An entry that is marked as deleted was taken off it. */
export function membersOf(tenant: number, content: string): bigint[] {
  const { entry = [] } = parseJson(content) as List
  return entry.flatMap(({ deleted, item }) => {
    const target = deleted || !item?.reference ? undefined : targetOf(tenant, item.reference)
    return target ? [target.key] : []
  })
}

/** `resource r where …` of the list with this id. */
export const listById = (tenant: number, id: string): Sql =>
  sql`resource r where r.tenant = ${tenant} and r.key = ${keyOf(tenant, 'List', id)}::bigint and not r.deleted`

/** `resource r where …` of the patients' current lists. */
export function currentLists(tenant: number, { codes }: CurrentClause, patients: readonly bigint[]): Sql {
  const status = token.searched(prefixOf(tenant, 'List', 'status'), 'current', false)
  const salts = sourcesOf('List', 'subject').codes.map((code) => paramOf(tenant, 'List', code))
  const refs = salts.flatMap((salt) => patients.map((key) => key ^ salt))
  return sql`resource r where r.ref && ${bigints(refs)}::bigint[] and (r.tenant + 0) = ${tenant}
    and (r.type + 0) = ${typeCode('List')} and not r.deleted
    and ${status}::bigint = any(r.tok) and exists (select 1 from unnest(r.tok) t where t = any(${bigints(codes)}::bigint[]))`
}

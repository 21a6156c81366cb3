import type { Context } from '../base/context.js'
import type { Session } from '../db/database.js'
import { bigints, raw, sql } from '../db/sql.js'
import { resourceTypes } from '../fhir/definitions.js'
import { typeCode } from '../fhir/type-codes.js'
import { prefixOf } from './names.js'
import { presence } from './types/token.js'

/** One profile, or one tag or security label, that some current resource has. */
export interface Label {
  kind: 'profile' | 'tag' | 'security'
  system: string | null
  /** of a profile its canonical */
  code: string
  display: string | null
}

/**
 * Profiles, tags and security labels of all current resources, each once. Only resources that have some are looked
 * at: the index of tokens knows them.
 *
 * @param type  undefined: of every type
 */
export async function labelsOf(
  session: Session,
  { tenant, signal }: Pick<Context, 'tenant' | 'signal'>,
  type?: string,
): Promise<Label[]> {
  const types = type === undefined ? resourceTypes : [type]
  const marks = types.flatMap((one) =>
    ['_profile', '_tag', '_security'].map((code) => presence(prefixOf(tenant, one, code))),
  )
  const ofType = type === undefined ? raw('') : sql`and (r.type + 0) = ${typeCode(type)}`
  return session.query<Label & Record<string, unknown>>(
    sql`select l.kind, l.system, l.code, min(l.display) as display
      from resource r join version v on v.tenant = r.tenant and v.rid = r.rid and v.version = r.version,
        lateral (
          select 'profile' as kind, null as system, p as code, null as display
          from jsonb_array_elements_text(v.content #> '{meta,profile}') p
          union all
          select k, c ->> 'system', c ->> 'code', c ->> 'display'
          from unnest(array['tag', 'security']) k, jsonb_array_elements(v.content -> 'meta' -> k) c
        ) l
      where r.tok && ${bigints(marks)}::bigint[] and (r.tenant + 0) = ${tenant} and not r.deleted ${ofType}
        and l.code is not null
      group by l.kind, l.system, l.code order by l.kind, l.system collate "C" nulls first, l.code collate "C"`,
    signal,
  )
}

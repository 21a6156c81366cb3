import { Conflict, FhirError, Gone, Invalid, NotFound, PreconditionFailed } from '../base/errors.js'
import { instantText } from '../base/instant.js'
import type { Database, Transaction } from '../db/database.js'
import { bigints, sql } from '../db/sql.js'
import { parseJson, stringifyJson } from '../fhir/json.js'
import { isCanonicalType } from '../fhir/library.js'
import { typeCode } from '../fhir/type-codes.js'
import type { SearchParameterResource } from '../search/declaration.js'
import { keyOf } from '../search/hash.js'
import { entryOf } from '../search/indexers.js'
import { contentText } from '../search/layout.js'
import type { Registries } from '../search/registries.js'
import type { TenantParameters } from '../search/tenant-parameters.js'
import { type Change, Changes, type Current, type Written } from './changes.js'
import { Draft } from './declare.js'
import type { RowIds } from './identity.js'
import { IntegrityCheck, type References } from './integrity.js'
import { raiseRevision } from './libraries.js'

export type { Written } from './changes.js'

export type Resource = { resourceType: string; id?: string; meta?: Record<string, unknown> } & Record<string, unknown>

/** What `version.method` says of how a version came to be. */
export const METHODS = { POST: 1, PUT: 2, PATCH: 3, DELETE: 4 } as const

/** Those of which one must be current; `*` is any. */
type Versions = readonly number[] | '*'

/** One change to one resource. `type` and `id` name it; ids of creates are new. */
export type Write = { type: string; id: string } & (
  | { kind: 'create'; resource: Resource }
  /** `mustBeNew`: nothing that is there is overwritten. */
  | { kind: 'put'; resource: Resource; ifMatch?: Versions; ifNoneMatch?: '*'; mustBeNew?: boolean }
  | { kind: 'patch'; apply: (current: Resource) => Resource | Promise<Resource>; ifMatch?: Versions }
  /** `evenIfReferred`: what refers to it goes, too. */
  | { kind: 'delete'; ifMatch?: Versions; evenIfReferred?: true }
)

export interface WriteContext {
  tenant: number
  /** for what is not part of the transaction */
  db: Database
  rowIds: RowIds
  registries: Registries
  references: References
  /** milliseconds since 1970; default: the clock */
  now?: number
}

/**
 * Writes all of `writes` in the transaction, which it commits when it is told that nothing follows.
 * Rows are locked in the order of their keys, so that two of these never wait for each other in a circle.
 *
 * @returns for each write what it did, or the error that kept it from happening: those are left out, the others done.
 *          With `allOrNothing` the first error is thrown instead, before anything is written.
 */
export function write(
  transaction: Transaction,
  context: WriteContext,
  writes: readonly Write[],
  options: { allOrNothing?: boolean; last?: boolean } = {},
): Promise<(Written | FhirError)[]> {
  // Not by await, whose frame would keep the resources while the database works: hundreds of them for each bundle,
  // moved by one collection of garbage after the other.
  return gather(transaction, context, writes, options.allOrNothing === true).then(
    ({ results, changes, check, draft }) =>
      save(transaction, context, changes, check, draft, options.last === true).then(
        () => results,
        (cause) => {
          // Of several that only came together each is told alone.
          throw options.allOrNothing || results.length === 1 ? check.explained(cause) : cause
        },
      ),
  )
}

/** What the writes come to, resource by resource, so that little more than its rows is kept of each. */
async function gather(
  transaction: Transaction,
  context: WriteContext,
  writes: readonly Write[],
  allOrNothing: boolean,
) {
  const { tenant, registries, rowIds, references } = context
  if (writes.some(({ type }) => isCanonicalType(type))) await raiseRevision(transaction, tenant)
  const draft = writes.some(({ type }) => type === 'SearchParameter')
    ? await Draft.open(transaction, tenant)
    : undefined
  const parameters = draft?.before ?? (await registries.forWrite(transaction, tenant))
  const keys = writes.map((one) => keyOf(tenant, one.type, one.id))
  const existing = await lock(transaction, tenant, writes, keys)
  const patched = await applied(writes, keys, existing)
  const fresh = await rowIds.take(keys.filter((key) => !existing.has(key)).length)
  const now = context.now ?? Date.now()
  let taken = 0
  const changes = new Changes(parameters, writes.length)
  const check = new IntegrityCheck(tenant, references, writes, keys)
  const results = writes.map((one, i): Written | FhirError => {
    try {
      const current = existing.get(keys[i]!)
      const change = plan(parameters, one, patched[i], keys[i]!, current, now, draft)
      if (change.written.outcome !== 'unchanged') {
        changes.add(change, current?.rid ?? fresh[taken++]!)
        if (change.resource) check.written(change.resource, change.entry!, i)
        else if (!('evenIfReferred' in one)) check.removed(one.type, change.key)
      }
      return change.written
    } catch (cause) {
      if (allOrNothing || !(cause instanceof FhirError)) throw cause
      return cause
    }
  })
  return { results, changes, check, draft }
}

async function save(
  transaction: Transaction,
  { tenant, db, registries }: WriteContext,
  changes: Changes,
  check: IntegrityCheck,
  draft: Draft | undefined,
  last: boolean,
) {
  await registries.fenced(tenant, changes.store(transaction, db, last && !draft, check.statements()))
  if (!draft) return
  await draft.save(transaction)
  registries.forget(tenant)
}

/** The current rows of what is updated, patched or deleted, locked until the transaction ends. */
async function lock(transaction: Transaction, tenant: number, writes: readonly Write[], keys: readonly bigint[]) {
  const wanted = keys.filter((_, i) => writes[i]!.kind !== 'create')
  if (wanted.length === 0) return new Map<bigint, Current>()
  const rows = await transaction.query<Current>(sql`
    select r.key, r.id, r.type, r.rid, r.version, r.deleted, r.narrow, r.tok::text as tok,
      (extract(epoch from r.at) * 1000)::float8 as at
    from resource r where r.tenant = ${tenant} and r.key = any(${bigints(wanted)}::bigint[])
    order by r.key for update`)
  const found = new Map(rows.map((row) => [row.key, row]))
  // Only a patch needs to see what it changes. A statement of its own, as one that had to wait for the lock would
  // still not see the version that it waited for.
  const read = keys.filter((key, i) => writes[i]!.kind === 'patch' && found.has(key))
  if (read.length === 0) return found
  const contents = await transaction.query<{ key: bigint; content: string | null }>(sql`
    select r.key, ${contentText} as content
    from resource r join version v on v.tenant = r.tenant and v.rid = r.rid and v.version = r.version
    where r.tenant = ${tenant} and r.key = any(${bigints(read)}::bigint[])`)
  for (const { key, content } of contents) found.get(key)!.content = content
  return found
}

/**
 * What becomes of one write, given what is there now.
 * @param patched  of a patch, what comes of it
 */
function plan(
  parameters: TenantParameters,
  one: Write,
  patched: Resource | FhirError | undefined,
  key: bigint,
  current: Current | undefined,
  now: number,
  draft: Draft | undefined,
): Change {
  const { tenant } = parameters
  const { type, id } = one
  if (current && (current.id !== id || current.type !== typeCode(type)))
    throw new Conflict(`The id of ${type}/${id} has the same hash as another resource here; use another id`)
  const version = current ? current.version + 1 : 1
  // lastUpdated rises with every version, whatever the clock does.
  const at = current ? Math.max(now, current.at + 1) : now
  const written = { type, id, version, at }
  if (one.kind !== 'create') checkVersion(one, current)

  if (one.kind === 'delete') {
    if (!current || current.deleted)
      return {
        written: { ...written, version: current?.version ?? 0, outcome: 'unchanged' },
        key,
        current,
        method: METHODS.DELETE,
      }
    if (type === 'SearchParameter') draft?.remove(id)
    return { written: { ...written, outcome: 'deleted' }, key, current, method: METHODS.DELETE }
  }
  if (patched instanceof FhirError) throw patched
  const resource = one.kind === 'patch' ? patched! : one.resource
  if (type === 'SearchParameter') draft?.put(id, resource as unknown as SearchParameterResource)
  // In place, as a copy of hundreds of resources a bundle would be felt; a retry stamps them again.
  resource.id = id
  resource.meta ??= {}
  resource.meta.versionId = String(version)
  resource.meta.lastUpdated = instantText(at)
  return {
    written: {
      ...written,
      outcome: !current || current.deleted ? 'created' : 'updated',
      content: stringifyJson(resource),
    },
    key,
    current,
    entry: entryOf(tenant, resource, parameters.indexers(type)),
    resource,
    method: one.kind === 'create' ? METHODS.POST : one.kind === 'put' ? METHODS.PUT : METHODS.PATCH,
  }
}

/** What becomes of those that are patched, or the error that says why not; one after the other, as they are locked. */
async function applied(
  writes: readonly Write[],
  keys: readonly bigint[],
  existing: ReadonlyMap<bigint, Current>,
): Promise<(Resource | FhirError | undefined)[]> {
  const resources: (Resource | FhirError | undefined)[] = new Array(writes.length)
  for (const [i, one] of writes.entries()) {
    if (one.kind !== 'patch') continue
    try {
      resources[i] = await patchedOf(one, existing.get(keys[i]!))
    } catch (cause) {
      if (!(cause instanceof FhirError)) throw cause
      resources[i] = cause
    }
  }
  return resources
}

async function patchedOf(one: Write & { kind: 'patch' }, current: Current | undefined): Promise<Resource> {
  if (!current) throw new NotFound(`${one.type}/${one.id} is not known`)
  if (current.deleted) throw new Gone(`${one.type}/${one.id} was deleted`)
  checkVersion(one, current)
  const resource = await one.apply(parseJson(current.content!) as Resource)
  if (resource.resourceType !== one.type)
    throw new Invalid('A patch cannot change the type of a resource', { expression: [one.type] })
  if (resource.id !== one.id)
    throw new Invalid('A patch cannot change the id of a resource', { expression: [`${one.type}.id`] })
  return resource
}

function checkVersion(one: Write, current: Current | undefined) {
  const there = current !== undefined && !current.deleted
  if ('ifNoneMatch' in one && one.ifNoneMatch === '*' && there)
    throw new PreconditionFailed(`${one.type}/${one.id} is already there (If-None-Match: *)`)
  if ('mustBeNew' in one && one.mustBeNew && there)
    throw new Conflict(`The criteria match nothing, but ${one.type}/${one.id} is already there`)
  if (!('ifMatch' in one) || one.ifMatch === undefined) return
  if (!there) throw new PreconditionFailed(`${one.type}/${one.id} has no current version to match If-Match`)
  if (one.ifMatch !== '*' && !one.ifMatch.includes(current.version))
    throw new PreconditionFailed(
      `${one.type}/${one.id} is at version ${current.version}, not the one that If-Match names: read it again and apply the change to what is there`,
    )
}

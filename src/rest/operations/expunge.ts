import { Conflict, Forbidden, Invalid, NotFound } from '../../base/errors.js'
import { keyOf } from '../../search/hash.js'
import { type Expunged, forgetAnswers, expunge as remove, someOf } from '../../store/expunge.js'
import type { Store, Unit } from '../../store/store.js'
import { type Call, operation, type Values } from '../operation.js'

/** Resources and versions that one call removes unless it says how many. */
const DEFAULT_LIMIT = 1000
/** Resources that are deleted in one transaction, where all are to be removed. */
const AT_ONCE = 500

const asked = {
  limit: '0..1 positiveInt',
  expungeDeletedResources: '0..1 boolean',
  expungePreviousVersions: '0..1 boolean',
  expungeEverything: '0..1 boolean',
} as const

const answered = {
  count: '1..1 unsignedInt',
  versions: '1..1 unsignedInt',
  complete: '1..1 boolean',
  removed: '0..* string',
  outcome: '0..1 OperationOutcome',
} as const

/**
 * Removes what is deleted, or was superseded, for good: rows of every table, in one transaction, counted afterwards.
 * @throws Forbidden  INGLE_EXPUNGE_ENABLED is off (403)
 * @throws Conflict   the resource is not deleted, or some of it is still there: nothing was removed (409)
 */
export const expunge = operation({
  code: 'expunge',
  title: 'Remove for good',
  description:
    'Removes deleted resources with their history, or previous versions, from the database; only where INGLE_EXPUNGE_ENABLED is on. Answers that are kept for an Idempotency-Key or an asynchronous request hold what they showed until their time is over.',
  on: { resource: '*', levels: ['system', 'type', 'instance'] },
  affectsState: true,
  needs: { letters: ['r', 'd', 's'], of: 'type' },
  in: asked,
  out: answered,
  about: {
    limit: `Resources and versions at most, ${DEFAULT_LIMIT} when it is absent; \`complete\` tells whether it was enough`,
    expungeDeletedResources: 'Resources that are deleted go, with all of their versions',
    expungePreviousVersions: 'Versions that are not the newest go',
    expungeEverything: 'All resources are deleted, and all go, with all versions: at system level, without a limit',
    count: 'Resources and versions that were named and are gone',
    versions: 'Versions that are gone, those of the resources among them',
    complete: 'Nothing is left of what was to be removed',
    removed: '`Patient/1` with all of its versions, or one version: `Patient/1/_history/2`',
    outcome: 'What is to be done when it is not complete',
  },

  async handle(call) {
    const { core, ctx, type, id, params } = call
    if (core.config.expungeEnabled !== 'on')
      throw new Forbidden('$expunge is not allowed here: INGLE_EXPUNGE_ENABLED is off')
    const { expungeDeletedResources: deleted = false, expungePreviousVersions: previous = false } = params
    if (params.expungeEverything) return everything(call)
    if (!deleted && !previous)
      throw new Invalid(
        '$expunge needs expungeDeletedResources or expungePreviousVersions, or expungeEverything for all',
      )
    const key = id === undefined ? undefined : keyOf(ctx.tenant, type!, id)
    if (id !== undefined) await checkInstance(core.store, ctx.tenant, type!, id, deleted)
    const limit = params.limit ?? DEFAULT_LIMIT
    const done = await core.store.transaction((unit) =>
      remove(unit.session, ctx.tenant, { type, key, deleted, previous, limit }),
    )
    return answer(done)
  },
})

async function checkInstance(store: Store, tenant: number, type: string, id: string, deleted: boolean): Promise<void> {
  const state = await store.read(tenant, type, id).then(
    () => 'there' as const,
    (cause) => {
      if (cause instanceof NotFound) throw cause
      if ((cause as { status?: number }).status === 410) return 'deleted' as const
      throw cause
    },
  )
  if (deleted && state === 'there')
    throw new Conflict(`${type}/${id} is not deleted: only what is deleted can be removed; DELETE it first`)
}

/** Deletes as anybody would, so that all that follows deletes knows, and then removes it. */
async function everything({
  core: { store },
  ctx,
  type,
  params,
}: Call<typeof asked>): Promise<Values<typeof answered>> {
  if (type !== undefined) throw new Invalid('expungeEverything is for the whole server: POST [base]/$expunge')
  if (params.limit !== undefined) throw new Invalid('expungeEverything has no limit')
  const { tenant } = ctx
  const deleteSome = async (unit: Unit): Promise<number> => {
    const some = await someOf(unit.session, tenant, AT_ONCE)
    const writes = some.map((one) => ({ kind: 'delete' as const, ...one, evenIfReferred: true as const }))
    if (writes.length > 0) await unit.write(tenant, writes, true)
    return writes.length
  }
  while ((await store.transaction(deleteSome)) > 0);
  const total: Expunged = { names: [], resources: 0, versions: 0, complete: false }
  while (!total.complete) {
    const what = { deleted: true, previous: true, limit: DEFAULT_LIMIT }
    const part = await store.transaction((unit) => remove(unit.session, tenant, what))
    total.names.push(...part.names)
    total.resources += part.resources
    total.versions += part.versions
    total.complete = part.complete
  }
  const left = await store.transaction(async ({ session }) => {
    await forgetAnswers(session, tenant)
    return someOf(session, tenant, 1)
  })
  if (left.length > 0) throw new Conflict('Resources were written while all were removed: they are still there')
  return answer(total)
}

function answer({ names, versions, complete }: Expunged): Values<typeof answered> {
  const diagnostics = 'There is more to be removed: ask again, or with a larger limit'
  return {
    count: names.length,
    versions,
    complete,
    removed: names,
    ...(!complete && {
      outcome: { resourceType: 'OperationOutcome', issue: [{ severity: 'warning', code: 'incomplete', diagnostics }] },
    }),
  }
}

import type { ParametersParameter } from '@medplum/fhirtypes'
import { Invalid, Unprocessable } from '../../base/errors.js'
import { isResourceType, resourceTypes } from '../../fhir/definitions.js'
import { parseJson } from '../../fhir/json.js'
import type { SearchParameterResource } from '../../search/declaration.js'
import { typesOf } from '../../search/parameters.js'
import type { Declared } from '../../search/tenant-parameters.js'
import { Draft } from '../../store/declare.js'
import { cancelJob, type Job, jobOf, jobs, startJob } from '../../store/reindex/jobs.js'
import type { Store } from '../../store/store.js'
import { outcomeText } from '../answers.js'
import { type Call, Direct, operation, type Specs } from '../operation.js'

const needs = { letters: ['c', 'r', 'u', 'd', 's'], of: 'all' } as const

/**
 * Makes the search index anew from what is stored, while the server serves: of the types of one SearchParameter, of
 * some types, or of all. When it has completed, the parameters that were declared before can be searched by.
 *
 * @throws NotFound  there is no such SearchParameter (404)
 * @throws Unprocessable  it asks nothing of the index (422)
 */
export const reindex = operation({
  code: 'reindex',
  title: 'Reindex',
  description:
    'Makes the search index anew from what is stored, while the server serves. Answers 202 at once; Content-Location says where its progress is read.',
  on: { resource: ['SearchParameter'], levels: ['system', 'instance'] },
  affectsState: true,
  needs,
  in: { type: '0..* code' },
  out: { return: '1..1 OperationOutcome' },
  about: { type: 'Only resources of these types; of the whole server only' },
  async handle(call) {
    const { core, ctx, exchange } = call
    const id = await startJob(core.store.db, core.store.totals, ctx.tenant, await asked(call))
    const url = `${exchange.base}/$reindex-status?job=${id}`
    const said = `The reindex ${id} has been asked for; ${url} says how far it is`
    return new Direct({
      status: 202,
      headers: { 'Content-Location': url },
      body: outcomeText('information', 'informational', said),
    })
  },
})

async function asked({ core: { store }, ctx: { tenant }, id, params: { type } }: Call<{ type: '0..* code' }>) {
  if (id === undefined) {
    const unknown = type.find((one) => !isResourceType(one))
    if (unknown !== undefined) throw new Invalid(`type: ${unknown} is not a resource type of FHIR R4`)
    const { epoch } = await store.registries.current(tenant)
    return { types: type.length ? [...new Set(type)] : resourceTypes, epoch }
  }
  if (type.length) throw new Invalid('The types are the bases of the SearchParameter; leave out type')
  const declared = await declare(store, tenant, id)
  if (!declared)
    throw new Unprocessable(
      `SearchParameter/${id} asks nothing of the index: it is retired, has no expression, or says what a parameter of the standard says`,
    )
  return { parameter: id, types: typesOf(declared.definition.base), epoch: declared.epoch }
}

/**
 * What the index knows of a SearchParameter. One that was stored before this server declared any is declared now.
 * @returns undefined when it asks nothing of the index
 * @throws NotFound  there is no such SearchParameter (404)
 * @throws Gone      it was deleted (410)
 */
async function declare(store: Store, tenant: number, id: string): Promise<Declared | undefined> {
  const { content } = await store.read(tenant, 'SearchParameter', id)
  const known = await store.registries.current(tenant)
  const declared = known.declared.find((one) => one.id === id)
  if (declared) return declared
  await store.transaction(async ({ session }) => {
    const draft = await Draft.open(session, tenant)
    draft.put(id, parseJson(content) as SearchParameterResource)
    await draft.save(session)
  })
  const { declared: now } = await store.registries.current(tenant)
  return now.find((one) => one.id === id)
}

/**
 * How far reindexes are: the one that is named, or all of the last 30 days, the newest first.
 * @throws NotFound  there is no such job (404)
 */
export const reindexStatus = operation({
  code: 'reindex-status',
  title: 'Status of reindexes',
  description: 'How far a reindex is, by resource type; without job those of the last 30 days, the newest first.',
  on: { levels: ['system'] },
  affectsState: false,
  needs: { letters: ['s'], of: 'all' },
  in: { job: '0..1 id' },
  out: { job: '0..* Element' },
  about: {
    job: 'Its parts are id, status (queued, in-progress, completed, failed, cancelled), searchParameter, note, created, started, ended, total, done, and progress for each type that has resources',
  },
  async handle({ core: { store }, ctx: { tenant }, params: { job } }) {
    const found = job === undefined ? await jobs(store.db, tenant) : [await jobOf(store.db, tenant, job)]
    return { job: found.map((one) => ({ name: 'job', part: partsOf(one) })) }
  },
})

/** Ends a reindex that is waiting or under way; what is in the index by then stays there. */
export const reindexCancel = operation({
  code: 'reindex-cancel',
  title: 'Cancel a reindex',
  description: 'Ends a reindex that waits or is under way; what it has put into the index stays there.',
  on: { levels: ['system'] },
  affectsState: true,
  needs,
  in: { job: '1..1 id' } satisfies Specs,
  out: { return: '1..1 OperationOutcome' },
  async handle({ core: { store }, ctx: { tenant }, params: { job } }) {
    await cancelJob(store.db, tenant, job)
    return new Direct({
      status: 200,
      body: outcomeText('information', 'informational', `The reindex ${job} is cancelled`),
    })
  },
})

function partsOf({ id, parameter, status, note, created, started, ended, progress }: Job): ParametersParameter[] {
  const shown = progress.filter(({ total, done }) => total > 0 || done > 0)
  const sum = (of: 'total' | 'done') => progress.reduce((all, one) => all + Number(one[of]), 0)
  return [
    { name: 'id', valueId: id },
    { name: 'status', valueCode: status },
    ...(parameter ? [{ name: 'searchParameter', valueReference: { reference: `SearchParameter/${parameter}` } }] : []),
    ...(note ? [{ name: 'note', valueString: note }] : []),
    { name: 'created', valueInstant: created },
    ...(started ? [{ name: 'started', valueInstant: started }] : []),
    ...(ended ? [{ name: 'ended', valueInstant: ended }] : []),
    { name: 'total', valueDecimal: sum('total') },
    { name: 'done', valueDecimal: sum('done') },
    ...shown.map(({ type, total, done, changed, pass, finished }) => ({
      name: 'progress',
      part: [
        { name: 'type', valueCode: type },
        { name: 'total', valueDecimal: total },
        { name: 'done', valueDecimal: done },
        { name: 'changed', valueDecimal: changed },
        { name: 'pass', valuePositiveInt: pass },
        { name: 'finished', valueBoolean: finished },
      ],
    })),
  ]
}

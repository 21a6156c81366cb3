import type { Provenance, Task } from '@medplum/fhirtypes'
import { Conflict, Invalid, NotFound, Unprocessable } from '../../base/errors.js'
import { parseJson } from '../../fhir/json.js'
import { parseReference } from '../../fhir/references.js'
import { keyOf } from '../../search/hash.js'
import { contentsOf } from '../../store/versions.js'
import type { Resource, Write } from '../../store/write.js'
import { operation } from '../operation.js'
import { type Change, changesIn, changesOf, provenanceIn, provenanceOf } from './merge/record.js'

/** Names of what changed that are told at most; all are counted. */
const MOST_NAMES = 50

/**
 * Takes a merge back: each resource that it changed is again what it was before, as a new version. What has come to
 * refer to the target since then stays with the target.
 *
 * @throws Conflict       one of them was changed since the merge, or it was taken back already (409)
 * @throws Unprocessable  the Task is not that of a merge (422)
 */
export const mergeUndo = operation({
  code: 'merge-undo',
  title: 'Take a merge back',
  description:
    'Restores all resources that a $merge changed, if none of them was changed since; otherwise it says which were, and does nothing.',
  on: { resource: ['Patient'], levels: ['type'] },
  affectsState: true,
  needs: { letters: ['c', 'r', 'u', 's'], of: 'all' },
  in: { task: '1..1 Reference', preview: '0..1 boolean' },
  out: { outcome: '1..1 OperationOutcome', task: '1..1 Task' },
  about: {
    task: 'The Task that $merge answered with; it is cancelled then',
    preview: 'Says whether it can be done, and does nothing',
  },

  async handle({ core: { store }, ctx, exchange, params }) {
    const { type, id, absolute } = parseReference(params.task.reference ?? '', exchange.base) ?? {}
    if (type !== 'Task' || !id || absolute) throw new Invalid('task is a reference to a Task of this server: Task/1')
    const { tenant } = ctx
    return store.transaction(async (unit) => {
      const read = async (type: string, name: string) => {
        const [found] = await unit.finder.byKeys(ctx, [keyOf(tenant, type, name)])
        if (!found) throw new NotFound(`${type}/${name} is not there`)
        return found
      }
      const stored = await read('Task', id)
      const task = parseJson(stored.content) as Task & Resource
      const provenance = provenanceIn(task)
      if (provenance === undefined) throw new Unprocessable('The Task is not that of a merge')
      if (task.status !== 'completed') throw new Conflict('This merge was taken back already')
      const changes = changesIn(parseJson((await read('Provenance', provenance)).content) as Provenance)

      const keys = changes.map((change) => keyOf(tenant, change.type, change.id))
      const there = new Map((await unit.finder.byKeys(ctx, keys)).map(({ key, version }) => [key, version]))
      checkUnchanged(changes.filter(({ version }, i) => there.get(keys[i]!) !== version))

      const before = await contentsOf(
        unit.session,
        tenant,
        changes.map((one) => ({ ...one, version: one.before })),
      )
      if (before.includes(undefined)) throw new Conflict('Versions from before the merge are gone: they were expunged')
      const done = `${changes.length} resources ${params.preview ? 'can be' : 'are'} as they were before the merge`
      const outcome = {
        resourceType: 'OperationOutcome' as const,
        issue: [{ severity: 'information' as const, code: 'informational' as const, diagnostics: done }],
      }
      if (params.preview) return { outcome, task }

      const writes = changes.map((one, i): Write => {
        const resource = parseJson(before[i]!) as Resource
        return { kind: 'put', type: one.type, id: one.id, resource, ifMatch: [one.version] }
      })
      const written = await unit.write(tenant, writes)
      const cancelled = { ...task, status: 'cancelled', lastModified: new Date().toISOString() }
      const [, made] = await unit.write(
        tenant,
        [
          provenanceOf(changesOf(written), ctx.principal.subject, 'unmerge'),
          { kind: 'put', type: 'Task', id, resource: cancelled, ifMatch: [stored.version] },
        ],
        true,
      )
      return { outcome, task: parseJson(made!.content!) as Task }
    })
  },
})

function checkUnchanged(changed: readonly Change[]): void {
  if (changed.length === 0) return
  const names = changed.slice(0, MOST_NAMES).map(({ type, id }) => `${type}/${id}`)
  const more = changed.length > MOST_NAMES ? ` and ${changed.length - MOST_NAMES} more` : ''
  throw new Conflict(`Changed since the merge, so that it cannot be taken back: ${names.join(', ')}${more}`)
}

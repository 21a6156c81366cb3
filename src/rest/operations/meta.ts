import { parseJson } from '../../fhir/json.js'
import { type Labels, withLabels, withoutLabels } from '../../fhir/meta.js'
import { labelsOf } from '../../search/labels.js'
import type { Resource } from '../../store/write.js'
import { type Call, operation, type Specs, type Values } from '../operation.js'
import { authorizeTypes } from '../scopes.js'

const result = { return: '1..1 Meta' } as const satisfies Specs

/**
 * The meta of a resource, or the profiles, tags and security labels that are in use in a type or on the server.
 * @see https://hl7.org/fhir/R4/resource-operation-meta.html
 */
export const meta = operation({
  code: 'meta',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta',
  title: 'Profiles, tags and security labels',
  description: 'The meta of a resource, or the profiles, tags and labels that current resources of a type or all have.',
  on: { resource: '*', levels: ['system', 'type', 'instance'] },
  affectsState: false,
  needs: { letters: ['r'], of: 'type' },
  in: {},
  out: result,

  async handle({ core: { store }, ctx, type, id }) {
    if (id !== undefined) return { return: metaOf((await store.read(ctx.tenant, type!, id)).content) }
    // What all have is what a search would find.
    authorizeTypes(ctx.principal, [type ?? '*'])
    const labels = await labelsOf(store.session, ctx, type)
    const profile = labels.flatMap(({ kind, code }) => (kind === 'profile' ? [code] : []))
    const codings = (of: 'tag' | 'security') =>
      labels.flatMap(({ kind, system, code, display }) =>
        kind === of ? [{ ...(system !== null && { system }), code, ...(display !== null && { display }) }] : [],
      )
    const [security, tag] = [codings('security'), codings('tag')]
    return {
      return: {
        ...(profile.length > 0 && { profile }),
        ...(security.length > 0 && { security }),
        ...(tag.length > 0 && { tag }),
      },
    }
  },
})

const metaOf = (content: string) => (parseJson(content) as Resource).meta!

/** @see https://hl7.org/fhir/R4/resource-operation-meta-add.html */
export const metaAdd = operation({
  code: 'meta-add',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta-add',
  title: 'Add profiles, tags and security labels',
  description: 'Adds those that the resource does not have; then it has a new version, as after any other change.',
  on: { resource: '*', levels: ['instance'] },
  affectsState: true,
  needs: { letters: ['u'], of: 'type' },
  in: { meta: '1..1 Meta' },
  out: result,
  handle: (call) => relabel(call, withLabels),
})

/** @see https://hl7.org/fhir/R4/resource-operation-meta-delete.html */
export const metaDelete = operation({
  code: 'meta-delete',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-meta-delete',
  title: 'Delete profiles, tags and security labels',
  description: 'Deletes those that the resource has; then it has a new version, as after any other change.',
  on: { resource: '*', levels: ['instance'] },
  affectsState: true,
  needs: { letters: ['u'], of: 'type' },
  in: { meta: '1..1 Meta' },
  out: result,
  handle: (call) => relabel(call, withoutLabels),
})

type Relabel = (meta: Labels, given: Labels) => Labels | undefined

/**
 * The standard's note has the meta changed in place, without a new version, so that access rules see the label on what
 * is there. Here access is judged by the newest version anyway; and a version that changed under its ETag would stay in
 * caches (If-None-Match would say 304), and history, subscriptions and exports by `_since` would never tell of it.
 * What is labelled as asked already has no new version.
 */
async function relabel(
  { core: { store, validation }, ctx, exchange, type, id, params }: Call<{ meta: '1..1 Meta' }>,
  change: Relabel,
): Promise<Values<typeof result>> {
  const there = metaOf((await store.read(ctx.tenant, type!, id!)).content)
  if (!change(there, params.meta)) return { return: there }
  const { content } = await store.write(ctx.tenant, {
    kind: 'patch',
    type: type!,
    id: id!,
    // A profile that it declares now is one that it must meet.
    apply: async (current) => {
      const meta = (change(current.meta!, params.meta) ?? current.meta) as typeof there
      return (await validation.check(exchange, { ...current, meta })).resource
    },
  })
  return { return: metaOf(content!) }
}

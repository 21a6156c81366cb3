import { Invalid } from '../../base/errors.js'
import { parseJson } from '../../fhir/json.js'
import { diff as changes } from '../../fhir/patch/diff.js'
import { parseReference } from '../../fhir/references.js'
import { vread } from '../../store/versions.js'
import type { Resource } from '../../store/write.js'
import { type Call, operation } from '../operation.js'

/** What stays out of the comparison: the id says which resource it is, not what it says. */
const LEFT = ['id']

/**
 * What changed between two versions of a resource, or what differs between two resources of a type: a FHIRPath Patch
 * that makes the second of the first, with what was there before.
 * @throws NotFound  one of them was never there (404)
 * @throws Gone      one of them is a deletion (410)
 */
export const diff = operation({
  code: 'diff',
  title: 'Difference of two versions',
  description:
    'What makes one version of a resource of another, or one resource of another: a FHIRPath Patch, with the previous value of what is replaced or deleted.',
  on: { resource: '*', levels: ['instance', 'system'] },
  affectsState: false,
  needs: { letters: ['r'], of: 'type' },
  in: {
    fromVersion: '0..1 string',
    toVersion: '0..1 string',
    from: '0..1 string',
    to: '0..1 string',
    includeMeta: '0..1 boolean',
  },
  out: { return: '1..1 Parameters' },
  about: {
    fromVersion: 'Of the resource in the URL: by default the one before toVersion',
    toVersion: 'Of the resource in the URL: by default the current one',
    from: 'Where the URL names no resource: `Patient/1` or `Patient/1/_history/2`',
    to: 'Likewise, of the same type',
    includeMeta: 'meta is compared too',
  },

  async handle(call) {
    const [from, to] = call.id === undefined ? await resources(call) : await versions(call)
    const left = call.params.includeMeta ? LEFT : [...LEFT, 'meta']
    const parameter = changes(from, to, left)
    return { return: { resourceType: 'Parameters', ...(parameter.length > 0 && { parameter: parameter as never[] }) } }
  },
})

type Asked = Call<{ fromVersion: '0..1 string'; toVersion: '0..1 string'; from: '0..1 string'; to: '0..1 string' }>

async function versions({ core: { store }, ctx, type, id, params }: Asked): Promise<[Resource, Resource]> {
  if (params.from !== undefined || params.to !== undefined)
    throw new Invalid('The versions of the resource in the URL are fromVersion and toVersion, not from and to')
  const read = async (version: string) =>
    parseJson((await vread(store.session, ctx.tenant, type!, id!, version)).content) as Resource
  const newest = params.toVersion ?? String((await store.read(ctx.tenant, type!, id!)).version)
  const oldest = params.fromVersion ?? String(Number(newest) - 1)
  if (oldest === '0') throw new Invalid('fromVersion is needed: there is no version before the first')
  return [await read(oldest), await read(newest)]
}

async function resources({ core: { store }, ctx, exchange: { base }, params }: Asked): Promise<[Resource, Resource]> {
  if (params.fromVersion !== undefined || params.toVersion !== undefined)
    throw new Invalid('fromVersion and toVersion are of the resource in the URL; from and to name resources')
  const read = async (name: 'from' | 'to') => {
    const text = params[name]
    const { type, id, version, absolute } = (text !== undefined && parseReference(text, base)) || {}
    if (!type || !id || absolute) throw new Invalid(`${name} is needed: right are Patient/1 and Patient/1/_history/2`)
    const stored = version
      ? await vread(store.session, ctx.tenant, type, id, version)
      : await store.read(ctx.tenant, type, id)
    return parseJson(stored.content) as Resource
  }
  const [from, to] = [await read('from'), await read('to')]
  if (from.resourceType !== to.resourceType)
    throw new Invalid(
      `from is a ${from.resourceType} and to a ${to.resourceType}: only two of one type can be compared`,
    )
  return [from, to]
}

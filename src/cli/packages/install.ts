import { stringifyJson } from '../../fhir/json.js'
import { type Brought, brought, CONTENT, PACKAGE } from './ledger.js'
import { kinds, type Package, type PackageResource } from './package.js'
import { batch, matches, type Request, type Target, transact } from './target.js'

/** What came of loading a package. */
export interface Result {
  stored: number
  /** There already, as they are. */
  kept: number
  refused: { file: string; reason: string }[]
  /** Search parameters that this server cannot have, beside those it has or at all. */
  notSearchable: { file: string; reason: string }[]
  /** Number of files by the reason why they are left out. */
  leftOut: Map<string, number>
  /** Types whose search parameters are others now. */
  searched: Set<string>
}

/** Entries and characters of one request. */
const MOST_ENTRIES = 100
const MOST_CHARACTERS = 8_000_000

/** There is one with this id already. */
const TAKEN = 412
/** Another search parameter has its code or url; or it asks what no index can answer. */
const NOT_SEARCHABLE = new Set([409, 422])

interface Item {
  file: string
  resource: PackageResource
  /** Ids to try, the best first. */
  ids: string[]
  /** It replaces what an earlier release of the same package stored. */
  isOurs: boolean
  /** Of the package, when it is stored with it; a package that is not stored as a whole says of itself no content. */
  sha256?: string
}

/**
 * Stores what a package brings, tagged with its name and content. What is there already of the same content is left
 * alone, so that a load that was interrupted goes on. Nothing of anybody else is overwritten: where an id is taken,
 * the version is added to it, and several versions of a package stand side by side.
 *
 * @param onStored  told after each request how many resources are done
 * @throws Error  the server cannot be reached, or refuses the requests as such
 */
export async function install(target: Target, one: Package, onStored: (done: number) => void): Promise<Result> {
  const result: Result = { stored: 0, kept: 0, refused: [], notSearchable: [], leftOut: new Map(), searched: new Set() }
  const ours = new Map<string, Brought>()
  for await (const there of brought(target, one.label, [...kinds])) ours.set(keyOf(there.type, there), there)

  const leaveOut = (why: string) => result.leftOut.set(why, (result.leftOut.get(why) ?? 0) + 1)
  let waiting: Item[] = []
  let size = 0
  const send = async () => {
    await store(target, one, waiting, result)
    waiting = []
    size = 0
    onStored(result.stored + result.kept)
  }
  const parameters: Item[] = []
  const composites: Item[] = []
  let guide: PackageResource | undefined
  for await (const content of one.contents()) {
    if ('leftOut' in content) {
      leaveOut(content.leftOut)
      continue
    }
    const { file, resource } = content
    const there = ours.get(keyOf(resource.resourceType, resource))
    if (resource.resourceType === 'ImplementationGuide') guide ??= resource
    else if (there?.sha256 === one.sha256) result.kept++
    else {
      const item = itemOf(file, resource, one, there)
      // Search parameters may be refused one by one; a composite is made of others, which have to be there.
      if (resource.resourceType !== 'SearchParameter') waiting.push(item)
      else if (resource.component) composites.push(item)
      else parameters.push(item)
      size += stringifyJson(resource).length
      if (waiting.length >= MOST_ENTRIES || size > MOST_CHARACTERS) await send()
    }
  }
  await send()
  for (const some of [parameters, composites]) {
    waiting = some
    await send()
  }

  const resource = guideOf(one, guide)
  const there = ours.get(keyOf('ImplementationGuide', resource))
  const isWhole = result.refused.length === 0
  if (isWhole && there?.sha256 === one.sha256) result.kept++
  else waiting = [{ ...itemOf('package.json', resource, one, there), ...(!isWhole && { sha256: undefined }) }]
  await send()
  return result
}

const itemOf = (file: string, resource: PackageResource, one: Package, there: Brought | undefined): Item => ({
  file,
  resource,
  ids: there ? [there.id] : idsFor(resource, one),
  isOurs: there !== undefined,
  sha256: one.sha256,
})

const keyOf = (type: string, { url, version, id }: { url?: string; version?: string; id?: string }): string =>
  url === undefined ? `${type}/${id}` : `${type} ${url}|${version ?? ''}`

/** Its own, its own with the version, its own with a part of the hash; each at most 64 characters. */
function idsFor({ id, url, name }: PackageResource, { manifest, sha256 }: Package): string[] {
  const own = id ?? (url ?? String(name ?? 'unnamed')).split(/[/:]/).at(-1)!
  const fitted = (ending: string) => own.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, 64 - ending.length) + ending
  const ending = `-${manifest.version.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, 20)}`
  return [fitted(''), fitted(ending), fitted(`-${sha256.slice(0, 8)}`)]
}

async function store(target: Target, one: Package, items: readonly Item[], result: Result): Promise<void> {
  const note = ({ resource }: Item) => {
    result.stored++
    for (const type of basesOf(resource)) result.searched.add(type)
  }
  const taken = await takenIds(target, items)
  let open = items.map((item) => {
    const free = item.ids.filter((id) => item.isOurs || !taken.has(`${item.resource.resourceType}/${id}`))
    return { item, ids: free.length > 0 ? free : item.ids }
  })
  const requestsFor = (of: typeof open) => of.map(({ item, ids }) => requestFor(item, ids[0]!, one))
  if (open.length === 0) return
  if (await transact(target, requestsFor(open))) {
    for (const { item } of open) note(item)
    return
  }
  while (open.length > 0) {
    const next: typeof open = []
    for (const [i, { status, reason }] of (await batch(target, requestsFor(open))).entries()) {
      const { item, ids } = open[i]!
      if (status < 300) note(item)
      else if (status === TAKEN && ids.length > 1) next.push({ item, ids: ids.slice(1) })
      else if (NOT_SEARCHABLE.has(status) && item.resource.resourceType === 'SearchParameter')
        result.notSearchable.push({ file: item.file, reason })
      else result.refused.push({ file: item.file, reason })
    }
    open = next
  }
}

/** Of the ids that could be used those that somebody has: `ValueSet/colours` */
async function takenIds(target: Target, items: readonly Item[]): Promise<Set<string>> {
  const taken = new Set<string>()
  const fresh = items.filter(({ isOurs }) => !isOurs)
  for (const type of new Set(fresh.map(({ resource }) => resource.resourceType))) {
    const ids = fresh.flatMap((item) => (item.resource.resourceType === type ? item.ids : []))
    const path = `${type}?_id=${ids.join(',')}&_elements=id&_count=${MOST_ENTRIES * 3}`
    for await (const { id } of matches(target, path)) taken.add(`${type}/${id}`)
  }
  return taken
}

const basesOf = ({ resourceType, base }: PackageResource): string[] =>
  resourceType === 'SearchParameter' && Array.isArray(base) ? base : []

function requestFor({ resource, isOurs, sha256 }: Item, id: string, { label }: Package): Request {
  const { versionId, lastUpdated, ...meta } = (resource.meta ?? {}) as Record<string, unknown>
  const others = ((meta.tag ?? []) as { system?: string }[]).filter(
    ({ system }) => system !== PACKAGE && system !== CONTENT,
  )
  const ours = [{ system: PACKAGE, code: label }, ...(sha256 ? [{ system: CONTENT, code: sha256 }] : [])]
  return {
    method: 'PUT',
    url: `${resource.resourceType}/${id}`,
    ...(!isOurs && { ifNoneMatch: '*' as const }),
    resource: stringifyJson({ ...resource, id, meta: { ...meta, tag: [...others, ...ours] } }),
  }
}

/** What is kept of a package's own ImplementationGuide: its pages and examples are not here. */
const ofGuide = ['title', 'status', 'experimental', 'date', 'publisher', 'description', 'copyright', 'license'] as const

/** Says which package this is; from its own ImplementationGuide where it has one, and from its package.json. */
function guideOf(
  { manifest }: Package,
  own: PackageResource = { resourceType: 'ImplementationGuide' },
): PackageResource {
  const { name, version, canonical = `https://packages.fhir.org/${name}`, title, description } = manifest
  const dependsOn = Object.entries(manifest.dependencies ?? {}).map(([packageId, version]) => ({
    uri: `https://packages.fhir.org/${packageId}`,
    packageId,
    version,
  }))
  return {
    resourceType: 'ImplementationGuide',
    id: own.id ?? name,
    url: own.url ?? `${canonical}/ImplementationGuide/${name}`,
    name: own.name ?? name.replace(/[^A-Za-z0-9]+/g, '_'),
    status: 'active',
    ...(title && { title }),
    ...(description && { description }),
    ...Object.fromEntries(ofGuide.flatMap((field) => (own[field] === undefined ? [] : [[field, own[field]]]))),
    version,
    packageId: name,
    fhirVersion: ['4.0.1'],
    ...(dependsOn.length > 0 && { dependsOn }),
  }
}

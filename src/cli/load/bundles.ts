import { basename } from 'node:path'
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes'
import { elements, member, parsed } from './json.js'
import { linesOf, open, readText, type Source, withoutMark } from './sources.js'
import { batched, creates, type Entry, type LeftOut, type Refused, type Unit } from './units.js'

/**
 * A JSON file: a transaction as it is, the entries of a batch, the resources of a collection or searchset, or one
 * resource. The file is in memory as a whole while it is sent, for that is how it has to be posted.
 */
export async function* readJson(
  source: Source,
  onRead: (bytes: number) => void,
): AsyncGenerator<Unit | Refused | LeftOut> {
  const place = basename(source.path)
  const text = await readText(source, onRead)
  const content = parsed<unknown>(text)
  if (!isResource(content)) {
    yield { place, refused: 'not JSON with a resourceType' }
    return
  }
  if (content.resourceType !== 'Bundle') {
    yield { entries: [entryFor(content, text, place)] }
    return
  }
  const entries = content.entry ?? []
  if (content.type === 'transaction') {
    yield {
      transaction: text,
      entries: entries.map((entry, i) => ({
        type: typeOf(entry),
        creates: creates(entry.request),
        place: `${place} entry ${i}`,
      })),
    }
  } else if (content.type === 'batch') {
    yield* batched(
      textsOf(text).map((entry, i) => ({
        type: typeOf(entries[i]),
        creates: creates(entries[i]?.request),
        place: `${place} entry ${i}`,
        text: entry,
      })),
    )
  } else if (content.type === 'collection' || content.type === 'searchset') {
    yield* batched(collected(content, text, place))
  } else {
    yield {
      place,
      refused: `a Bundle of type ${content.type} is not a way to load data; transaction, batch, collection and searchset are`,
    }
  }
}

/** NDJSON: one resource a line, https://hl7.org/fhir/uv/bulkdata/ */
export function readNdjson(source: Source, onRead: (bytes: number) => void): AsyncGenerator<Unit | Refused | LeftOut> {
  return batched(lines(source, onRead))
}

async function* lines(source: Source, onRead: (bytes: number) => void): AsyncGenerator<Entry | Refused> {
  let number = 0
  for await (const line of linesOf(open(source, onRead), '\n')) {
    number++
    const text = withoutMark(line).trim()
    if (text === '') continue
    const place = `${basename(source.path)} line ${number}`
    const resource = parsed<unknown>(text)
    yield isResource(resource) ? entryFor(resource, text, place) : { place, refused: 'not JSON with a resourceType' }
  }
}

/** A resource with an id keeps it; one without gets an id from the server. */
function entryFor({ resourceType, id }: Resource, text: string, place: string): Entry {
  const request = id ? { method: 'PUT', url: `${resourceType}/${id}` } : { method: 'POST', url: resourceType }
  const entry = `{"resource":${text},"request":${JSON.stringify(request)}}`
  return { type: resourceType, creates: creates(request), place, text: entry, key: id && request.url }
}

/** Outside a transaction nobody resolves `urn:uuid:…`, so references to neighbours become `Patient/1` here. */
function* collected(bundle: Bundle, text: string, place: string): Generator<Entry | Refused | LeftOut> {
  const entries = bundle.entry ?? []
  const references = new Map<string, string>()
  for (const { fullUrl, resource } of entries) {
    if (fullUrl?.startsWith('urn:') && resource?.id)
      references.set(`"${fullUrl}"`, `"${resource.resourceType}/${resource.id}"`)
  }
  for (const [i, entryText] of textsOf(text).entries()) {
    const { resource, search } = entries[i] as BundleEntry
    const where = `${place} entry ${i}`
    if (search?.mode === 'outcome') yield { leftOut: 'OperationOutcome of a searchset' }
    else if (!isResource(resource)) yield { place: where, refused: 'an entry without a resource' }
    else {
      const resourceText = member(entryText, 'resource') as string
      yield entryFor(
        resource,
        resourceText.replace(/"urn:[^"]+"/g, (urn) => references.get(urn) ?? urn),
        where,
      )
    }
  }
}

const textsOf = (bundle: string) => elements(member(bundle, 'entry') ?? '[]')

const typeOf = (entry: BundleEntry | undefined) =>
  entry?.resource?.resourceType ?? entry?.request?.url?.split(/[/?]/)[0] ?? 'unknown'

const isResource = (value: unknown): value is Resource =>
  typeof (value as Resource | undefined | null)?.resourceType === 'string'

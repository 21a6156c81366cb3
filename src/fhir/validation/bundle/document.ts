import { eachLink, type Link } from '../links.js'
import type { Json, Message, Place } from '../rule.js'
import { type Entry, EntryIndex, listOf, objectOf } from './entries.js'

const messages = {
  empty: { id: 'Bundle_BUNDLE_Entry_NoFirst', code: 'invalid', text: 'Documents and messages have entries' },
  noLead: { id: 'Bundle_BUNDLE_Entry_NoFirstResource', code: 'invalid', text: 'The first entry holds a resource' },
  notFound: {
    id: 'Bundle_BUNDLE_Entry_NotFound',
    code: 'not-found',
    text: 'What is referred to must be in the Bundle',
  },
  alike: {
    id: 'BUNDLE_BUNDLE_ENTRY_NOTFOUND_APPARENT',
    code: 'invalid',
    text: 'The full URLs do not lead to what is meant',
  },
  several: {
    id: 'BUNDLE_BUNDLE_ENTRY_FOUND_MULTIPLE',
    code: 'invalid',
    text: 'The reference leads to several entries',
  },
  orphan: {
    id: 'BUNDLE_BUNDLE_ENTRY_ORPHAN_DOCUMENT',
    code: 'informational',
    text: 'Every entry is linked to the first',
  },
} satisfies Record<string, Message>

/** Where the references of a Composition and a MessageHeader are that must lead to entries, below the first entry. */
const leads = { document: compositionReferences, message: focusReferences }

/** A document begins with its Composition, and a message with its MessageHeader, whose references the Bundle answers. */
export function checkLead(type: keyof typeof leads, entries: readonly Entry[], at: Place): void {
  const [first] = entries
  if (!first) at.report(messages.empty, () => `must have entries, as it is a ${type}`)
  else if (!first.resource) {
    at.report(messages.noLead, () => `must hold the resource that a ${type} begins with`, { below: '.entry[0]' })
  }
}

// ── References that must be answered ───────────────────────────────────────────────────────────────────────────────

interface Reference {
  readonly reference: string
  readonly below: string
}

function referencesAt(node: Json, names: readonly string[], below: string): Reference[] {
  return names.flatMap((name) => {
    const value = node[name]
    const many = Array.isArray(value)
    return (many ? value : [value]).flatMap((one, i) => {
      const { reference } = objectOf(one)
      return typeof reference === 'string' && !reference.startsWith('#')
        ? [{ reference, below: `${below}.${name}${many ? `[${i}]` : ''}` }]
        : []
    })
  })
}

const each = (node: Json, name: string, below: string, find: (one: Json, below: string) => Reference[]) =>
  listOf(node[name]).flatMap((one, i) => find(one, `${below}.${name}[${i}]`))

/** https://hl7.org/fhir/R4/documents.html#content */
function compositionReferences(composition: Json, below: string): Reference[] {
  const sections = (node: Json, around: string): Reference[] =>
    each(node, 'section', around, (section, below) => [
      ...referencesAt(section, ['author', 'focus', 'entry'], below),
      ...sections(section, below),
    ])
  return [
    ...referencesAt(composition, ['subject', 'author', 'encounter', 'custodian'], below),
    ...each(composition, 'attester', below, (one, below) => referencesAt(one, ['party'], below)),
    ...each(composition, 'event', below, (one, below) => referencesAt(one, ['detail'], below)),
    ...sections(composition, below),
  ]
}

/** https://hl7.org/fhir/R4/messageheader.html#focus */
function focusReferences(header: Json, below: string): Reference[] {
  return referencesAt(header, ['focus'], below)
}

// ── How entries hang together ──────────────────────────────────────────────────────────────────────────────────────

/** Elements of type uri and url that lead to no entry, whatever they hold. */
const names: ReadonlySet<string> = new Set([
  'Bundle.entry.fullUrl',
  'Meta.profile',
  'Extension.url',
  'MessageHeader.source.endpoint',
  'MessageHeader.destination.endpoint',
  'Endpoint.address',
])
const mayLead = ({ type, element, text }: Link) =>
  !text.startsWith('#') &&
  (type === 'Reference' || ((type === 'uri' || type === 'url') && !element.endsWith('.system') && !names.has(element)))

/**
 * That the references of the first entry are answered, that no reference of any entry only seems to be, and that a
 * document's entries can all be reached from its first, along references or against them.
 */
export function checkInterlinks(type: keyof typeof leads, bundle: Json, entries: readonly Entry[], at: Place): void {
  const [first] = entries
  if (!first?.resource) return
  const index = new EntryIndex(entries)
  const wanted = leads[type](first.resource, '.entry[0].resource')
  for (const { reference, below } of wanted) checkReference(reference, first, index, at, { below, must: true })
  const told = new Set(wanted.map(({ reference }) => reference))

  const targets = new Map<Entry, Set<Entry>>()
  for (const entry of entries) {
    const { resource, index: place } = entry
    const reached = new Set<Entry>()
    targets.set(entry, reached)
    if (!resource) continue
    const seen = new Set<string>(entry === first ? told : [])
    eachLink(resource, (link) => {
      if (!mayLead(link)) return
      const { found } = index.find(link.text, entry)
      for (const one of found.slice(0, 1)) reached.add(one)
      if (seen.has(link.text)) return
      seen.add(link.text)
      checkReference(link.text, entry, index, at, { below: `.entry[${place}].resource`, must: false })
    })
  }
  checkReach(type, first, entries, targets, stylesheets(bundle, entries), at)
}

function checkReference(
  reference: string,
  from: Entry,
  index: EntryIndex,
  at: Place,
  { below, must }: { below: string; must: boolean },
): void {
  const { found, alike } = index.find(reference, from)
  if (found.length > 1) {
    at.report(messages.several, () => `leads to ${found.length} entries of the Bundle`, { below })
  } else if (found.length === 0 && alike.length > 0) {
    const why = 'which has that type and id, but not the fullUrl that the reference leads to'
    at.report(messages.alike, () => `does not lead to entry[${alike[0]!.index}], ${why}`, { below })
  } else if (found.length === 0 && must) {
    at.report(messages.notFound, () => 'must lead to an entry of the Bundle', { below })
  }
}

const stylesheets = (bundle: Json, entries: readonly Entry[]) =>
  listOf(bundle.link).flatMap(({ relation, url }) =>
    relation === 'stylesheet'
      ? entries.filter(({ resource }) => url === `${resource?.resourceType}/${resource?.id}`)
      : [],
  )

function checkReach(
  type: keyof typeof leads,
  first: Entry,
  entries: readonly Entry[],
  targets: ReadonlyMap<Entry, ReadonlySet<Entry>>,
  others: readonly Entry[],
  at: Place,
): void {
  const neighbours = new Map<Entry, Entry[]>(entries.map((entry) => [entry, [...targets.get(entry)!]]))
  for (const [from, reached] of targets) for (const to of reached) neighbours.get(to)?.push(from)
  const visited = new Set<Entry>([first, ...others])
  for (const entry of visited) for (const next of neighbours.get(entry)!) visited.add(next)
  const severity = type === 'document' ? 'error' : 'warning'
  for (const entry of entries) {
    if (visited.has(entry) || !entry.resource) continue
    const below = `.entry[${entry.index}]`
    at.report(messages.orphan, () => `is not linked to the first entry of the ${type}, in either direction`, {
      severity,
      below,
    })
  }
}

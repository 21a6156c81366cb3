import { hash } from './hash.js'
import { stem } from './types/stem.js'
import { words } from './types/string.js'

const MOST = 5000
const LONGEST = 200

/** The words of texts, without their endings, as hashes under one name. Displays of codes come again and again, so short texts are remembered. */
export class WordHashes {
  private recent = new Map<string, readonly bigint[]>()

  constructor(private readonly name: string) {}

  of(text: string): readonly bigint[] {
    const known = this.recent.get(text)
    if (known) return known
    const hashes = words(text).map((word) => hash(this.name + stem(word)))
    if (text.length <= LONGEST) {
      if (this.recent.size >= MOST) this.recent = new Map()
      this.recent.set(text, hashes)
    }
    return hashes
  }
}

/** What becomes of the prose in a resource. */
export interface Prose {
  text(text: string): void
  narrative(text: string): void
}

/** Strings that are no prose: addresses of things, codes and bytes. */
export const SKIPPED: ReadonlySet<string> = new Set([
  'reference',
  'url',
  'system',
  'id',
  'code',
  'data',
  'resourceType',
  'profile',
  'contentType',
  'status',
  'value',
  'fullUrl',
  'lastUpdated',
  'versionId',
  'source',
])
// No tag holds a `<`: without that, each of many that are not closed would be looked through to the end of the text.
const TAGS = /<[^<>]*>|&[a-z#0-9]+;/gi
const PROSE = /\p{L}{2}/u
/** `2013-03-14T10:00:00Z` and the like have letters and yet nothing to read. */
const DATE = /^\d{4}(-\d\d){0,2}(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/

/** Visits all prose in a resource, for `_content`, and its narrative without the markup, for `_text`. */
export function eachProse(value: unknown, sink: Prose): void {
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'string') prose(item, sink)
      else eachProse(item, sink)
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const name in value) {
      const child = (value as Record<string, unknown>)[name]
      if (typeof child === 'object') eachProse(child, sink)
      else if (typeof child !== 'string' || SKIPPED.has(name)) continue
      else if (name === 'div') sink.narrative(child.replace(TAGS, ' '))
      else prose(child, sink)
    }
  }
}

function prose(text: string, sink: Prose) {
  if (PROSE.test(text) && !DATE.test(text)) sink.text(text)
}

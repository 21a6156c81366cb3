import { words } from './types/string.js'

export interface Words {
  content(word: string): void
  narrative(word: string): void
}

/** Strings that are no prose: addresses of things, codes and bytes. */
const SKIPPED = new Set(['reference', 'url', 'system', 'id', 'code', 'data', 'resourceType', 'profile', 'contentType', 'status', 'value', 'fullUrl', 'lastUpdated', 'versionId', 'source'])
const TAGS = /<[^>]*>|&[a-z#0-9]+;/gi
const PROSE = /\p{L}{2}/u
/** `2013-03-14T10:00:00Z` and the like have letters and yet nothing to read. */
const DATE = /^\d{4}(-\d\d){0,2}(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/

/** The words of all prose in a resource for `_content`, those of its narrative also for `_text`. */
export function contentWords(resource: unknown, sink: Words): void {
  walk(resource, sink)
}

function walk(value: unknown, sink: Words) {
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'string') prose(item, sink)
      else walk(item, sink)
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const name in value) {
      const child = (value as Record<string, unknown>)[name]
      if (typeof child === 'object') walk(child, sink)
      else if (typeof child !== 'string' || SKIPPED.has(name)) continue
      else if (name === 'div') narrative(child, sink)
      else prose(child, sink)
    }
  }
}

function prose(text: string, sink: Words) {
  if (!PROSE.test(text) || DATE.test(text)) return
  for (const word of words(text)) sink.content(word)
}

function narrative(div: string, sink: Words) {
  for (const word of words(div.replace(TAGS, ' '))) {
    sink.content(word)
    sink.narrative(word)
  }
}

import { isResourceType } from './definitions.js'
import { membersOf } from './members.js'

/** A reference taken apart: `{ type, id }` is on this server, unless `absolute` says where it is. */
export interface ParsedReference {
  type?: string
  id?: string
  /** `3` of `Patient/1/_history/3` */
  version?: string
  /** Base URL of the other server: `http://example.org/fhir` */
  absolute?: string
  /** `p1` of `#p1`, a contained resource; empty for `#`, the resource that contains */
  fragment?: string
  /** `urn:uuid:…` or `urn:oid:…` */
  urn?: string
}

// The base, if any; type; id; version; fragment. http://hl7.org/fhir/R4/references.html#regex
const restful =
  /^(?:(https?:\/\/[^?#]+?)\/)?([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/([A-Za-z0-9.-]{1,64}))?(?:#(.*))?$/
const urn = /^urn:(?:uuid|oid):/

/**
 * @param text  Reference.reference: `Patient/1`, `http://h/fhir/Patient/1/_history/2`, `#p1`, `urn:uuid:…`
 * @param base  our own base URL, without a slash at the end: what starts with it is ours, and not absolute
 * @returns undefined for what names no instance: other URLs, canonicals, conditional references
 * @see https://hl7.org/fhir/R4/references.html#literal
 */
export function parseReference(text: string, base?: string): ParsedReference | undefined {
  if (text.startsWith('#')) return { fragment: text.slice(1) }
  if (urn.test(text)) return { urn: text }
  const [, server, type, id, version, fragment] = restful.exec(text) ?? []
  if (!isResourceType(type)) return undefined
  return {
    type,
    id,
    ...(version && { version }),
    ...(server && server !== base && { absolute: server }),
    ...(fragment !== undefined && { fragment }),
  }
}

type Json = Record<string, unknown>
export interface ReferenceHolder {
  reference: string
}

/**
 * The literal references in a resource's JSON text, each once: a tenth of the time that parsing it takes.
 * A string that holds JSON has its quotes escaped, so that what looks like a reference is one.
 */
export function referencesIn(text: string): Set<string> {
  const found = new Set<string>()
  for (const [, reference] of text.matchAll(/"reference": ?"([^"\\]+)"/g)) found.add(reference!)
  return found
}

/** Visits every Reference with a `reference`, wherever it is: in extensions and contained resources, too. */
export function eachReference(resource: object, visit: (holder: ReferenceHolder) => void): void {
  if (Array.isArray(resource)) {
    for (const item of resource) if (typeof item === 'object' && item !== null) eachReference(item, visit)
    return
  }
  const node = resource as Json
  if (typeof node.reference === 'string' && isReference(node)) visit(node as Json & ReferenceHolder)
  for (const key in node) {
    const child = node[key]
    if (typeof child === 'object' && child !== null) eachReference(child, visit)
  }
}

// Three other elements of R4 are named `reference` and hold a uri: of DetectedIssue, Expression (which always has a
// language) and Immunization.education (where only a uri that looks like a reference is taken for one).
const isReference = (node: Json) => node.resourceType === undefined && node.language === undefined

/**
 * Visits every conditional reference, `Patient?identifier=http://hospital|12`, with its parts.
 * @see https://hl7.org/fhir/R4/http.html#trules
 */
export function eachConditionalReference(
  resource: object,
  visit: (holder: ReferenceHolder, type: string, query: string) => void,
): void {
  eachReference(resource, (holder) => {
    const { reference } = holder
    const mark = reference.indexOf('?')
    if (mark > 0 && isResourceType(reference.slice(0, mark))) {
      visit(holder, reference.slice(0, mark), reference.slice(mark + 1))
    }
  })
}

/**
 * Rewrites in place what a transaction must: Reference.reference, elements of type uri, url, oid and uuid, and `href`
 * and `src` of links and images in narratives. Canonicals, and text that merely has a URL in it (Reference.display,
 * Identifier.value), stay.
 *
 * Runs over every resource of every transaction, so the first walk asks no definitions; only when it meets a URI of
 * the map somewhere else than in a reference does a second one look at types.
 *
 * @param map  the new URL for a URL; undefined = stays
 * @param uris  the same for elements of type uri, url, oid and uuid; unless given, only URNs change there
 * @see https://hl7.org/fhir/R4/http.html#trules
 */
export function rewriteReferences(resource: object, map: UrlMap, uris: UrlMap = (uri) => urnIn(map, uri)): void {
  if (rewriteIn(resource as Json, map, uris)) rewriteUris(resource as Json, '', uris)
}

type UrlMap = (url: string) => string | undefined

const urnIn = (map: UrlMap, uri: string) => (uri.startsWith('urn:') ? map(uri) : undefined)

/** @returns whether a URI of the map stands in an element whose type has to be known */
function rewriteIn(node: Json | unknown[], map: UrlMap, uris: UrlMap): boolean {
  let others = false
  if (Array.isArray(node)) {
    for (const item of node) {
      if (typeof item === 'string') others ||= mayBeUrl(item) && uris(item) !== undefined
      else if (typeof item === 'object' && item !== null && rewriteIn(item as Json, map, uris)) others = true
    }
    return others
  }
  for (const key in node) {
    const value = node[key]
    if (typeof value === 'string') {
      if (key === 'reference') node[key] = map(value) ?? value
      else if (key === 'div') node[key] = rewriteLinks(value, map)
      else if (mayBeUrl(value)) others ||= uris(value) !== undefined
    } else if (typeof value === 'object' && value !== null) {
      if (rewriteIn(value as Json, map, uris)) others = true
    }
  }
  return others
}

const LETTER_H = 104
const LETTER_U = 117
/** `http:`, `https:` or `urn:`, as far as its first letter tells. */
const mayBeUrl = (value: string) => value.charCodeAt(0) === LETTER_U || value.charCodeAt(0) === LETTER_H

const rewritten = new Set(['uri', 'url', 'oid', 'uuid'])

function rewriteUris(node: Json, typeHere: string, uris: UrlMap): void {
  const type = typeof node.resourceType === 'string' ? node.resourceType : typeHere
  const members = membersOf(type)
  for (const [key, value] of Object.entries(node)) {
    const childType = members.get(key.startsWith('_') ? key.slice(1) : key)?.type ?? ''
    const isUri = rewritten.has(childType)
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        if (isUri && typeof item === 'string') value[index] = uris(item) ?? item
        else if (typeof item === 'object' && item !== null) rewriteUris(item as Json, childType, uris)
      }
    } else if (isUri && typeof value === 'string') {
      node[key] = uris(value) ?? value
    } else if (typeof value === 'object' && value !== null) {
      rewriteUris(value as Json, childType, uris)
    }
  }
}

const link = /(<(?:a|img)\b[^<>]*?\s(?:href|src)\s*=\s*)(?:"([^"]*)"|'([^']*)')/gi

function rewriteLinks(div: string, map: UrlMap): string {
  if (!div.includes('href') && !div.includes('src')) return div
  return div.replace(link, (all, before: string, double?: string, single?: string) => {
    const url = map(double ?? single ?? '')
    return url === undefined ? all : `${before}"${url}"`
  })
}

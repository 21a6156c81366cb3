import { Invalid } from '../../base/errors.js'
import { hash, uncounted } from '../hash.js'

/** Characters of a path that something can be said to lie under: each has a hash of its own. */
const LONGEST = 2000

const equal = (prefix: string, value: string): bigint => uncounted(hash(`${prefix}\t${value}`))
const under = (prefix: string, ancestor: string): bigint => uncounted(hash(`${prefix}:below\t${ancestor}`))

/**
 * What a uri puts into the index: itself, and where it lies under each path that it continues, for `:below`.
 * `http://a/b/c` lies under `http://a/b` and `http://a`; a urn has no paths.
 */
export function indexed(prefix: string, value: string, visit: (hashed: bigint) => void, paths: boolean): void {
  visit(equal(prefix, value))
  if (paths) for (const ancestor of ancestors(value)) visit(under(prefix, ancestor))
}

/** By modifier, the hashes of which one is there: https://hl7.org/fhir/R4/search.html#uri */
export const tests: Record<string, (prefix: string, value: string) => bigint[]> = {
  '': (prefix, value) => [equal(prefix, value)],
  below(prefix, value) {
    const path = short(trimmed(value))
    return [equal(prefix, path), equal(prefix, `${path}/`), under(prefix, path)]
  },
  above(prefix, value) {
    const paths = [short(trimmed(value)), ...ancestors(value)]
    return paths.flatMap((path) => [equal(prefix, path), equal(prefix, `${path}/`)])
  },
}

/** Of these uris the hashes of those that are one of the paths, or lie under it. */
export function amongBelow(prefix: string, uris: readonly string[], paths: readonly string[]): bigint[] {
  const wanted = new Set(paths.map(trimmed))
  const isBelow = (uri: string) => [trimmed(uri), ...ancestors(uri)].some((path) => wanted.has(path))
  const found = uris.filter((uri) => isBelow(uri.replace(/\|.*$/, '')))
  return found.map((uri) => equal(prefix, uri))
}

/** Without the slashes at its end; not by a regular expression, which would try each of many that are not there. */
function trimmed(uri: string): string {
  let end = uri.length
  while (uri[end - 1] === '/') end--
  return uri.slice(0, end)
}

function short(path: string): string {
  if (path.length > LONGEST) throw new Invalid(`:below and :above take a uri of ${LONGEST} characters at most`)
  return path
}

/** `http://a`, `http://a/b` of `http://a/b/c`. */
function ancestors(uri: string): string[] {
  const found: string[] = []
  const start = uri.indexOf('://')
  if (start < 0) return found
  const path = trimmed(uri)
  for (let slash = path.indexOf('/', start + 3); slash >= 0 && slash <= LONGEST; slash = path.indexOf('/', slash + 1))
    found.push(path.slice(0, slash))
  return found
}

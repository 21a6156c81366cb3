import { hash, uncounted } from '../hash.js'

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
    const path = trimmed(value)
    return [equal(prefix, path), equal(prefix, `${path}/`), under(prefix, path)]
  },
  above(prefix, value) {
    const paths = [trimmed(value), ...ancestors(value)]
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

const trimmed = (uri: string) => uri.replace(/\/+$/, '')

/** `http://a/b`, `http://a` of `http://a/b/c`. */
function ancestors(uri: string): string[] {
  const found: string[] = []
  const start = uri.indexOf('://')
  if (start < 0) return found
  for (let path = trimmed(uri); ; ) {
    const slash = path.lastIndexOf('/')
    if (slash < start + 3) return found
    path = path.slice(0, slash)
    found.push(path)
  }
}

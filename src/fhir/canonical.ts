/** `http://loinc.org|2.82` → url and version */
export function canonicalOf(canonical: string): { url: string; version?: string } {
  const at = canonical.indexOf('|')
  if (at < 0) return { url: canonical }
  const version = canonical.slice(at + 1)
  return { url: canonical.slice(0, at), ...(version && { version }) }
}

/** url and version → `http://loinc.org|2.82` */
export const canonical = (url: string, version?: string): string => (version === undefined ? url : `${url}|${version}`)

/** `1.10` is higher than `1.9`, `1.0.0` than `1.0.0-ballot`, and any than none. */
export function compareVersions(a = '', b = ''): number {
  const [[mainA, preA], [mainB, preB]] = [partsOf(a), partsOf(b)]
  return natural.compare(mainA, mainB) || Number(!preA) - Number(!preB) || natural.compare(preA, preB)
}

const natural = new Intl.Collator('en', { numeric: true })

/** A semantic version has what comes before it after a hyphen; in a date a hyphen is just that. */
function partsOf(version: string): [string, string] {
  const [, main = version, pre = ''] = /^(\d+\.\d+(?:\.\d+)?)-(.+)$/.exec(version) ?? []
  return [main, pre]
}

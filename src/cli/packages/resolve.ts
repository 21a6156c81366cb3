import { labelOf, openPackage, type Package } from './package.js'
import { isVersion, type Registry } from './registry.js'

/** A package as somebody asks for it. */
export type Wanted = { name: string; version?: string } | { path: string }

/** A package on this machine, and where it came from. */
export interface Found {
  one: Package
  /** URL or path */
  from: string
  /** Somebody asked for it; it is not only there because another needs it. */
  isAsked: boolean
}

export interface Resolved {
  /** What a package needs stands before it. */
  found: Found[]
  missing: { label: string; neededBy: string; reason: string }[]
  /** Needed, and part of the server itself. */
  builtIn: { label: string; neededBy: string }[]
}

/** R4 itself and HL7 Terminology come with the server, the latter in one version for all. */
const BUILT_IN = /^hl7\.(fhir\.r4\.(core|examples|expansions)|terminology(\.r4)?)$/

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9][A-Za-z0-9_-]*)*$/
const VERSION = /^[A-Za-z0-9][A-Za-z0-9.+-]*$/

/**
 * @param text  `hl7.fhir.us.core@6.1.0`, `hl7.fhir.us.core#6.1.x`, `hl7.fhir.us.core`, `./guide.tgz` or a folder
 * @throws Error  it is none of these
 */
export function wantedOf(text: string): Wanted {
  if (/[/\\]/.test(text) || text.endsWith('.tgz') || text === '.') return { path: text }
  const [name = '', version] = text.split(/[@#]/)
  if (NAME.test(name) && (version === undefined || VERSION.test(version))) return { name, version }
  throw new Error(`${text} is no package: name@version, the path of a .tgz or of a folder is`)
}

interface Options {
  registry: Registry
  withDependencies: boolean
  /** Labels that the server has: what they need is not looked for again. */
  there: ReadonlySet<string>
}

/**
 * The packages that are asked for, with those that they need.
 * @throws Error  one that is asked for cannot be had, or is not for R4; one that is needed is `missing`
 */
export async function resolve(wanted: readonly Wanted[], options: Options): Promise<Resolved> {
  const resolved: Resolved = { found: [], missing: [], builtIn: [] }
  const seen = new Set<string>()
  for (const one of wanted) await add(await find(one, options.registry), true, resolved, seen, options)
  return resolved
}

/** @throws Error  it cannot be had, is no package, or is not for R4 */
async function find(wanted: Wanted, registry: Registry): Promise<Omit<Found, 'isAsked'>> {
  const { path, from } =
    'path' in wanted ? { path: wanted.path, from: wanted.path } : await registry.fetch(wanted.name, wanted.version)
  const one = await openPackage(path)
  const { name, version, ...manifest } = one.manifest
  if (!NAME.test(name) || !VERSION.test(version))
    throw new Error(`${path}: name or version in its package.json is none`)
  const releases = manifest.fhirVersions ?? manifest['fhir-version-list'] ?? []
  if (releases.length > 0 && !releases.some((release) => release.startsWith('4.0')))
    throw new Error(`${one.label} is for FHIR ${releases.join(', ')}; this server speaks R4 (4.0.1)`)
  return { one, from }
}

async function add(
  { one, from }: Omit<Found, 'isAsked'>,
  isAsked: boolean,
  resolved: Resolved,
  seen: Set<string>,
  options: Options,
): Promise<void> {
  if (seen.has(one.label)) return
  seen.add(one.label)
  const needed = options.withDependencies ? Object.entries(one.manifest.dependencies ?? {}) : []
  for (const [name, version] of needed) {
    const label = labelOf(name, version)
    if (BUILT_IN.test(name)) resolved.builtIn.push({ label, neededBy: one.label })
    else if (!seen.has(label) && !isThere(name, version, options.there)) await addNeeded(name, version, one.label)
  }
  resolved.found.push({ one, from, isAsked })

  async function addNeeded(name: string, version: string, neededBy: string) {
    try {
      await add(await find(wantedOf(labelOf(name, version)), options.registry), false, resolved, seen, options)
    } catch (cause) {
      // Others may need it, too: it is missed once.
      seen.add(labelOf(name, version))
      resolved.missing.push({ label: labelOf(name, version), neededBy, reason: (cause as Error).message })
    }
  }
}

/** Whether one of these packages is what is needed. */
export function isThere(name: string, version: string, labels: Iterable<string>): boolean {
  for (const label of labels) {
    const [theirs, has = ''] = label.split('@')
    if (theirs === name && isVersion(version, has)) return true
  }
  return false
}

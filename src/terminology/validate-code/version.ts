import { canonical } from '../../fhir/canonical.js'
import { listOf } from '../displays.js'
import { issueOf } from '../messages.js'
import type { CodeSystemProvider } from '../provider.js'
import { brokenRule, versionFits, wantedVersion } from '../versions.js'
import type { Ground } from './ground.js'
import type { Notes } from './notes.js'
import { under } from './question.js'

interface Asked {
  readonly system: string
  /** That the value set includes. */
  readonly included?: string
  /** That the coding names. */
  readonly given?: string
  /** FHIRPath of the coding. */
  readonly place: string
}

/**
 * The version of a code system that a coding is judged by: what the value set includes and the rules make of it, and of
 * several that this leaves, what the coding names. Where the coding names another one, that is noted.
 * @returns undefined  none in particular: the newest
 */
export async function versionFor(asked: Asked, ground: Ground, notes: Notes): Promise<string | undefined> {
  const { system, included, given, place } = asked
  let version = wantedVersion(system, included, ground.rules)
  if (given === undefined) return version
  if (version === undefined) {
    const known = await ground.versions(system)
    if (known.some((one) => one === given || versionFits(given, one))) version = given
  } else if (versionFits(version, given)) version = given

  const provider = await ground.systemFor(system, version)
  const expression = under(place, 'version')
  if (!provider) {
    if (version !== undefined && version !== given)
      notes.note(issueOf('otherVersion', { system, version, given }, { expression }))
  } else if (provider.version !== given && !versionFits(given, provider.version)) {
    if (provider.version !== undefined) notes.note(mismatch({ ...asked, given }, version, provider, expression))
    if (!(await ground.system(system, given))) await noteUnknownSystem(system, given, place, ground, notes)
  }
  return version
}

function mismatch(
  { system, included, given }: Asked & { given: string },
  version: string | undefined,
  { version: actual, header }: CodeSystemProvider,
  expression: string,
) {
  if (version === undefined) {
    // https://hl7.org/fhir/R4/codesystem-definitions.html#CodeSystem.versionNeeded
    const severity = header.versionNeeded ? 'error' : 'warning'
    return issueOf('otherVersionByDefault', { system, version: actual!, given }, { expression, severity })
  }
  if (version === included) return issueOf('otherVersion', { system, version, given }, { expression })
  return issueOf('otherVersionByRule', { system, version, include: included ?? '', given }, { expression })
}

/** Notes where a version is another than the request demands it to be. */
export function checkVersion({ url, version }: CodeSystemProvider, place: string, ground: Ground, notes: Notes): void {
  const broken = brokenRule(url, version, ground.rules)
  if (!broken) return
  const filling = { system: url, version: version ?? '', required: broken.version }
  notes.note(issueOf('versionNotAllowed', filling, { expression: under(place, 'version') }))
}

/** Notes, once, that a code system is not known, or not in this version. */
export async function noteUnknownSystem(
  system: string,
  version: string | undefined,
  place: string,
  ground: Ground,
  notes: Notes,
): Promise<void> {
  const where = { expression: under(place, 'system') }
  if (version === undefined) {
    if (notes.unknown.has(system)) return
    notes.unknown.add(system)
    notes.note(issueOf('unknownSystem', { system }, where))
    return
  }
  const versions = await ground.versions(system)
  const name = versions.length ? canonical(system, version) : system
  if (notes.unknown.has(name)) return
  notes.unknown.add(name)
  notes.note(
    versions.length
      ? issueOf('unknownVersion', { system, version, versions: listOf(versions) }, where)
      : issueOf('noVersionAtAll', { system, version }, where),
  )
}

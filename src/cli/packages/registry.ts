import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compareVersions } from '../../fhir/canonical.js'
import { labelOf } from './package.js'

interface Listing {
  'dist-tags'?: Record<string, string>
  versions?: Record<string, { dist?: { tarball?: string; shasum?: string } }>
}

/** Where a package was found, as the lock file says it. */
export interface Download {
  readonly name: string
  readonly version: string
  /** of the archive on this machine */
  readonly path: string
  /** URL that it came from */
  readonly from: string
}

/**
 * A package registry, which speaks as npm's do: `GET [base]/[name]` lists versions, `GET [base]/[name]/[version]` is the
 * archive of one. https://registry.fhir.org/learn
 */
export class Registry {
  private readonly listings = new Map<string, Promise<Listing>>()

  /**
   * @param base    `https://packages.fhir.org`
   * @param folder  where archives are kept; made when it is missing
   */
  constructor(
    private readonly base: string,
    private readonly folder: string,
  ) {}

  /**
   * Fetches a package.
   * @param wanted  `6.1.0`, `6.1.x`, `latest`; absent: the latest
   * @throws Error  it cannot be had: says why
   */
  async fetch(name: string, wanted = 'latest'): Promise<Download> {
    const label = labelOf(name, wanted)
    // A version that was published stays what it is.
    const kept = this.pathOf(name, wanted)
    if (existsSync(kept)) return { name, version: wanted, path: kept, from: `${this.base}/${name}/${wanted}` }
    const listing = await this.listing(name)
    const version = chosen(listing, wanted)
    if (version === undefined) {
      const known = Object.keys(listing.versions ?? {}).sort(compareVersions)
      throw new Error(`${label} is not in the registry ${this.base}; there are ${known.slice(-5).join(', ') || 'none'}`)
    }
    const { tarball, shasum } = listing.versions?.[version]?.dist ?? {}
    const from = new URL(tarball ?? `${name}/${version}`, `${this.base}/`).href
    const archive = Buffer.from(await (await this.get(from, label)).arrayBuffer())
    if (shasum && createHash('sha1').update(archive).digest('hex') !== shasum.toLowerCase())
      throw new Error(`${label}: what came from ${from} is not what the registry lists (its SHA-1 is another)`)
    await mkdir(this.folder, { recursive: true })
    const path = this.pathOf(name, version)
    await writeFile(`${path}.part`, archive)
    await rename(`${path}.part`, path)
    return { name, version, path, from }
  }

  private pathOf = (name: string, version: string) => join(this.folder, `${labelOf(name, version)}.tgz`)

  private listing(name: string): Promise<Listing> {
    let listing = this.listings.get(name)
    if (!listing) {
      listing = this.get(`${this.base}/${encodeURIComponent(name)}`, name).then((answer) => answer.json() as Listing)
      this.listings.set(name, listing)
    }
    return listing
  }

  private async get(url: string, what: string): Promise<Response> {
    let answer: Response
    try {
      answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    } catch (cause) {
      const { code, message } = ((cause as Error).cause ?? cause) as NodeJS.ErrnoException
      throw new Error(`${what} cannot be had: the registry ${this.base} does not answer (${code ?? message})`, {
        cause,
      })
    }
    if (answer.ok) return answer
    await answer.body?.cancel()
    const why = answer.status === 404 ? 'does not have it' : `answers ${answer.status}`
    throw new Error(`${what} cannot be had: the registry ${this.base} ${why}`)
  }
}

/** An archive of hundreds of megabytes on a slow line. */
const TIMEOUT_MS = 600_000

/** Whether a version is what is wanted: itself, or one that a closing `x` stands for. */
export const isVersion = (wanted: string, version: string): boolean =>
  wanted === version || (/(^|\.)x$/.test(wanted) && version.startsWith(wanted.slice(0, -1)) && !version.includes('-'))

function chosen({ versions = {}, 'dist-tags': tags = {} }: Listing, wanted: string): string | undefined {
  const known = Object.keys(versions).sort(compareVersions)
  if (versions[wanted]) return wanted
  if (tags[wanted] !== undefined) return tags[wanted]
  if (wanted === 'latest') return known.filter((one) => !one.includes('-')).at(-1) ?? known.at(-1)
  return known.filter((one) => isVersion(wanted, one)).at(-1)
}

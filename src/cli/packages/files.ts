import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { Found } from './resolve.js'

/** What a server starts with; written by people and by `npm run packages`. */
interface PackagesFile {
  /** `hl7.fhir.us.core@6.1.0`, or the path of a `.tgz` or folder, from where this file is */
  packages: string[]
}

/** What those packages, and all that they need, were when they were added. */
interface LockFile {
  packages: Record<string, Locked>
}

interface Locked {
  /** URL or path */
  from: string
  sha256: string
}

/** `packages.json` and, beside it, `packages.lock.json`. */
export class PackageList {
  private readonly lockPath: string

  constructor(readonly path: string) {
    this.lockPath = join(dirname(path), 'packages.lock.json')
  }

  /**
   * Those that are listed; paths as they are from here.
   * @throws Error  the file is there, and is not what it should be
   */
  async packages(): Promise<string[]> {
    return (await this.listed()).map((one) => (isPath(one) ? resolve(dirname(this.path), one) : one))
  }

  private async listed(): Promise<string[]> {
    const { packages } = (await read<Partial<PackagesFile>>(this.path)) ?? { packages: [] }
    if (Array.isArray(packages) && packages.every((one) => typeof one === 'string')) return packages
    throw new Error(`${this.path} should be {"packages": ["name@version", …]}`)
  }

  async locked(): Promise<Record<string, Locked>> {
    return (await read<Partial<LockFile>>(this.lockPath))?.packages ?? {}
  }

  /** @throws Error  what was found is not what was added: its content is another */
  async check(found: readonly Found[]): Promise<void> {
    const locked = await this.locked()
    for (const { one, from } of found) {
      const { sha256 } = locked[one.label] ?? {}
      if (sha256 !== undefined && sha256 !== one.sha256)
        throw new Error(
          `${one.label} from ${from} has another content than ${this.lockPath} says (SHA-256 ${one.sha256}); take it out of there when that is meant`,
        )
    }
  }

  /** Those that were asked for are listed, and all are locked. */
  async add(found: readonly Found[]): Promise<void> {
    const placed = found.map((one) => ({ ...one, from: isUrl(one.from) ? one.from : this.pathFromHere(one.from) }))
    const asked = placed.filter(({ isAsked }) => isAsked).map(({ one, from }) => (isUrl(from) ? one.label : from))
    const locked = await this.locked()
    for (const { one, from } of placed) locked[one.label] = { from, sha256: one.sha256 }
    await this.write([...new Set([...(await this.listed()), ...asked])], locked)
  }

  async remove(label: string): Promise<void> {
    const { [label]: gone, ...locked } = await this.locked()
    const packages = await this.listed()
    const left = packages.filter((one) => one !== label && one !== label.replace('@', '#') && one !== gone?.from)
    if (gone || left.length < packages.length) await this.write(left, locked)
  }

  private pathFromHere(path: string): string {
    const way = relative(dirname(this.path), resolve(path))
    return way.startsWith('.') ? way : `./${way}`
  }

  private async write(packages: string[], locked: Record<string, Locked>) {
    const sorted = Object.fromEntries(Object.entries(locked).sort(([a], [b]) => (a < b ? -1 : 1)))
    await writeFile(this.path, `${JSON.stringify({ packages } satisfies PackagesFile, null, 2)}\n`)
    await writeFile(this.lockPath, `${JSON.stringify({ packages: sorted } satisfies LockFile, null, 2)}\n`)
  }
}

const isPath = (text: string) => /[/\\]/.test(text)
const isUrl = (text: string) => /^https?:/.test(text)

async function read<T>(path: string): Promise<T | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`${path} is not JSON: ${(cause as Error).message}`, { cause })
  }
}

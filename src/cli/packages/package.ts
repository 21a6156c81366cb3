import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { parseJson } from '../../fhir/json.js'
import { withoutMark } from '../load/sources.js'
import { tarFiles } from './tar.js'

/** package.json of a FHIR package: https://confluence.hl7.org/display/FHIR/NPM+Package+Specification */
export interface Manifest {
  name: string
  version: string
  canonical?: string
  title?: string
  description?: string
  license?: string
  fhirVersions?: string[]
  'fhir-version-list'?: string[]
  dependencies?: Record<string, string>
}

export type PackageResource = { resourceType: string; id?: string; url?: string; version?: string } & Record<
  string,
  unknown
>

/** What lies in a package: a resource, or something that is left out, and why. */
export type Content = { file: string; resource: PackageResource } | { file: string; leftOut: string }

export interface Package {
  readonly manifest: Manifest
  /** `hl7.fhir.us.core@6.1.0` */
  readonly label: string
  /** SHA-256 of the archive, or of all files of the folder; hexadecimal */
  readonly sha256: string
  /** One after the other, read as they are asked for. */
  contents(): AsyncGenerator<Content>
}

export const labelOf = (name: string, version: string): string => `${name}@${version}`

/** Of what a package brings these describe what data looks like and means; the rest are examples. */
export const kinds: ReadonlySet<string> = new Set([
  ...['ActivityDefinition', 'CapabilityStatement', 'CodeSystem', 'CompartmentDefinition', 'ConceptMap'],
  ...['EventDefinition', 'GraphDefinition', 'ImplementationGuide', 'Library', 'Measure', 'MessageDefinition'],
  ...['NamingSystem', 'OperationDefinition', 'PlanDefinition', 'Questionnaire', 'SearchParameter'],
  ...['StructureDefinition', 'StructureMap', 'TerminologyCapabilities', 'ValueSet'],
])

interface PackageFile {
  /** Below the package's folder: `ValueSet-colours.json`, `example/Patient-1.json` */
  path: string
  content: Buffer
}

/**
 * A package as it lies on disk: a `.tgz`, or a folder with its package.json (or with a folder `package` that has it).
 *
 * @throws Error  there is none, or it is no package: says what it should be
 */
export async function openPackage(path: string): Promise<Package> {
  const stats = await stat(path).catch(() => {
    throw new Error(`${path} does not exist or cannot be read`)
  })
  const files = stats.isDirectory() ? await filesOfFolder(path) : () => filesOfArchive(path)
  const sha256 = stats.isDirectory() ? await digestOf(files()) : await digestOfFile(path)
  const manifest = await manifestIn(path, files())
  return { manifest, label: labelOf(manifest.name, manifest.version), sha256, contents: () => contentsOf(files()) }
}

async function* filesOfArchive(path: string): AsyncGenerator<PackageFile> {
  const unpacked: Readable = pipeline(createReadStream(path), createGunzip(), () => {})
  try {
    for await (const { path: name, content } of tarFiles(unpacked)) {
      // What packages lie in is called `package`, mostly.
      yield { path: name.replace(/^(\.\/)?[^/]+\//, ''), content }
    }
  } catch (cause) {
    throw new Error(`${path} is no package: ${(cause as Error).message}`, { cause })
  }
}

async function filesOfFolder(path: string): Promise<() => AsyncGenerator<PackageFile>> {
  const inner = join(path, 'package')
  const folder = (await stat(join(inner, 'package.json')).catch(() => undefined)) ? inner : path
  return async function* () {
    const names = await readdir(folder, { recursive: true })
    for (const name of names.sort()) {
      const file = join(folder, name)
      if ((await stat(file)).isFile()) yield { path: name.replaceAll('\\', '/'), content: await readFile(file) }
    }
  }
}

async function digestOfFile(path: string): Promise<string> {
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(path)) digest.update(chunk)
  return digest.digest('hex')
}

async function digestOf(files: AsyncIterable<PackageFile>): Promise<string> {
  const digest = createHash('sha256')
  for await (const { path, content } of files) digest.update(`${path}\0${content.length}\0`).update(content)
  return digest.digest('hex')
}

async function manifestIn(path: string, files: AsyncIterable<PackageFile>): Promise<Manifest> {
  for await (const file of files) {
    if (file.path !== 'package.json') continue
    const manifest = textOf(file, JSON.parse) as Partial<Manifest> | undefined
    if (typeof manifest?.name === 'string' && typeof manifest.version === 'string') return manifest as Manifest
    throw new Error(`${path} is no package: its package.json has no name and version`)
  }
  throw new Error(`${path} is no package: it has no package.json`)
}

async function* contentsOf(files: AsyncIterable<PackageFile>): AsyncGenerator<Content> {
  const seen = new Set<string>()
  for await (const file of files) {
    const name = basename(file.path)
    if (name === 'package.json' || name.startsWith('.')) continue
    const leftOut = (why: string): Content => ({ file: file.path, leftOut: why })
    if (file.path.includes('/')) yield leftOut(`in folder ${file.path.slice(0, file.path.lastIndexOf('/'))}`)
    else if (!name.endsWith('.json')) yield leftOut('not JSON')
    else {
      const resource = textOf(file, parseJson) as PackageResource | undefined
      const key = `${resource?.resourceType}/${resource?.id}`
      if (typeof resource?.resourceType !== 'string') yield leftOut('not a resource')
      else if (!kinds.has(resource.resourceType)) yield leftOut(`of type ${resource.resourceType}, which is data`)
      else if (resource.id !== undefined && seen.has(key)) yield leftOut('there a second time')
      else {
        seen.add(key)
        yield { file: file.path, resource }
      }
    }
  }
}

/** Some files of published packages begin with a byte order mark. */
function textOf({ content }: PackageFile, parse: (text: string) => unknown): unknown {
  try {
    return parse(withoutMark(content.toString()))
  } catch {
    return undefined
  }
}

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Unprocessable } from '../../base/errors.js'
import { zipEntries } from './zip.js'

/** A file that came with a release, wherever it is. */
export interface ReleaseFile {
  /** With the folders that it is in: `LoincTable/Loinc.csv` */
  readonly path: string
  /** Its last part, without `.gz`. */
  readonly name: string
  open(): Promise<Readable>
}

/** What of a file was read, so that one can tell later what was loaded. */
export interface Evidence {
  readonly file: string
  bytes: number
  sha256: string
}

/** The files of a release, be they in folders, in zip archives, compressed by gzip, or by themselves. */
export class Release {
  /** Of each file that was read to its end. */
  readonly evidence: Evidence[] = []

  private constructor(
    readonly files: readonly ReleaseFile[],
    /** Of the paths that were given, for messages. */
    readonly named: string,
  ) {}

  /** @throws Unprocessable  there is nothing at a path, or an archive is none (422) */
  static async at(paths: readonly string[]): Promise<Release> {
    const files = await Promise.all(paths.map((path) => filesAt(path)))
    return new Release(files.flat(), paths.map((path) => basename(path)).join(', '))
  }

  /** The first file whose name is like this. */
  find(name: RegExp): ReleaseFile | undefined {
    return this.files.find((file) => name.test(file.name))
  }

  /** @throws Unprocessable  there is none (422) */
  need(name: RegExp, expected: string): ReleaseFile {
    const file = this.find(name)
    if (file) return file
    const some = this.files.slice(0, 8).map(({ path }) => path)
    const more = this.files.length > some.length ? ` and ${this.files.length - some.length} others` : ''
    throw new Unprocessable(`${this.named} has no ${expected}; there is ${some.join(', ') || 'no file'}${more}`)
  }

  all(name: RegExp): ReleaseFile[] {
    return this.files.filter((file) => name.test(file.name))
  }

  /** Its bytes, noted as evidence when all of them were read. */
  async open(file: ReleaseFile): Promise<Readable> {
    const hash = createHash('sha256')
    let bytes = 0
    const noted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk)
        bytes += chunk.length
        done(null, chunk)
      },
      flush: (done) => {
        if (!this.evidence.some((one) => one.file === file.path))
          this.evidence.push({ file: file.path, bytes, sha256: hash.digest('hex') })
        done()
      },
    })
    const raw = await file.open()
    raw.on('error', (cause) => noted.destroy(cause))
    return raw.pipe(noted)
  }
}

async function filesAt(path: string): Promise<ReleaseFile[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new Unprocessable(`There is no file or folder ${path}`)
  if (found.isFile()) return fileOrArchive(path, basename(path))
  const listed = await readdir(path, { recursive: true, withFileTypes: true })
  const names = listed.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  const files = names.toSorted().map((name) => fileOrArchive(name, relative(path, name)))
  return (await Promise.all(files)).flat()
}

async function fileOrArchive(path: string, shown: string): Promise<ReleaseFile[]> {
  if (/\.zip$/i.test(path)) {
    const entries = await zipEntries(path)
    return entries.map(({ name, open }) => ({ path: name, name: basename(name), open }))
  }
  const isGzip = /\.gz$/i.test(path)
  const open = async () => {
    const raw = createReadStream(path)
    if (!isGzip) return raw
    const unzipped = createGunzip()
    raw.on('error', (cause) => unzipped.destroy(cause))
    unzipped.on('error', () => raw.destroy())
    return raw.pipe(unzipped)
  }
  return [{ path: shown, name: basename(path).replace(/\.gz$/i, ''), open }]
}

import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline, type Readable, Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** What is inside a file, told by its name; each may end in `.gz`. */
export type Kind = 'json' | 'ndjson' | 'csv' | 'hl7'

export interface Source {
  /** Given by name, not found in a folder. */
  named: boolean
  /** Absolute path. */
  path: string
  kind: Kind
  gzip: boolean
  /** Bytes on disk. */
  size: number
  /** Milliseconds since 1970. */
  modified: number
}

const loadable = /\.(json|ndjson|csv|hl7)(\.gz)?$/i

/**
 * The loadable files among the given paths; folders are searched to the bottom, in order of name.
 *
 * @returns sources   the files to load, each once
 * @returns ignored   how many other files lie in those folders
 * @throws Error      a path does not exist, or names a file that cannot be loaded
 */
export async function findSources(paths: string[]): Promise<{ sources: Source[]; ignored: number }> {
  const sources = new Map<string, Source>()
  let ignored = 0

  const visit = async (path: string, named: boolean): Promise<void> => {
    const stats = await stat(path).catch(() => {
      throw new Error(`${path} does not exist or cannot be read`)
    })
    if (stats.isDirectory()) {
      for (const name of (await readdir(path)).sort()) {
        if (!name.startsWith('.')) await visit(join(path, name), false)
      }
      return
    }
    const [, kind, gz] = loadable.exec(path) ?? []
    if (kind) {
      const source = { named, kind: kind.toLowerCase() as Kind, gzip: gz !== undefined, size: stats.size }
      sources.set(path, { path, ...source, modified: Math.round(stats.mtimeMs) })
    } else if (named) {
      throw new Error(`${path} is not .json, .ndjson, .csv or .hl7 (each may end in .gz)`)
    } else ignored++
  }

  for (const path of paths) await visit(resolve(path), true)
  return { sources: [...sources.values()], ignored }
}

/**
 * The file's content, unpacked, as a stream of UTF-8 text.
 *
 * @param onRead  is told the bytes taken from disk, for the progress bar
 */
export function open({ path, gzip }: Source, onRead: (bytes: number) => void = () => {}): Readable {
  const file = createReadStream(path)
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      onRead(chunk.length)
      done(null, chunk)
    },
  })
  // An error of any part destroys the last one, which is what the reader listens to.
  const content = gzip ? pipeline(file, counted, createGunzip(), () => {}) : pipeline(file, counted, () => {})
  return content.setEncoding('utf8')
}

/** The whole content as one string. */
export async function readText(source: Source, onRead?: (bytes: number) => void): Promise<string> {
  const chunks: string[] = []
  for await (const chunk of open(source, onRead)) chunks.push(chunk)
  return withoutMark(chunks.join(''))
}

export const withoutMark = (text: string) => (text.startsWith('\uFEFF') ? text.slice(1) : text)

/** The lines of a text that arrives in pieces. */
export async function* linesOf(content: Readable, ending: string | RegExp): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of content) {
    const lines = (rest + chunk).split(ending)
    rest = lines.pop() as string
    yield* lines
  }
  if (rest !== '') yield rest
}

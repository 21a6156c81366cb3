import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Writes a file of a release, a line at a time; the folders to it are made. */
export async function writeLines(folder: string, path: string, lines: () => Iterable<string>): Promise<void> {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  await pipeline(Readable.from(chunks(lines())), createWriteStream(file))
}

function* chunks(lines: Iterable<string>): Generator<string> {
  let chunk: string[] = []
  for (const line of lines) {
    chunk.push(line)
    if (chunk.length < 1000) continue
    yield `${chunk.join('\n')}\n`
    chunk = []
  }
  if (chunk.length) yield `${chunk.join('\n')}\n`
}

/** A row of CSV, every value in quotes. */
export const csv = (values: readonly (string | number)[]): string =>
  values.map((value) => `"${String(value).replaceAll('"', '""')}"`).join(',')

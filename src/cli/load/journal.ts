import { createHash, randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parsed } from './json.js'
import type { Source } from './sources.js'

/**
 * What a server has acknowledged, one JSON line each, so that a load that was interrupted goes on where it stopped.
 * A file is known by path, size and time of change: one that was edited is loaded again.
 */
export class Journal {
  /** Names this load in idempotency keys; a restart is a new load. */
  readonly run: string
  private readonly done = new Map<string, number>()
  private readonly left = new Map<string, number[]>()
  private readonly fd: number

  /**
   * @param folder   made if it is missing; holds one journal for each server
   * @param restart  forget what was acknowledged
   */
  constructor(folder: string, url: string, restart: boolean) {
    mkdirSync(folder, { recursive: true })
    const path = join(folder, `${createHash('sha256').update(url).digest('hex').slice(0, 16)}.ndjson`)
    this.fd = openSync(path, restart ? 'w+' : 'a+')
    const text = readFileSync(this.fd, 'utf8')
    let run: string | undefined
    for (const line of text.split('\n')) {
      const record = parsed<Line>(line)
      if (!record) continue
      run ??= record.run
      if (record.resources !== undefined) this.done.set(record.file, record.resources)
      else if (record.unit !== undefined) this.left.set(`${record.file} ${record.unit}`, record.left ?? [])
    }
    if (text !== '' && !text.endsWith('\n')) writeSync(this.fd, '\n') // its last line was cut off by a kill
    this.run = run ?? randomUUID()
    if (!run) this.write({ run: this.run })
  }

  /** How many resources of the file were acknowledged, once all were. */
  resourcesOf(source: Source): number | undefined {
    return this.done.get(keyOf(source))
  }

  /** The entries of a unit that the server has refused, by index; undefined while it has not answered. */
  refusedOf(source: Source, unit: number): number[] | undefined {
    return this.left.get(`${keyOf(source)} ${unit}`)
  }

  acknowledge(source: Source, unit: number, refused: number[]): void {
    this.left.set(`${keyOf(source)} ${unit}`, refused)
    this.write({ file: keyOf(source), unit, ...(refused.length > 0 && { left: refused }) })
  }

  complete(source: Source, resources: number): void {
    this.done.set(keyOf(source), resources)
    this.write({ file: keyOf(source), resources })
  }

  close(): void {
    closeSync(this.fd)
  }

  private write(record: object) {
    writeSync(this.fd, `${JSON.stringify(record)}\n`)
  }
}

export const keyOf = ({ path, size, modified }: Source) => `${path}|${size}|${modified}`

interface Line {
  run?: string
  file: string
  resources?: number
  unit?: number
  left?: number[]
}

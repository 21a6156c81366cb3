import { createHash, randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { readJson, readNdjson } from './bundles.js'
import { readCsv } from './csv.js'
import { deliver } from './deliver.js'
import type { Endpoint } from './endpoint.js'
import { readHl7 } from './hl7.js'
import { type Journal, keyOf } from './journal.js'
import { inOrder } from './order.js'
import type { Kind, Source } from './sources.js'
import type { Tally } from './tally.js'
import { isLeftOut, isRefused, type LeftOut, type Refused, type Unit } from './units.js'

export interface Load {
  sources: Source[]
  endpoint: Endpoint
  journal: Journal
  tally: Tally
  /** Requests at a time. */
  concurrency: number
  /** Namespace of medical record numbers that come without one, a URI. */
  mrnSystem: string
  /** Is told the bytes of sources that are read or skipped. */
  onRead: (bytes: number) => void
}

type Read = (
  source: Source,
  onRead: (bytes: number) => void,
  mrnSystem: string,
) => AsyncGenerator<Unit | Refused | LeftOut>

const readers: Record<Kind, Read> = { json: readJson, ndjson: readNdjson, csv: readCsv, hl7: readHl7 }

/** A unit and where it stands: `number` counts the units of its source. */
interface Task {
  unit: Unit
  number: number
  file: FileInProgress
}

/** A file is complete when it has nothing left to read or to be answered, and nothing failed. */
interface FileInProgress {
  source: Source
  resources: number
  open: number
  isFaulty: boolean
}

/**
 * Loads the sources, dependencies first, with at most `concurrency` units in memory. What fails is tallied and does
 * not stop the rest.
 *
 * @throws the connection's error when the server stays out of reach
 */
export async function load(job: Load): Promise<void> {
  for (const group of await inOrder(job.sources)) {
    const tasks = tasksOf(job, group)
    let sequence = Promise.resolve()
    const worker = async () => {
      for await (const task of tasks) {
        if ('transaction' in task.unit || !task.unit.inSequence) await send(job, task)
        else {
          sequence = sequence.then(() => send(job, task))
          await sequence
        }
      }
    }
    // One that fails ends the generator, and with it the others, after what they have under way is acknowledged.
    const ends = await Promise.allSettled(Array.from({ length: job.concurrency }, worker))
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed) throw failed.reason
  }
}

/** The units that remain to be sent, shared by the workers: an async generator answers one `next` after the other. */
async function* tasksOf({ journal, tally, mrnSystem, onRead }: Load, sources: Source[]): AsyncGenerator<Task> {
  for (const source of sources) {
    const resources = journal.resourcesOf(source)
    if (resources !== undefined) {
      tally.earlier.files++
      tally.earlier.resources += resources
      onRead(source.size)
      continue
    }
    const file: FileInProgress = { source, resources: 0, open: 1, isFaulty: false }
    try {
      let number = 0
      for await (const item of readers[source.kind](source, onRead, mrnSystem)) {
        if (isLeftOut(item)) tally.leave(item.leftOut)
        else if (isRefused(item)) {
          tally.fail(item.place, item.refused)
          file.isFaulty = true
        } else {
          file.open++
          yield { unit: item, number: number++, file }
        }
      }
    } catch (error) {
      tally.fail(basename(source.path), `cannot be read: ${(error as Error).message}`)
      file.isFaulty = true
    }
    settle(file, journal, tally)
  }
}

async function send({ endpoint, journal, tally }: Load, { unit, number, file }: Task): Promise<void> {
  const refused = journal.refusedOf(file.source, number)
  const all = unit.entries.map((_, index) => index)
  // A first attempt keeps its key from run to run, for its answer may have been lost; what was refused is a new try.
  const key = refused ? randomUUID() : digest(journal.run, keyOf(file.source), number)
  if (refused) tally.earlier.resources += all.length - refused.length
  const failed: number[] = []
  let isOpen = false
  const delivered = await deliver(endpoint, unit, refused ?? all, key)
  for (const { index, reason, isOpen: open } of delivered) {
    isOpen ||= open === true
    const { type, place } = unit.entries[index]!
    if (reason === undefined) tally.store(type)
    else failed.push(index)
    if (reason !== undefined && !('transaction' in unit)) tally.fail(place, reason)
  }
  if ('transaction' in unit && failed.length > 0) {
    tally.fail(basename(file.source.path), delivered[0]!.reason!, failed.length)
  }
  // What is still open keeps its key for the next run.
  if (delivered.length > 0 && !isOpen) journal.acknowledge(file.source, number, failed)
  file.resources += all.length - failed.length
  if (failed.length > 0) file.isFaulty = true
  settle(file, journal, tally)
}

function settle(file: FileInProgress, journal: Journal, tally: Tally) {
  if (--file.open > 0) return
  tally.files++
  if (!file.isFaulty) journal.complete(file.source, file.resources)
}

const digest = (...parts: (string | number)[]) =>
  createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, 32)

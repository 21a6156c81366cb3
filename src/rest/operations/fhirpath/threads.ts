import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Invalid, TooCostly } from '../../../base/errors.js'
import { root } from '../../../base/root.js'
import type { Asked } from '../../../fhir/fhirpath/parameters.js'
import type { Evaluated } from './thread.js'

/** Beside the server's own thread: one slow expression is not in the way of all others. */
const MOST_THREADS = 2
const MOST_HEAP_MB = 256

// What was built, also for tests, which run the sources: a thread cannot.
const entry = join(root, 'dist', 'src', 'rest', 'operations', 'fhirpath', 'thread.js')

const idle: Worker[] = []
const waiting: ((thread: Worker | undefined) => void)[] = []
let running = 0

/**
 * Evaluates in a thread of its own, because nothing else can end a regular expression that backtracks for years, or a
 * string that doubles until the memory is full. Threads are started when they are needed, and kept.
 *
 * @param mostMs  time that the evaluation may take, not counting the wait for a thread
 * @param signal  ends the evaluation, too
 * @returns Parameters as JSON text
 * @throws Invalid    the expression is wrong, or fails on the resource (400)
 * @throws TooCostly  it ran out of time or memory (422)
 */
export async function evaluateApart(asked: Asked, mostMs: number, signal?: AbortSignal): Promise<string> {
  const thread = await take()
  let evaluated: Evaluated
  try {
    const deadline = AbortSignal.timeout(mostMs)
    const answered = once(thread, 'message', { signal: signal ? AbortSignal.any([deadline, signal]) : deadline })
    thread.postMessage(asked)
    ;[evaluated] = (await answered) as [Evaluated]
  } catch (cause) {
    await end(thread)
    signal?.throwIfAborted()
    throw tooCostly(cause, mostMs)
  }
  giveBack(thread)
  if ('body' in evaluated) return evaluated.body
  if ('invalid' in evaluated) throw new Invalid(evaluated.invalid)
  if ('costly' in evaluated) throw new TooCostly(evaluated.costly)
  throw new Error(evaluated.failure)
}

function tooCostly(cause: unknown, mostMs: number): unknown {
  const { name, code } = cause as { name?: string; code?: string }
  if (name === 'AbortError') {
    return new TooCostly(`The evaluation ran past its limit of ${mostMs} ms; ask for less of the resource`, { cause })
  }
  const isFull = code === 'ERR_WORKER_OUT_OF_MEMORY'
  return isFull ? new TooCostly(`The evaluation needs more than ${MOST_HEAP_MB} MB of memory`, { cause }) : cause
}

async function take(): Promise<Worker> {
  const thread = idle.pop() ?? (running < MOST_THREADS ? undefined : await turn())
  return thread ?? start()
}

/** @returns undefined when a thread has ended, and another may be started */
const turn = () => new Promise<Worker | undefined>((resolve) => waiting.push(resolve))

async function start(): Promise<Worker> {
  running++
  const thread = new Worker(entry, { resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB } })
  thread.unref() // it does not keep a server from ending
  try {
    await once(thread, 'message')
  } catch (cause) {
    await end(thread)
    throw cause
  }
  return thread
}

function giveBack(thread: Worker): void {
  const next = waiting.shift()
  if (next) next(thread)
  else idle.push(thread)
}

async function end(thread: Worker): Promise<void> {
  thread.on('error', () => {}) // it has failed us already
  await thread.terminate()
  running--
  waiting.shift()?.(undefined)
}

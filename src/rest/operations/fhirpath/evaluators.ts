import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { Invalid, TooCostly } from '../../../base/errors.js'
import { root } from '../../../base/root.js'
import type { Asked } from '../../../fhir/fhirpath/parameters.js'
import type { Evaluated } from './evaluator.js'

/** One slow expression is not in the way of all others. */
const MOST_AT_ONCE = 2
const MOST_HEAP_MB = 256
const START_MS = 10_000

// What was built, also for tests, which run the sources: a process of its own cannot.
const entry = join(root, 'dist', 'src', 'rest', 'operations', 'fhirpath', 'evaluator.js')

const idle: ChildProcess[] = []
const waiting: ((evaluator: ChildProcess | undefined) => void)[] = []
let running = 0

/**
 * Evaluates in a process of its own, because nothing else can end a regular expression that backtracks for years, or
 * a string that doubles until the memory is full: a thread that runs out of memory takes Node 24 with it. Processes are
 * started when they are needed, and kept.
 *
 * @param mostMs  time that the evaluation may take, not counting the wait for a process
 * @param signal  ends the evaluation, too
 * @returns Parameters as JSON text
 * @throws Invalid    the expression is wrong, or fails on the resource (400)
 * @throws TooCostly  it ran out of time or memory (422)
 */
export async function evaluateApart(asked: Asked, mostMs: number, signal?: AbortSignal): Promise<string> {
  const evaluator = await take()
  if (signal?.aborted) {
    giveBack(evaluator)
    signal.throwIfAborted()
  }
  const evaluated = await answered<Evaluated>(evaluator, mostMs, signal, () => evaluator.send(asked))
  if (evaluated === 'late' || evaluated === 'gone') {
    end(evaluator)
    signal?.throwIfAborted()
    throw new TooCostly(
      evaluated === 'late'
        ? `The evaluation ran past its limit of ${mostMs} ms; ask for less of the resource`
        : `The evaluation needs more than ${MOST_HEAP_MB} MB of memory`,
    )
  }
  giveBack(evaluator)
  if ('body' in evaluated) return evaluated.body
  if ('invalid' in evaluated) throw new Invalid(evaluated.invalid)
  if ('costly' in evaluated) throw new TooCostly(evaluated.costly)
  throw new Error(evaluated.failure)
}

/** What comes next from the process, `late` when the time is up or the signal says so, `gone` when it has ended. */
function answered<Message>(
  evaluator: ChildProcess,
  mostMs: number,
  signal?: AbortSignal,
  ask?: () => void,
): Promise<Message | 'late' | 'gone'> {
  return new Promise((resolve) => {
    const settle = (answer: Message | 'late' | 'gone') => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', late)
      evaluator.removeAllListeners('message').removeAllListeners('exit').removeAllListeners('error')
      resolve(answer)
    }
    const late = () => settle('late')
    const gone = () => settle('gone')
    const timer = setTimeout(late, mostMs)
    signal?.addEventListener('abort', late)
    evaluator.once('message', (message) => settle(message as Message))
    evaluator.once('exit', gone)
    evaluator.once('error', gone)
    ask?.()
  })
}

async function take(): Promise<ChildProcess> {
  for (let known = idle.pop(); known; known = idle.pop()) {
    if (known.connected) return known
    end(known)
  }
  return (running < MOST_AT_ONCE ? undefined : await turn()) ?? start()
}

/** @returns undefined when a process has ended, and another may be started */
const turn = () => new Promise<ChildProcess | undefined>((resolve) => waiting.push(resolve))

async function start(): Promise<ChildProcess> {
  running++
  // It has no business with our settings, and what V8 says when its memory is full is no line of our log.
  const evaluator = fork(entry, {
    execArgv: [`--max-old-space-size=${MOST_HEAP_MB}`],
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  // It does not keep a server from ending, and ends with it.
  evaluator.unref()
  evaluator.channel!.unref()
  if ((await answered<'ready'>(evaluator, START_MS)) === 'ready') return evaluator
  end(evaluator)
  throw new Error('The process that evaluates FHIRPath does not start')
}

function giveBack(evaluator: ChildProcess): void {
  const next = waiting.shift()
  if (next) next(evaluator)
  else idle.push(evaluator)
}

function end(evaluator: ChildProcess): void {
  evaluator.on('error', () => undefined) // it has failed us already
  evaluator.kill('SIGKILL')
  running--
  waiting.shift()?.(undefined)
}

import { parentPort } from 'node:worker_threads'
import { Invalid, TooCostly } from '../../../base/errors.js'
import { type Asked, answerParameters } from '../../../fhir/fhirpath/parameters.js'
import { stringifyJson } from '../../../fhir/json.js'

/** What the thread makes of an evaluation: the body of the answer, or why there is none. */
export type Evaluated = { body: string } | { invalid: string } | { costly: string } | { failure: string }

/** A thread that evaluates what it is sent, one expression after the other; threads.ts starts and ends it. */
parentPort!.on('message', (asked: Asked) => parentPort!.postMessage(evaluated(asked)))
parentPort!.postMessage('ready')

function evaluated(asked: Asked): Evaluated {
  try {
    return { body: stringifyJson(answerParameters(asked)) }
  } catch (cause) {
    if (cause instanceof Invalid) return { invalid: cause.message }
    if (cause instanceof TooCostly) return { costly: cause.message }
    return { failure: (cause as Error).stack ?? String(cause) }
  }
}

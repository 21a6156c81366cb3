import { Invalid, TooCostly } from '../../../base/errors.js'
import { type Asked, answerParameters } from '../../../fhir/fhirpath/parameters.js'
import { stringifyJson } from '../../../fhir/json.js'

/** What the process makes of an evaluation: the body of the answer, or why there is none. */
export type Evaluated = { body: string } | { invalid: string } | { costly: string } | { failure: string }

/** A process that evaluates what it is sent, one expression after the other; evaluators.ts starts and ends it. */
process.on('message', (asked: Asked) => process.send!(evaluated(asked)))
process.on('disconnect', () => process.exit())
process.send!('ready')

function evaluated(asked: Asked): Evaluated {
  try {
    return { body: stringifyJson(answerParameters(asked)) }
  } catch (cause) {
    if (cause instanceof Invalid) return { invalid: cause.message }
    if (cause instanceof TooCostly) return { costly: cause.message }
    return { failure: (cause as Error).stack ?? String(cause) }
  }
}

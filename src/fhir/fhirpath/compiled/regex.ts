import { Invalid } from '../../../base/errors.js'
import type { Limits } from '../limits.js'
import { isDeterministic } from './deterministic.js'

/** A search tries each start; in a longer text it is left to what can be stopped. */
const LONGEST = 1000

/**
 * Whether texts match, in bounded time: at once where there is nothing to try twice, else as the limits allow.
 * `.` is any character: https://hl7.org/fhirpath/N1/#matchesregex--string--boolean
 *
 * @throws Invalid  it is no regular expression
 */
export function matcher(pattern: string): Matcher {
  const known = matchers.get(pattern)
  if (known) return known
  const regex = compiled(pattern)
  const isQuick = isDeterministic(pattern)
  const made: Matcher = (text, limits) =>
    isQuick && text.length <= LONGEST ? regex.test(text) : limits.regex(() => regex.test(text))
  if (matchers.size >= MOST_KEPT) matchers.clear()
  matchers.set(pattern, made)
  return made
}

type Matcher = (text: string, limits: Limits) => boolean
const matchers = new Map<string, Matcher>()
const MOST_KEPT = 1000

function compiled(pattern: string): RegExp {
  for (const flags of ['su', 's']) {
    try {
      return new RegExp(pattern, flags)
    } catch {
      // With u, JavaScript refuses escapes of what needs none, which other dialects allow: `\-`
    }
  }
  throw new Invalid(`'${pattern}' is no regular expression`)
}

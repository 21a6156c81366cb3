import type { Issue } from '../base/errors.js'
import type { MissingReferences } from '../store/integrity.js'
import type { Step } from './transaction-steps.js'

/** What there is to say of each entry, by its number; what is about the Bundle itself is told with the first that writes. */
export function issuesByEntry(issues: readonly Issue[], steps: readonly Step[]): Map<number, readonly Issue[]> {
  const told = new Map<number, Issue[]>()
  const first = steps.find(({ reads }) => !reads)?.n ?? 0
  for (const issue of issues) {
    const n = Number(/^Bundle\.entry\[(\d+)\]/.exec(issue.expression?.[0] ?? '')?.[1] ?? first)
    const those = told.get(n)
    if (those) those.push(issue)
    else told.set(n, [issue])
  }
  return told
}

/**
 * Says of each reference to nothing where it stands in the Bundle.
 * @param numbers  of the entries that the writes stand for
 */
export function inEntries(cause: MissingReferences, numbers: readonly number[]): MissingReferences {
  cause.missing.forEach(({ n, place }, i) => {
    cause.issues[i]!.expression = [place.replace(/^\w+/, `Bundle.entry[${numbers[n]}].resource`)]
  })
  return cause
}

import { TooCostly } from '../base/errors.js'
import { refusal } from './messages.js'
import type { CodeSystemProvider, Concept, Selection } from './provider.js'

export interface Property {
  readonly code: string
  /** As text, of a Coding its code. */
  readonly value: string
}

export interface Found<P extends Property> {
  readonly concept: Concept
  /** What was asked for and it does not have. */
  readonly unmatched: readonly P[]
}

/**
 * The concepts that have all properties; where none has and it need not be exact, those that have some of them, the most
 * first.
 * @param most  concepts that may be found
 * @throws TooCostly  there are more (422)
 * @throws Unprocessable  the system has no such property (422)
 */
export async function findMatches<P extends Property>(
  provider: CodeSystemProvider,
  properties: readonly P[],
  { exact, most }: { exact: boolean; most: number },
): Promise<Found<P>[]> {
  const selections = await Promise.all(properties.map((one) => selected(provider, one)))
  const all = await listed(
    selections.reduce((a, b) => a.and(b)),
    most,
  )
  if (exact || all.length) return all.map((concept) => ({ concept, unmatched: [] }))
  const some = await listed(
    selections.reduce((a, b) => a.or(b)),
    most,
  )
  const codes = some.map(({ code }) => code)
  const having = await Promise.all(selections.map((one) => one.has(codes)))
  return some
    .map((concept) => ({ concept, unmatched: properties.filter((_, i) => !having[i]!.has(concept.code)) }))
    .sort((a, b) => a.unmatched.length - b.unmatched.length)
}

async function selected(provider: CodeSystemProvider, { code, value }: Property): Promise<Selection> {
  const found = await provider.filter(code, '=', value)
  if (!found) throw refusal('filterNotUnderstood', { property: code, op: '=', value })
  return found
}

async function listed(selection: Selection, most: number): Promise<readonly Concept[]> {
  const found = await selection.page({ offset: 0, count: most + 1 })
  if (found.length > most) throw new TooCostly(`More than ${most} concepts match; name more properties`)
  return found
}

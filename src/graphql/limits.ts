import type { FragmentDefinitionNode, OperationDefinitionNode, SelectionSetNode } from 'graphql'
import type { Config } from '../base/config.js'
import { TooCostly } from '../base/errors.js'
import { Limits as FhirPathLimits } from '../fhir/fhirpath.js'
import { problem, Refused } from './problem.js'

export type Limits = Pick<
  Config,
  'graphqlMaxDepth' | 'graphqlMaxFields' | 'graphqlMaxAliases' | 'graphqlMaxSearches' | 'graphqlMaxResources'
>

/** How large a query is once its fragments stand where they are spread. */
interface Size {
  /** fields below each other */
  depth: number
  fields: number
  aliases: number
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

/**
 * Refuses what is too large before anything is done for it.
 * @param fragments  that do not contain themselves
 * @throws Refused  with what is too much and the setting that says so (422)
 */
export function refuseLarge(operation: OperationDefinitionNode, fragments: Fragments, limits: Limits): void {
  const { depth, fields, aliases } = sizeOf(operation.selectionSet, fragments, new Map())
  const parts: [what: string, size: number, most: number, setting: string][] = [
    ['levels', depth, limits.graphqlMaxDepth, 'INGLE_GRAPHQL_MAX_DEPTH'],
    ['fields', fields, limits.graphqlMaxFields, 'INGLE_GRAPHQL_MAX_FIELDS'],
    ['aliases', aliases, limits.graphqlMaxAliases, 'INGLE_GRAPHQL_MAX_ALIASES'],
  ]
  for (const [what, size, most, setting] of parts) {
    if (size <= most) continue
    const reason = new TooCostly(`The query has ${size} ${what}; ${most} are allowed (${setting})`)
    throw new Refused([problem(reason, [operation])])
  }
}

/** @param known  of fragments: however often one is spread, it is measured once */
function sizeOf({ selections }: SelectionSetNode, fragments: Fragments, known: Map<string, Size>): Size {
  const size: Size = { depth: 0, fields: 0, aliases: 0 }
  const add = (below: Size, deeper: number) => {
    size.depth = Math.max(size.depth, below.depth + deeper)
    size.fields += below.fields
    size.aliases += below.aliases
  }
  for (const one of selections) {
    if (one.kind === 'Field') {
      size.fields++
      size.depth = Math.max(size.depth, 1)
      if (one.alias) size.aliases++
      if (one.selectionSet) add(sizeOf(one.selectionSet, fragments, known), 1)
    } else if (one.kind === 'InlineFragment') {
      add(sizeOf(one.selectionSet, fragments, known), 0)
    } else {
      const name = one.name.value
      const measured = known.get(name) ?? sizeOf(fragments.get(name)!.selectionSet, fragments, known)
      known.set(name, measured)
      add(measured, 0)
    }
  }
  return size
}

/** What one query may still read, search and evaluate. */
export class Budget {
  readonly fhirpath = new FhirPathLimits()
  private resources = 0
  private searches = 0

  constructor(private readonly limits: Limits) {}

  /** @throws TooCostly  (422) */
  read(count: number): void {
    this.foresee(count)
    this.resources += count
  }

  /** Whether there is room for so many resources more, before they are all read. */
  foresee(count: number): void {
    const most = this.limits.graphqlMaxResources
    if (this.resources + count > most)
      throw new TooCostly(`The answer has more than ${most} resources (INGLE_GRAPHQL_MAX_RESOURCES); ask for less`)
  }

  /** @throws TooCostly  (422) */
  search(): void {
    const most = this.limits.graphqlMaxSearches
    if (++this.searches > most)
      throw new TooCostly(
        `The query needs more than ${most} searches and reads of old versions (INGLE_GRAPHQL_MAX_SEARCHES); ask for less`,
      )
  }
}

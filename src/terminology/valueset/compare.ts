import type { ValueSet, ValueSetComposeInclude } from '@medplum/fhirtypes'
import type { CodeSystems } from '../providers.js'
import { compose, refuseAbsent } from './compose.js'
import type { Composition, Reading } from './composition.js'
import { operatorOf } from './operator.js'
import { pageOf, sizesOf } from './pages.js'
import { difference, intersection, type Parts } from './parts.js'

/** How the first value set stands to the second. */
export type Relation = 'same' | 'subset' | 'superset' | 'overlapping' | 'disjoint' | 'empty'

export interface Comparison {
  readonly relation: Relation
  /** The definitions alone did not tell it. */
  readonly expanded: boolean
  /** Where codes were looked at: those that both have, only the first, only the second. */
  readonly common?: readonly string[]
  readonly missing?: readonly string[]
  readonly extra?: readonly string[]
}

/**
 * Compares by what the definitions say, and where that does not tell it, by the codes.
 * @param most  codes of a kind that are listed; of more none is
 */
export async function compare(a: ValueSet, b: ValueSet, reading: Reading, most: number): Promise<Comparison> {
  return (
    (await byDefinition(a, b, reading.systems)) ?? byCodes(await compose(a, reading), await compose(b, reading), most)
  )
}

/** Of some codes: whether both have any, and whether one has such as the other has not. */
interface Shares {
  readonly common: boolean
  readonly missing: boolean
  readonly extra: boolean
}

function relationOf({ common, missing, extra }: Shares): Relation {
  if (!common) return missing || extra ? 'disjoint' : 'empty'
  if (missing) return extra ? 'overlapping' : 'superset'
  return extra ? 'subset' : 'same'
}

const same: Shares = { common: true, missing: false, extra: false }

/** @returns undefined  the definitions do not tell it */
async function byDefinition(a: ValueSet, b: ValueSet, systems: CodeSystems): Promise<Comparison | undefined> {
  const [ofA, ofB] = [bySystem(a), bySystem(b)]
  if (!ofA || !ofB || a.compose?.inactive !== b.compose?.inactive) return undefined
  let shares: Shares = { common: false, missing: false, extra: false }
  let codes: Pick<Comparison, 'common' | 'missing' | 'extra'> = {}
  for (const system of new Set([...ofA.keys(), ...ofB.keys()])) {
    const [one, other] = [ofA.get(system), ofB.get(system)]
    let found: (Shares & { codes?: typeof codes }) | undefined
    if (one && other) found = await ofSystem(system, one, other, systems)
    else found = { common: false, missing: one !== undefined, extra: other !== undefined }
    if (!found) return undefined
    if (found.codes) codes = found.codes
    shares = {
      common: shares.common || found.common,
      missing: shares.missing || found.missing,
      extra: shares.extra || found.extra,
    }
  }
  return { relation: relationOf(shares), expanded: false, ...codes }
}

/** What is included of each system; undefined where that is not all there is to it. */
function bySystem({ compose }: ValueSet): Map<string, ValueSetComposeInclude> | undefined {
  if (!compose?.include || compose.exclude?.length) return undefined
  const found = new Map<string, ValueSetComposeInclude>()
  for (const include of compose.include) {
    const { system, valueSet } = include
    if (system === undefined || valueSet?.length || found.has(system)) return undefined
    found.set(system, include)
  }
  return found
}

async function ofSystem(
  system: string,
  a: ValueSetComposeInclude,
  b: ValueSetComposeInclude,
  systems: CodeSystems,
): Promise<(Shares & { codes?: Pick<Comparison, 'common' | 'missing' | 'extra'> }) | undefined> {
  if (a.concept?.length && b.concept?.length) return ofLists(a.concept, b.concept)
  if (a.concept?.length || b.concept?.length) return undefined
  const [filtersA, filtersB] = [filtersOf(a), filtersOf(b)]
  // A whole system stays the same one in another version.
  if (filtersA.length === 0 && filtersB.length === 0) return same
  if (a.version !== b.version) return undefined
  if (filtersA.join('\n') === filtersB.join('\n')) return same
  return ofSubsumption(system, a, b, systems)
}

const filtersOf = ({ filter = [] }: ValueSetComposeInclude): string[] =>
  filter.map((one) => JSON.stringify([one.property, operatorOf(one), one.value])).sort()

function ofLists(a: NonNullable<ValueSetComposeInclude['concept']>, b: NonNullable<ValueSetComposeInclude['concept']>) {
  const [inA, inB] = [a, b].map((list) => new Set(list.map(({ code }) => code!))) as [Set<string>, Set<string>]
  const common = [...inA].filter((code) => inB.has(code)).sort()
  const missing = [...inA].filter((code) => !inB.has(code)).sort()
  const extra = [...inB].filter((code) => !inA.has(code)).sort()
  return {
    common: common.length > 0,
    missing: missing.length > 0,
    extra: extra.length > 0,
    codes: { common, missing, extra },
  }
}

/** What is below one concept, and what is below another that subsumes it. */
async function ofSubsumption(
  system: string,
  a: ValueSetComposeInclude,
  b: ValueSetComposeInclude,
  systems: CodeSystems,
): Promise<Shares | undefined> {
  const isA = ({ filter = [] }: ValueSetComposeInclude) =>
    filter.length === 1 && operatorOf(filter[0]!) === 'is-a' ? filter[0]!.value : undefined
  const [one, other] = [isA(a), isA(b)]
  const provider = one === undefined || other === undefined ? undefined : await systems.find(system, a.version)
  if (!provider) return undefined
  const found = await provider.subsumes(one!, other!)
  if (found === 'subsumes') return { common: true, missing: true, extra: false }
  return found === 'subsumed-by' ? { common: true, missing: false, extra: true } : undefined
}

async function byCodes(a: Composition, b: Composition, most: number): Promise<Comparison> {
  refuseAbsent(a)
  refuseAbsent(b)
  const [common, missing, extra] = await Promise.all([
    counted(await intersection(a.parts, b.parts, true), a.activeOnly || b.activeOnly, most),
    counted(await difference(a.parts, b.parts, true), a.activeOnly, most),
    counted(await difference(b.parts, a.parts, true), b.activeOnly, most),
  ])
  const relation = relationOf({ common: common.any, missing: missing.any, extra: extra.any })
  const codes = { common: common.codes, missing: missing.codes, extra: extra.codes }
  return { relation, expanded: true, ...(relation !== 'same' && codes) }
}

async function counted(parts: Parts, activeOnly: boolean, most: number): Promise<{ any: boolean; codes?: string[] }> {
  const members = await pageOf(parts, await sizesOf(parts, { activeOnly }), {
    activeOnly,
    offset: 0,
    count: most + 1,
    brief: true,
  })
  const codes = members.map(({ concept }) => concept.code)
  return { any: codes.length > 0, ...(codes.length <= most && { codes }) }
}

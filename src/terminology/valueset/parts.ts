import type { ValueSetComposeIncludeConcept } from '@medplum/fhirtypes'
import { canonical } from '../../fhir/canonical.js'
import type { CodeSystemProvider, Narrowing, Selection } from '../provider.js'

/** What a value set has of one version of one code system. */
export interface Part {
  readonly provider: CodeSystemProvider
  readonly selection: Selection
  /** What the value set itself says of codes that it lists: displays, designations, extensions; by code. */
  readonly listed: ReadonlyMap<string, ValueSetComposeIncludeConcept>
  /** It shows the hierarchy of the system: codes that somebody listed stand side by side. */
  readonly nests: boolean
}

/** Parts of several code systems: at most one for each version of each. */
export type Parts = readonly Part[]

const keyOf = ({ provider }: Part) => canonical(provider.url, provider.version)

export function union(a: Parts, b: Parts): Parts {
  const parts = new Map(a.map((part) => [keyOf(part), part]))
  for (const part of b) {
    const key = keyOf(part)
    const same = parts.get(key)
    parts.set(key, same ? joined(same, part) : part)
  }
  return [...parts.values()]
}

const joined = (a: Part, b: Part): Part => ({
  provider: a.provider,
  selection: a.selection.or(b.selection),
  // What is said first of a code counts.
  listed: a.listed.size ? new Map([...b.listed, ...a.listed]) : b.listed,
  nests: a.nests || b.nests,
})

/**
 * What both have. Where the second has no part of a version, a code is the same code in another version.
 * @param versionsMatch  it is so in any case
 */
export async function intersection(a: Parts, b: Parts, versionsMatch = false): Promise<Parts> {
  const common: Part[] = []
  for (const part of a) {
    const ofSystem = b.filter(({ provider }) => provider.url === part.provider.url)
    const same = ofSystem.find((other) => keyOf(other) === keyOf(part))
    const others = same && !versionsMatch ? [] : ofSystem.filter((other) => other !== same)
    const across = await acrossVersions(part, others)
    const other = same && across ? same.selection.or(across) : (same?.selection ?? across)
    if (!other) continue
    const listed = same ? new Map([...same.listed, ...part.listed]) : part.listed
    common.push({ ...part, selection: part.selection.and(other), listed })
  }
  return common
}

/**
 * What the first has and the second has not.
 * @param versionsMatch  a code that is taken out is taken out of every version of its system
 */
export async function difference(a: Parts, b: Parts, versionsMatch: boolean): Promise<Parts> {
  const left: Part[] = []
  for (const part of a) {
    let { selection } = part
    for (const other of b) {
      if (other.provider.url !== part.provider.url) continue
      if (keyOf(other) === keyOf(part)) selection = selection.minus(other.selection)
      else if (versionsMatch) selection = selection.minus((await acrossVersions(part, [other]))!)
    }
    left.push({ ...part, selection })
  }
  return left
}

/** The codes of parts of other versions, as far as this version has them. */
async function acrossVersions({ provider }: Part, others: Parts): Promise<Selection | undefined> {
  if (others.length === 0) return undefined
  const codes = await Promise.all(others.map(({ selection }) => codesOf(selection)))
  return provider.of(codes.flat())
}

/** @throws TooCostly  they cannot be listed */
export async function codesOf(selection: Selection, asked: Narrowing = {}): Promise<string[]> {
  const concepts = await selection.page({ ...asked, offset: 0, count: Number.POSITIVE_INFINITY, brief: true })
  return concepts.map(({ code }) => code)
}

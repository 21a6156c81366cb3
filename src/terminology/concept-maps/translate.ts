import type {
  ConceptMap,
  ConceptMapGroup,
  ConceptMapGroupElement,
  ConceptMapGroupElementTarget,
  ConceptMapGroupElementTargetDependsOn,
  ConceptMapGroupUnmapped,
} from '@medplum/fhirtypes'
import { Unprocessable } from '../../base/errors.js'
import { canonical } from '../../fhir/canonical.js'
import type { ImplicitMap } from '../provider.js'
import { type Equivalence, reversed } from './equivalence.js'

export interface Code {
  readonly system?: string
  readonly version?: string
  readonly code: string
}

/** Something else that is known of what is translated: a map may depend on it. */
export interface Dependency {
  /** Canonical url of the property or element. */
  readonly property: string
  readonly value: string
}

export interface Translating {
  readonly code: Code
  /** From target to source. */
  readonly reverse: boolean
  /** Of the code system that it is translated to. */
  readonly targetSystem?: string
  readonly dependencies: readonly Dependency[]
  /** The map of this name, for where a group says that another map goes on. */
  readonly mapNamed: (url: string) => Promise<ConceptMap | undefined>
}

export interface Match {
  readonly equivalence: Equivalence
  /** Absent where nothing stands for the code. */
  readonly concept?: { system?: string; version?: string; code: string; display?: string }
  readonly comment?: string
  readonly products: readonly ConceptMapGroupElementTargetDependsOn[]
  /** Canonical of the map. */
  readonly map?: string
}

/**
 * What a map has for a code.
 * @param within  canonicals of the maps that led to this one
 * @throws Unprocessable  a map goes on in itself (422)
 * @see https://hl7.org/fhir/R4/conceptmap-operation-translate.html
 */
export async function translate(
  map: ConceptMap,
  asked: Translating,
  within: readonly string[] = [],
): Promise<readonly Match[]> {
  const name = nameOf(map)
  if (within.includes(name)) throw new Unprocessable(`The concept map ${name} goes on in itself, by ${within.at(-1)}`)
  const found: Match[] = []
  for (const group of map.group ?? [])
    found.push(...(await (asked.reverse ? backwards(group, asked) : forwards(group, asked, [...within, name]))))
  return found.map((one) => ({ map: name, ...one }))
}

const nameOf = ({ url, version, id }: ConceptMap) => (url ? canonical(url, version) : `ConceptMap/${id ?? ''}`)

/** A side of a group; what it does not say it leaves open. */
const fits = (system: string | undefined, version: string | undefined, code: Code) =>
  (code.system === undefined || system === code.system) &&
  (code.version === undefined || version === undefined || version === code.version)

async function forwards(group: ConceptMapGroup, asked: Translating, within: readonly string[]): Promise<Match[]> {
  const { code, targetSystem, dependencies } = asked
  if (!fits(group.source, group.sourceVersion, code)) return []
  if (targetSystem !== undefined && group.target !== targetSystem) return []
  const elements = (group.element ?? []).filter((one) => one.code === code.code)
  if (elements.length === 0) return group.unmapped ? unmapped(group, group.unmapped, asked, within) : []
  return elements.flatMap((element) =>
    (element.target ?? [])
      .filter((target) => holds(target, dependencies))
      .map((target) => matchOf(target, group.target, group.targetVersion)),
  )
}

/** What a target depends on has to be known, and to be so. */
const holds = ({ dependsOn = [] }: ConceptMapGroupElementTarget, known: readonly Dependency[]) =>
  dependsOn.every(({ property, value }) => known.some((one) => one.property === property && one.value === value))

const matchOf = (target: ConceptMapGroupElementTarget, system?: string, version?: string): Match => ({
  equivalence: target.equivalence!,
  ...(target.code !== undefined && {
    concept: {
      ...(system !== undefined && { system }),
      ...(version !== undefined && { version }),
      code: target.code,
      ...(target.display !== undefined && { display: target.display }),
    },
  }),
  ...(target.comment !== undefined && { comment: target.comment }),
  products: target.product ?? [],
})

async function unmapped(
  { target }: ConceptMapGroup,
  { mode, code, display, url }: ConceptMapGroupUnmapped,
  asked: Translating,
  within: readonly string[],
): Promise<Match[]> {
  switch (mode) {
    case 'provided':
      return [matchOf({ code: asked.code.code, equivalence: 'equal' }, target)]
    case 'fixed':
      return [matchOf({ code, display, equivalence: 'relatedto' }, target)]
    default: {
      const other = url === undefined ? undefined : await asked.mapNamed(url)
      if (!other) throw new Unprocessable(`The concept map ${within.at(-1)} goes on in ${url}, which is not known here`)
      return [...(await translate(other, asked, within))]
    }
  }
}

async function backwards(group: ConceptMapGroup, { code, targetSystem }: Translating): Promise<Match[]> {
  if (!fits(group.target, group.targetVersion, code)) return []
  if (targetSystem !== undefined && group.source !== targetSystem) return []
  const sources = (target: ConceptMapGroupElementTarget, { code, display }: ConceptMapGroupElement) =>
    matchOf({ ...target, code, display, equivalence: reversed(target.equivalence!) }, group.source, group.sourceVersion)
  return (group.element ?? []).flatMap((element) =>
    (element.target ?? []).filter((target) => target.code === code.code).map((target) => sources(target, element)),
  )
}

/** As `translate`, of a map that exists because a code system does. */
export async function translateImplied(
  map: ImplicitMap,
  { code, reverse, targetSystem }: Translating,
): Promise<Match[]> {
  const [from, to] = reverse ? [map.target, map.source] : [map.source, map.target]
  if (code.system !== undefined && code.system !== from) return []
  if (targetSystem !== undefined && targetSystem !== to) return []
  const found = await (reverse ? map.sourcesOf([code.code]) : map.targetsOf([code.code]))
  return (found.get(code.code) ?? []).map((target) => ({ ...matchOf(target, to), map: map.url }))
}

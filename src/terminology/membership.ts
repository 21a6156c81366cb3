import type { ValueSetComposeIncludeConcept } from '@medplum/fhirtypes'
import { FhirError, TooCostly } from '../base/errors.js'
import { canonical } from '../fhir/canonical.js'
import type { MembershipAnswer, MembershipQuestion } from '../fhir/terminology.js'
import { AbsentSelection } from './absent.js'
import { Displays, ofDesignation, shown } from './displays.js'
import type { CodeSystemProvider, Concept } from './provider.js'
import type { CodeSystems } from './providers.js'
import { composition } from './valueset/compositions.js'
import type { Part, Parts } from './valueset/parts.js'
import { valueSetOf } from './valueset/value-sets.js'

type Questions = readonly MembershipQuestion[]
type Answers = readonly MembershipAnswer[]

/**
 * Whether codes are of value sets, many at a time: a value set is composed once, and a code system asked once for all of
 * its codes.
 * @returns one answer for each question, in their order
 */
export async function membership(questions: Questions, systems: CodeSystems): Promise<Answers> {
  const answers = new Map<MembershipQuestion, MembershipAnswer>()
  const bySet = grouped(questions, ({ valueSet = '' }) => valueSet)
  await Promise.all(
    [...bySet].map(async ([name, asked]) => {
      const found = await (name ? ofValueSet(name, asked, systems) : ofSystems(asked, systems)).catch((cause) => {
        const answer = unable(cause)
        return asked.map(() => answer)
      })
      for (const [i, question] of asked.entries()) answers.set(question, found[i]!)
    }),
  )
  return questions.map((one) => answers.get(one)!)
}

/** What cannot be had is an answer; what is broken is not. */
function unable(cause: unknown): MembershipAnswer {
  if (cause instanceof TooCostly) return { because: 'too-costly' }
  if (cause instanceof FhirError && cause.status < 500) return { because: 'unknown-value-set' }
  throw cause
}

async function ofValueSet(name: string, asked: Questions, systems: CodeSystems): Promise<Answers> {
  const valueSet = await valueSetOf(name, { systems })
  if (!valueSet) return asked.map(() => ({ because: 'unknown-value-set', missing: name }))
  const { parts, activeOnly } = await composition(valueSet, { systems })
  const having = await Promise.all(parts.map((part) => codesIn(part, asked)))
  const holders = asked.map((question) =>
    parts.filter((part, i) => isAbout(part, question) && having[i]!.has(question.code)),
  )
  const concepts = await located(asked, holders)
  return Promise.all(
    asked.map(async (question, i) => {
      const [part] = holders[i]!
      if (!part) return outside(question, parts, systems)
      const concept = concepts.get(part.provider)?.get(question.code)
      const { inactive, abstract } = concept ?? {}
      const state = inactive ? ({ inactive } as const) : {}
      if (activeOnly && inactive) return { isIn: false, because: 'not-in', ...state }
      const displays = concept && rightDisplays(question, part.provider, concept, part.listed.get(concept.code))
      const more = { ...state, ...(displays && { displays }) }
      return abstract ? { isIn: false, because: 'abstract', ...more } : { isIn: true, ...more }
    }),
  )
}

const isAbout = ({ provider }: Part, { system }: MembershipQuestion) => system === undefined || provider.url === system

/** Of the codes that are asked about those that are in it, as far as that can be told. */
async function codesIn(part: Part, asked: Questions): Promise<ReadonlySet<string>> {
  const codes = new Set(asked.filter((one) => isAbout(part, one)).map(({ code }) => code))
  if (codes.size === 0 || isUntold(part)) return new Set()
  return part.selection.has([...codes])
}

/** The code system is not known here, and the value set does not list its codes. */
const isUntold = ({ selection }: Part): boolean => selection instanceof AbsentSelection && selection.isOpen

/** The concepts by the system that they were found in. */
async function located(asked: Questions, holders: readonly Parts[]) {
  const codes = new Map<CodeSystemProvider, Set<string>>()
  for (const [i, { code }] of asked.entries()) {
    const provider = holders[i]![0]?.provider
    if (!provider) continue
    const those = codes.get(provider)
    if (those) those.add(code)
    else codes.set(provider, new Set([code]))
  }
  const found = await Promise.all([...codes].map(async ([one, those]) => [one, await one.locate([...those])] as const))
  return new Map<CodeSystemProvider, ReadonlyMap<string, Concept>>(found)
}

/** Why a code that no part has is not in the value set, or cannot be told to be. */
async function outside(question: MembershipQuestion, parts: Parts, systems: CodeSystems): Promise<MembershipAnswer> {
  const ours = parts.filter((part) => isAbout(part, question))
  const untold = ours.find(isUntold)
  if (untold) {
    const { url, version } = untold.provider
    return { because: version === undefined ? 'unknown-system' : 'unknown-version', missing: canonical(url, version) }
  }
  if (question.system === undefined) return { isIn: false, because: ours.length === 1 ? 'unknown-code' : 'not-in' }
  const [found] = await ofSystems([question], systems)
  if (found!.isIn === false) return found!
  return { isIn: false, because: 'not-in', ...(found!.isIn && found!.inactive && { inactive: true }) }
}

/** Where no version is named, a code that another loaded version has is one of the system, too: ICD-10-CM of last year. */
async function locateInOthers(
  codes: readonly string[],
  found: Map<string, Concept>,
  provider: CodeSystemProvider,
  systems: CodeSystems,
): Promise<void> {
  for (const other of await systems.withUrl(provider.url)) {
    const missing = codes.filter((code) => !found.has(code))
    if (missing.length === 0) return
    if (other === provider) continue
    for (const [code, concept] of await other.locate(missing)) found.set(code, concept)
  }
}

/** Whether codes are of their code systems. */
async function ofSystems(asked: Questions, systems: CodeSystems): Promise<Answers> {
  const answers = new Map<MembershipQuestion, MembershipAnswer>()
  for (const [, those] of grouped(asked, ({ system = '', version = '' }) => `${system}|${version}`)) {
    const { system = '', version } = those[0]!
    const provider = await systems.find(system, version)
    if (!provider || provider.content === 'not-present') {
      const isKnown = version !== undefined && (await systems.find(system)) !== undefined
      const missing = canonical(system, isKnown ? version : undefined)
      for (const one of those) answers.set(one, { because: isKnown ? 'unknown-version' : 'unknown-system', missing })
      continue
    }
    const codes = [...new Set(those.map(({ code }) => code))]
    const concepts = new Map(await provider.locate(codes))
    if (version === undefined && concepts.size < codes.length) await locateInOthers(codes, concepts, provider, systems)
    for (const one of those) answers.set(one, ofSystem(one, provider, concepts.get(one.code)))
  }
  return asked.map((one) => answers.get(one)!)
}

function ofSystem(
  question: MembershipQuestion,
  provider: CodeSystemProvider,
  concept: Concept | undefined,
): MembershipAnswer {
  if (!concept) {
    // Of a fragment nobody knows what else there is.
    return provider.content === 'complete'
      ? { isIn: false, because: 'unknown-code' }
      : { because: 'unknown-system', missing: canonical(provider.url, provider.version) }
  }
  const displays = rightDisplays(question, provider, concept)
  return { isIn: true, ...(concept.inactive && ({ inactive: true } as const)), ...(displays && { displays }) }
}

/** @returns undefined when there is nothing wrong with the display */
function rightDisplays(
  { display }: MembershipQuestion,
  provider: CodeSystemProvider,
  concept: Concept,
  listed?: ValueSetComposeIncludeConcept,
): readonly string[] | undefined {
  if (display === undefined) return undefined
  const own = [
    ...(listed?.display === undefined ? [] : [shown(listed.display)]),
    ...(listed?.designation ?? []).map(({ language, use, value = '' }) => ofDesignation({ language, use, value })),
  ]
  const displays = Displays.of(provider, concept).with(new Displays(own))
  if (displays.all.length === 0 || displays.likens(display) !== 'other') return undefined
  return displays.all.map(({ value }) => value)
}

function grouped<T>(all: readonly T[], key: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of all) {
    const group = groups.get(key(one))
    if (group) group.push(one)
    else groups.set(key(one), [one])
  }
  return groups
}

import type { ValueSetComposeIncludeConcept } from '@medplum/fhirtypes'
import { canonical, compareVersions } from '../../fhir/canonical.js'
import { Displays, ofDesignation, shown } from '../displays.js'
import { issueOf } from '../messages.js'
import type { CodeSystemProvider, Concept } from '../provider.js'
import { unknownCode } from '../unknown.js'
import type { Ground } from './ground.js'
import { type Finding, Notes } from './notes.js'
import { type Question, type Sought, under } from './question.js'
import { noteStatus, standardsStatusOf } from './status.js'
import { type Prepared, type PreparedClause, selected } from './value-set.js'
import { checkVersion, noteUnknownSystem, versionFor } from './version.js'

/** Judges codes by value sets, and notes what there is to say about them. */
export class Membership {
  constructor(
    private readonly ground: Ground,
    private readonly question: Pick<Question, 'abstract' | 'activeOnly' | 'membershipOnly'>,
    private readonly notes: Notes,
  ) {}

  /** @returns undefined  it cannot be told: the code system that the value set includes is not known */
  async holds(prepared: Prepared, sought: Sought, finding: Finding): Promise<boolean | undefined> {
    let result: boolean | undefined = false
    const versions = versionsIn(prepared.include, sought.system)
    const clauses = versions.size < 2 ? prepared.include : await this.applicable(prepared.include, versions, sought)
    for (const clause of clauses) {
      result = await this.inClause(prepared, clause, sought, finding)
      if (result === undefined || result) break
    }
    if (!result) return result
    for (const clause of prepared.exclude) if (await this.excluded(prepared, clause, sought)) return false
    return true
  }

  private async inClause(prepared: Prepared, clause: PreparedClause, sought: Sought, finding: Finding) {
    let result: boolean | undefined = true
    if (clause.system !== undefined) {
      if (clause.system !== sought.system) return false
      result = await this.inSystem(prepared, clause, sought, finding)
    }
    for (const imported of clause.imports ?? []) {
      noteStatus(imported.valueSet, prepared.valueSet, this.notes)
      if (result) result = await this.holds(imported, sought, finding)
    }
    return result
  }

  private async inSystem(prepared: Prepared, clause: PreparedClause, sought: Sought, finding: Finding) {
    const { ground, notes } = this
    const { system, place } = sought
    const asked = { system, included: clause.version, given: sought.version, place }
    const version = await versionFor(asked, ground, notes)
    const provider = await ground.systemFor(system, version)
    if (!provider) {
      if (this.question.membershipOnly) return false
      await noteUnknownSystem(system, version, place, ground, notes)
      return undefined
    }
    checkVersion(provider, place, ground, notes)
    noteStatus(provider.header, prepared.valueSet, notes)
    return this.selects(prepared, clause, provider, sought, finding)
  }

  /** Whether the clause has the code, and the request lets it be. */
  private async selects(
    prepared: Prepared,
    clause: PreparedClause,
    provider: CodeSystemProvider,
    sought: Sought,
    finding: Finding,
  ): Promise<boolean> {
    const { code, place } = sought
    const [concept, isIn] = await Promise.all([conceptOf(provider, code), this.isSelected(clause, provider, code)])
    const isWhole = !clause.listed && clause.filters.length === 0
    if (!concept) {
      if (!isWhole) return false
      finding.provider = provider
      return this.noteUnknownCode(provider, sought)
    }
    const listed = clause.listed && (await listedOf(clause.listed, provider, concept, code))
    if (!isWhole && !isIn && !listed) {
      const fault = clause.filters.length ? (await selected(clause, provider)).fault?.(code) : undefined
      if (fault !== undefined) this.notes.mention(fault)
      return false
    }

    finding.provider = provider
    finding.concept = concept
    this.noteForm(provider, concept, sought, isWhole)
    const own = Displays.of(provider, concept)
    const said = finding.displays?.with(own) ?? own
    finding.displays = listed ? said.with(ofList(listed)) : said
    if (concept.abstract && !this.question.abstract) {
      if (!this.question.membershipOnly)
        this.notes.note(issueOf('abstractCode', { system: provider.url, code }, { expression: under(place, 'code') }))
      return false
    }
    if (concept.inactive && (prepared.excludesInactive || this.question.activeOnly)) {
      if (isWhole || this.question.activeOnly)
        this.notes.note(issueOf('notActive', { code }, { expression: under(place, 'code') }))
      if (!this.question.membershipOnly) this.noteState(concept, sought)
      return false
    }
    if (listed) this.noteDeprecation(listed, prepared, sought)
    this.noteState(concept, sought)
    return true
  }

  private async isSelected(clause: PreparedClause, provider: CodeSystemProvider, code: string): Promise<boolean> {
    if (clause.filters.length === 0) return false
    return (await (await selected(clause, provider)).has([code])).has(code)
  }

  private async excluded(prepared: Prepared, clause: PreparedClause, sought: Sought): Promise<boolean> {
    if (clause.system !== undefined) {
      if (clause.system !== sought.system) return false
      const provider = await this.ground.systemFor(clause.system, clause.version)
      if (!provider) return false
      noteStatus(provider.header, prepared.valueSet, this.notes)
      const [concept, isIn] = await Promise.all([
        conceptOf(provider, sought.code),
        this.isSelected(clause, provider, sought.code),
      ])
      const isWhole = !clause.listed && clause.filters.length === 0
      if (!concept) return false
      if (!isWhole && !isIn && !(clause.listed && (await listedOf(clause.listed, provider, concept, sought.code))))
        return false
    }
    for (const imported of clause.imports ?? []) {
      noteStatus(imported.valueSet, prepared.valueSet, this.notes)
      // What is found of it there is nothing to say about a code that is not excluded.
      if (!(await this.silently().holds(imported, sought, {}))) return false
    }
    return true
  }

  /** Of several versions of a system those clauses that the code may come by; the newest first. */
  private async applicable(
    clauses: readonly PreparedClause[],
    versions: ReadonlySet<string>,
    sought: Sought,
  ): Promise<readonly PreparedClause[]> {
    const newest = [...versions].sort((a, b) => compareVersions(b, a))
    const { version: given } = sought
    const isIncluded = given !== undefined && versions.has(given)
    const chosen = isIncluded ? given : given === undefined ? await this.versionThatHas(newest, sought) : undefined
    const order = (clause: PreparedClause) => newest.indexOf(clause.version ?? '')
    return clauses
      .filter(({ system, version }) => system !== sought.system || chosen === undefined || version === chosen)
      .sort((a, b) => (a.system === b.system ? order(a) - order(b) : 0))
  }

  /** The newest that has the code, with its display; undefined when all have. */
  private async versionThatHas(
    versions: readonly string[],
    { system, code, display }: Sought,
  ): Promise<string | undefined> {
    const having: string[] = []
    for (const version of versions) {
      const provider = await this.ground.systemFor(system, version)
      const concept = provider && (await conceptOf(provider, code))
      if (!concept) continue
      const texts = Displays.of(provider, concept).all
      if (display === undefined || texts.some(({ value }) => value === display)) having.push(version)
    }
    return having.length === versions.length ? undefined : (having[0] ?? versions[0])
  }

  /** @returns whether the code may be right all the same: only a fragment of the code system is here */
  async noteUnknownCode(
    provider: CodeSystemProvider,
    { code, place }: Pick<Sought, 'code' | 'place'>,
  ): Promise<boolean> {
    const { membershipOnly } = this.question
    const isPart = provider.content !== 'complete'
    const where = { expression: under(place, 'code') }
    if (!membershipOnly) {
      this.notes.note(unknownCode(provider, code, where.expression))
      const fault = await provider.fault?.(code)
      if (fault !== undefined) this.notes.note(issueOf('whatIsWrongWithCode', { fault }, where))
    }
    return isPart && !membershipOnly
  }

  /** Notes a code that is written otherwise than its system does, and of one in a whole system what was not checked. */
  private noteForm(
    provider: CodeSystemProvider,
    { code: correct, note }: Concept,
    { code, place }: Sought,
    isWhole: boolean,
  ): void {
    const where = { expression: under(place, 'code') }
    if (correct !== code && (isWhole || !provider.caseSensitive)) {
      const system = canonical(provider.url, provider.version)
      const message = correct.toLowerCase() === code.toLowerCase() ? 'otherCase' : 'otherForm'
      this.notes.note(issueOf(message, { code, correct, system }, where))
      this.notes.normalized = correct
    }
    if (isWhole && note !== undefined) this.notes.note(issueOf('validationNote', { note }, where))
  }

  noteState({ inactive, status }: Concept, { code, place }: Pick<Sought, 'code' | 'place'>): void {
    if (inactive) this.notes.inactive ??= { code, place, ...(status !== undefined && { status }) }
    else if (status?.toLowerCase() === 'deprecated') this.notes.deprecated ??= { code }
  }

  private noteDeprecation(listed: Listed, { name }: Prepared, { system, code, place }: Sought): void {
    const status = listed.extension?.some(({ url }) => url === DEPRECATED) ? 'deprecated' : standardsStatusOf(listed)
    if (status !== 'deprecated' && status !== 'withdrawn') return
    const filling = { system, code, valueSet: name, status }
    this.notes.note(issueOf('deprecatedInValueSet', filling, { expression: under(place, 'code') }))
  }

  private silently(): Membership {
    return new Membership(this.ground, this.question, new Notes())
  }
}

type Listed = ValueSetComposeIncludeConcept

const NO_VERSIONS: ReadonlySet<string> = new Set()

/** Of a system, that the clauses name. */
function versionsIn(clauses: readonly PreparedClause[], of: string): ReadonlySet<string> {
  if (clauses.length < 2) return NO_VERSIONS
  return new Set(clauses.flatMap(({ system, version }) => (system === of ? (version ?? []) : [])))
}

const DEPRECATED = 'http://hl7.org/fhir/StructureDefinition/valueset-deprecated'

export const conceptOf = async (provider: CodeSystemProvider, code: string): Promise<Concept | undefined> =>
  (await provider.locate([code])).get(code)

/** What the value set says of a code that it lists, however it writes it; undefined where it does not. */
async function listedOf(
  listed: ReadonlyMap<string, Listed>,
  provider: CodeSystemProvider,
  concept: Concept,
  code: string,
): Promise<Listed | undefined> {
  const found = listed.get(code) ?? listed.get(concept.code)
  if (found) return found
  return (await provider.of([...listed.keys()]).has([code])).size ? { code } : undefined
}

/** Texts that the value set has for a code. */
const ofList = ({ display, designation = [] }: Listed): Displays =>
  new Displays([
    ...(display === undefined ? [] : [shown(display)]),
    ...designation.map(({ language, use, value }) => ofDesignation({ language, use, value: value! })),
  ])

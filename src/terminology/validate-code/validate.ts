import type { Coding } from '@medplum/fhirtypes'
import { canonical, compareVersions } from '../../fhir/canonical.js'
import { Displays } from '../displays.js'
import { issueOf } from '../messages.js'
import { type Answer, answerOf, type Shown } from './answer.js'
import { checkDisplay, checkDisplayOutside } from './display.js'
import { noteEffect } from './effect.js'
import type { Ground } from './ground.js'
import { systemsOf } from './infer.js'
import { conceptOf, Membership } from './member.js'
import { type Finding, Notes } from './notes.js'
import { placeOf, type Question, type Sought, under } from './question.js'
import { noteStatus } from './status.js'
import { nameOf, type Prepared } from './value-set.js'
import { checkVersion, noteUnknownSystem } from './version.js'

/**
 * Whether codes are of a value set, and everything that there is to say about them. Pure logic over the value set and the
 * providers of its code systems.
 */
export async function validate(question: Question, prepared: Prepared, ground: Ground): Promise<Answer> {
  const validation = new Validation(question, prepared, ground)
  for (const [n, coding] of question.codings.entries()) await validation.judge(coding, n)
  return validation.answer()
}

class Validation {
  private readonly notes = new Notes()
  private readonly membership: Membership
  /** True once one coding is right; undefined where that cannot be told. */
  private isIn: boolean | undefined = false
  /** The first that is right. */
  private right?: Shown & { readonly place: string }
  private readonly matched = new Set<number>()
  /** What a single code is answered with that is not. */
  private wrong: Shown = {}
  /** `http://…|1.0.0#code ('Display')`, of each that is not in it. */
  private readonly provided: string[] = []
  private lacksCode = false

  constructor(
    private readonly question: Question,
    private readonly prepared: Prepared,
    private readonly ground: Ground,
  ) {
    this.membership = new Membership(ground, question, this.notes)
    noteStatus(prepared.valueSet, prepared.valueSet, this.notes)
  }

  async judge(coding: Coding, n: number): Promise<void> {
    const { notes, question } = this
    const place = placeOf(question.form, n)
    if (!coding.code) {
      this.noteNoCode(coding, place)
      return
    }
    const finding: Finding = {}
    const { version, code, display } = coding
    const system = coding.system ?? (await this.inferred(code, place))
    const sought: Sought = { system: system ?? '', version, code, display, place }
    const isIn = system === undefined ? false : await this.membership.holds(this.prepared, sought, finding)
    if (isIn === false) this.noteNotIn(textOf({ system, version, code, display }), n)
    if (this.isIn !== true && isIn !== false) this.isIn = isIn
    if (isIn) {
      this.matched.add(n)
      const { displays, provider, concept } = finding
      if (coding.display !== undefined && displays) {
        const { language } = provider!.header
        checkDisplay({ ...sought, display: coding.display, displays, language }, question, notes)
      }
      if (question.date !== undefined && concept) noteEffect(provider!, concept, question.date, sought, notes)
      this.right ??= { ...this.shown(coding, system, finding), place }
    } else if (system !== undefined && !question.membershipOnly) {
      await this.lookInto(system, coding, place, finding)
    }
    if (!isIn && this.wrong.code === undefined) this.wrong = this.shown(coding, system, finding)
  }

  answer(): Answer {
    const { notes, question, isIn } = this
    if (isIn === false && !this.isAlreadySaid()) this.noteNoneIn()
    if (this.right) this.softenUnchecked()
    const result = isIn === true && !notes.hasErrors
    const shown = this.right ?? (question.form === 'codeableConcept' ? {} : this.wrong)
    const { place, ...about } = shown as Shown & { place?: string }
    const state = this.noteState(place)
    const unknown = [...notes.unknown]
    const name = isIn === false ? 'x-unknown-system' : 'x-caused-by-unknown-system'
    return {
      ...answerOf(question, about, result, notes),
      ...state,
      ...(unknown.length > 0 && !result && { [name]: unknown }),
    }
  }

  /** Of a value set that nobody named the reasons are said where there are any, not that the code is not in it. */
  private isAlreadySaid(): boolean {
    const isNameless = this.question.form !== 'codeableConcept' || this.prepared.ofSystem
    return (this.lacksCode && isNameless) || (this.prepared.ofSystem && this.notes.hasErrors)
  }

  /** One coding of a concept is enough: others of systems that nobody knows do not make it wrong. */
  private softenUnchecked(): void {
    const { form, codings } = this.question
    if (form !== 'codeableConcept') return
    for (const [n, { system = '', version }] of codings.entries()) {
      if (this.matched.has(n)) continue
      const expression = under(placeOf(form, n), 'system')
      const filling = { canonical: canonical(system, version) }
      this.notes.soften(expression, issueOf('uncheckedCoding', filling, { expression }))
    }
  }

  private shown({ code, version }: Coding, system: string | undefined, finding: Finding): Shown {
    const { languages } = this.question
    const display = finding.displays?.preferred(languages) ?? finding.displays?.preferred()
    const known = finding.provider?.version ?? version
    return {
      code,
      ...(system !== undefined && { system }),
      ...(known !== undefined && { version: known }),
      ...(display !== undefined && { display }),
    }
  }

  /** What can be said of a code that is not in the value set: of its system, and whether it has it. */
  private async lookInto(system: string, { code, version, display }: Coding, place: string, finding: Finding) {
    const { notes, ground, question } = this
    if (!isAbsolute(system)) notes.note(issueOf('relativeSystem', {}, { expression: under(place, 'system') }))
    const named = version ?? this.includedVersion(system)
    const provider = await ground.systemFor(system, named)
    if (!provider) {
      await noteWrongSystem(system, named, place, ground, notes)
      return
    }
    checkVersion(provider, place, ground, notes)
    noteStatus(provider.header, this.prepared.valueSet, notes)
    const concept = await conceptOf(provider, code!)
    finding.provider = provider
    if (!concept) {
      await this.membership.noteUnknownCode(provider, { code: code!, place })
      return
    }
    this.membership.noteState(concept, { code: code!, place })
    const own = Displays.of(provider, concept)
    const displays = finding.displays?.with(own) ?? own
    finding.displays = displays
    const { language } = provider.header
    if (display !== undefined)
      checkDisplayOutside({ system, code: code!, display, displays, language, place }, question, notes)
  }

  /** The newest of those that the value set names. */
  private includedVersion(system: string): string | undefined {
    const versions = this.prepared.include.flatMap((one) => (one.system === system ? (one.version ?? []) : []))
    return versions.sort(compareVersions).at(-1)
  }

  private async inferred(code: string, place: string): Promise<string | undefined> {
    const { notes, question, prepared } = this
    if (!question.inferSystem) {
      notes.say(issueOf('noSystem', {}, { expression: place }))
      return undefined
    }
    const systems = await systemsOf(code, prepared, this.ground, question)
    if (systems.length === 1) return systems[0]
    const about = { code, valueSet: prepared.name }
    const issue = systems.length
      ? issueOf('severalSystems', { ...about, systems: systems.join(', ') }, { expression: 'code' })
      : issueOf('cannotInferSystem', about, { expression: 'code' })
    notes.note(issue)
    return undefined
  }

  private noteNoCode({ system }: Coding, place: string): void {
    const of = system === undefined ? '' : ` for system ${system}`
    const isEmpty = system === undefined && !this.question.inferSystem
    const issue = isEmpty
      ? issueOf('noSystemAndNoCode', {}, { expression: place })
      : issueOf('noCode', { of }, { expression: place })
    this.notes.say(issue)
    this.lacksCode = true
  }

  private noteNotIn(coding: string, n: number): void {
    this.provided.push(coding)
    if (this.question.form !== 'codeableConcept' || this.prepared.ofSystem) return
    const filling = { coding, valueSet: this.prepared.name }
    this.notes.note(issueOf('codingNotInValueSet', filling, { expression: `CodeableConcept.coding[${n}].code` }))
  }

  private noteNoneIn(): void {
    const { name: valueSet } = this.prepared
    const { form } = this.question
    if (form === 'codeableConcept') this.notes.note(issueOf('noCodingInValueSet', { valueSet }))
    else {
      const coding = this.provided.join("', '")
      this.notes.note(issueOf('notInValueSet', { coding, valueSet }, { expression: under(placeOf(form, 0), 'code') }))
    }
  }

  /** @param place  of the coding that the answer is about: of another one it is said, but is no part of the answer */
  private noteState(place: string | undefined): Pick<Answer, 'inactive' | 'status'> {
    const { inactive, deprecated } = this.notes
    if (inactive) {
      const { code, status = 'inactive' } = inactive
      const text = PLAINLY_INACTIVE.has(status) ? status : `${status} and inactive`
      this.notes.say(issueOf('inactive', { code, status: text }, { expression: inactive.place || 'code' }))
      if (this.question.form === 'codeableConcept' && inactive.place !== place) return {}
      return { inactive: true, ...(status !== 'inactive' && { status }) }
    }
    if (!deprecated) return {}
    this.notes.say(issueOf('deprecated', deprecated, { expression: placeOf(this.question.form, 0) }))
    return { status: 'deprecated' }
  }
}

/** Notes that a system is none: it is a value set, or a supplement, or nothing that is known. */
export async function noteWrongSystem(
  system: string,
  version: string | undefined,
  place: string,
  ground: Ground,
  notes: Notes,
): Promise<void> {
  const where = { expression: under(place, 'system') }
  if (await ground.valueSet(system)) notes.note(issueOf('systemIsValueSet', { system }, where))
  else {
    const supplement = await ground.supplement(system)
    if (!supplement) await noteUnknownSystem(system, version, place, ground, notes)
    else notes.note(issueOf('systemIsSupplement', { supplement: nameOf(supplement) }, where))
  }
}

/** A URI with a scheme: `http://…`, `urn:…` */
export const isAbsolute = (uri: string): boolean => /^[a-z][a-z\d+.-]*:/i.test(uri)

const PLAINLY_INACTIVE = new Set(['inactive', 'DISCOURAGED'])

/** `http://…|1.0.0#code ('Display')` */
function textOf({ system = '', version, code, display }: Coding): string {
  return `${canonical(system, version)}#${code}${display === undefined ? '' : ` ('${display}')`}`
}

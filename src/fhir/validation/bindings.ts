import type { Issue } from '../../base/errors.js'
import type { Binding } from '../definitions.js'
import type { MembershipAnswer } from '../terminology.js'
import { messages } from './messages.js'
import type { Json, Message, Rule } from './rule.js'
import { walk } from './walk.js'

/** What a coded value is to its binding: `unsaid` has no code at all, `undecided` waits for an answer. */
type Standing = 'in' | 'out' | 'unsaid' | 'undecided' | 'unknown'

/** Holds a value against a value set, by the value's type. */
type Judge = (node: unknown, valueSet: string) => Standing

/**
 * The check of a binding, as a list of none or one.
 *
 * @param isEnumerated  something else already knows all codes of it and checks them
 * @see https://hl7.org/fhir/R4/terminologies.html#strength
 */
export function bindingRule(binding: Binding, type: string, isEnumerated = false): Rule[] {
  const ofType = judges[type]
  if (!ofType || isEnumerated || binding.strength === 'example' || !mayBind(binding.valueSet, type)) return []
  const { valueSet, maxValueSet, strength } = binding
  return [
    (node) => {
      if (strength === 'preferred' && walk.settings.preferred === 'off') {
        if (maxValueSet) checkMaximum(ofType, node, maxValueSet)
        return
      }
      const standing = ofType(node, valueSet)
      if (standing === 'in' || standing === 'undecided' || standing === 'unknown') return
      if (maxValueSet && !checkMaximum(ofType, node, maxValueSet)) return
      if (standing === 'unsaid') {
        if (strength !== 'preferred')
          reportOutside(messages.noCode, severities[strength], `must have a code of ${valueSet}`)
      } else reportOutside(outside[strength], severities[strength], `has no code of ${valueSet} (${strength})`)
    },
  ]
}

// R4 binds a choice of types as a whole, vital signs to units: a CodeableConcept or a Coding there has no unit.
const units = /^http:\/\/hl7\.org\/fhir\/ValueSet\/ucum-/

const mayBind = (valueSet: string, type: string) =>
  !units.test(valueSet) || !['CodeableConcept', 'Coding'].includes(type)

/** @returns whether the value is within what must not be left */
function checkMaximum(ofType: Judge, node: unknown, valueSet: string): boolean {
  const isOut = ofType(node, valueSet) === 'out'
  if (isOut) reportOutside(messages.notInMaximum, 'error', `has no code of ${valueSet}, the most that is allowed`)
  return !isOut
}

const reportOutside = (message: Message, severity: Issue['severity'], diagnostics: string) =>
  walk.report(message, () => diagnostics, { severity })

type Strength = Exclude<Binding['strength'], 'example'>

const outside: Record<Strength, Message> = {
  required: messages.notInRequired,
  extensible: messages.notInExtensible,
  preferred: messages.notInPreferred,
}
const severities: Record<Strength, Issue['severity']> = {
  required: 'error',
  extensible: 'warning',
  preferred: 'information',
}

/** Whether a value of this type is in a value set; undefined when that is not known yet, null when nobody can tell. */
export function judge(node: unknown, type: string, valueSet: string): boolean | null | undefined {
  const standing = judges[type]?.(node, valueSet) ?? 'unknown'
  return standing === 'undecided' ? undefined : standing === 'unknown' ? null : standing === 'in'
}

// ── By type ────────────────────────────────────────────────────────────────────────────────────────────────────────

const judgeText: Judge = (node, valueSet) =>
  typeof node === 'string' ? standingOf(walk.memberOf(valueSet, '', undefined, node), valueSet) : 'unsaid'

const judgeCoding: Judge = (node, valueSet) => {
  const { system, version, code } = (node ?? {}) as Json
  if (typeof code !== 'string') return 'unsaid'
  if (typeof system !== 'string') return 'out' // without a system it means nothing in particular
  return standingOf(walk.memberOf(valueSet, system, typeof version === 'string' ? version : undefined, code), valueSet)
}

/** One coding that is in it is enough. */
const judgeConcept: Judge = (node, valueSet) => {
  const { coding } = (node ?? {}) as Json
  let standing: Standing = 'unsaid'
  if (!Array.isArray(coding)) return standing
  for (let i = 0; i < coding.length; i++) {
    const one = judgeCoding(coding[i], valueSet)
    if (one === 'in') return one
    if (rank[one] > rank[standing]) standing = one
  }
  return standing
}

/** What stands for several codings: while one waits nothing can be said. */
const rank: Record<Standing, number> = { unsaid: 0, out: 1, unknown: 2, undecided: 3, in: 4 }

const judges: Readonly<Record<string, Judge | undefined>> = {
  code: judgeText,
  string: judgeText,
  uri: judgeText,
  Coding: judgeCoding,
  CodeableConcept: judgeConcept,
  Quantity: judgeCoding,
}

function standingOf(answer: MembershipAnswer | undefined, valueSet: string): Standing {
  if (answer === undefined) return 'undecided'
  if (answer.isIn) return 'in'
  if (answer.isIn === false) return 'out'
  const missing = answer.missing ?? valueSet
  if (answer.because === 'too-costly') {
    if (walk.isNews(`costly ${valueSet}`))
      walk.report(messages.uncheckable, () => `could not be checked against ${valueSet}: that is too costly`, {
        severity: 'warning',
      })
  } else if (answer.because === 'unknown-value-set') {
    if (walk.isNews(`value set ${missing}`))
      walk.report(
        messages.unknownValueSet,
        () => `${missing} is not known here, so the code was not checked against it`,
        {
          severity: 'warning',
        },
      )
  } else if (walk.isNews(`system ${missing}`))
    walk.report(messages.unknownSystem, () => `${missing} is not known here, so its codes were not checked`, {
      severity: 'warning',
    })
  return 'unknown'
}

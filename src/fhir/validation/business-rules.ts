import type { Value } from '../fhirpath/compiled/value.js'
import { parse } from '../fhirpath/parser.js'
import { codesAt, dateAt } from './business-rules/values.js'
import { Unknown } from './invariants/scene.js'
import { scene, testOf } from './invariants.js'
import type { Json, Message, Rule, RuleBook } from './rule.js'

/** A rule of this server, as profiles/rules/ has it. */
export interface BusinessRule {
  /** Under which it is named in issues and switched off. */
  id: string
  /** What it is about: a type of resource or data, or the path of a backbone: `Claim`, `Money`, `Claim.item` */
  on: string
  /** Only in resources of these types; or in none of those. */
  in?: readonly string[]
  notIn?: readonly string[]
  /** Absent: of every tenant. */
  tenants?: readonly number[]
  severity: 'error' | 'warning' | 'information'
  /** What is right, for people. */
  human: string
  /** Where the issue points to, below what the rule is about: `net` */
  at?: string
  /** FHIRPath that is true of what is right; or the codes that are looked at. */
  expression?: string
  codes?: CodeRule
}

/** Codes of one system that must be of a value set. */
export interface CodeRule {
  /** Of the CodeableConcept or Coding, as JSON has it, below what the rule is about: `diagnosisCodeableConcept` */
  element: string
  system: string
  valueSet: string
  /**
   * The version of the system that was in force at the date found at the first of these places, in the resource. A year
   * names it that begins in this month of the one before: 10 for the years of the US government.
   */
  inForce?: { at: readonly string[]; yearBegins: number }
}

/** @param off  ids of those that are left out */
export function ruleBook(rules: readonly BusinessRule[], tenant: number, off: ReadonlySet<string>): RuleBook {
  const book = new Map<string, Rule[]>()
  for (const one of rules) {
    if (off.has(one.id) || one.tenants?.includes(tenant) === false) continue
    const rule = inItsPlace(one, one.codes ? codeRule(one, one.codes) : expressionRule(one, one.expression!))
    const those = book.get(one.on)
    if (those) those.push(rule)
    else book.set(one.on, [rule])
  }
  return book
}

/** What is wrong with the expression of a rule; undefined when nothing is. */
export function checkRule({ expression }: BusinessRule): string | undefined {
  if (expression === undefined) return undefined
  try {
    parse(expression)
    return undefined
  } catch (reason) {
    return (reason as Error).message
  }
}

const SOURCE = 'https://ingle.example/rules'

const messageOf = ({ id, human }: BusinessRule): Message => ({
  id: `${SOURCE}#${id}`,
  code: 'business-rule',
  text: human,
})

function inItsPlace({ in: only, notIn }: BusinessRule, rule: Rule): Rule {
  if (!only && !notIn) return rule
  const isHere = (type: unknown) => (only?.includes(type as string) ?? true) && !notIn?.includes(type as string)
  return (node, at) => {
    if (isHere(at.resource.resourceType)) rule(node, at)
  }
}

function expressionRule(one: BusinessRule, expression: string): Rule {
  const { id, on, human, severity } = one
  const message = messageOf(one)
  const below = one.at === undefined ? '' : `.${one.at}`
  const holds = testOf(expression, on)
  return (node, at) => {
    try {
      if (!holds(node as Value, scene.set(at, node as Value)))
        at.report(message, () => `does not keep to ${id}: ${human}`, { severity, below })
    } catch (reason) {
      // What has another form than its type is told as that.
      if (!(reason instanceof Unknown))
        at.report(message, () => `${id} could not be evaluated: it does not suit what stands here`, {
          severity: 'information',
        })
    }
  }
}

function codeRule(one: BusinessRule, { element, system, valueSet, inForce }: CodeRule): Rule {
  const { id, human, severity } = one
  const message = messageOf(one)
  return (node, at) => {
    const date = inForce && dateAt(at.resource, inForce.at)
    const year = date && yearOf(date, inForce.yearBegins)
    for (const { code, version = year, below } of codesAt(node as Json, element, system)) {
      const question = { valueSet, system, code }
      const meant = at.member(
        version === undefined ? question : { valueSet: yearOfValueSet(valueSet, version), system, version, code },
      )
      if (!meant) continue
      const isLoaded = meant.isIn !== undefined
      const said = isLoaded ? meant : at.member(question)
      if (!said || said.isIn) continue
      if (said.isIn === false) {
        const where = isLoaded && version ? ` of ${version}` : ', in the version that is loaded'
        at.report(message, () => `does not keep to ${id}: ${human} (looked up in ${system}${where})`, {
          severity,
          below,
        })
      } else {
        const why = () => `${id} could not be checked, as ${said.missing ?? system} is not loaded`
        at.report(message, why, { severity: 'information', below })
      }
    }
  }
}

/** The value set as the version of a year has it; rest/rule-files.ts makes them. */
export const yearOfValueSet = (url: string, year: string): string => `${url}-${year}`

/** `2026` for October 2025, when years begin in October. */
function yearOf(date: string, begins: number): string {
  const [year, month = '01'] = date.split('-')
  return String(Number(year) + (Number(month) >= begins ? 1 : 0))
}

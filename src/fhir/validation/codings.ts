import type { MembershipAnswer } from '../terminology.js'
import { messages } from './messages.js'
import type { Json, Rule } from './rule.js'
import { walk } from './walk.js'

/** Units are made up by grammar, and a lab that writes `(score)` for one has sent a result all the same. */
const UCUM = 'http://unitsofmeasure.org'

/** A Coding, wherever it stands: its code is one of its system, and its display one of the code. */
export const checkCoding: Rule = (node) => {
  const { system, version, code, display } = node as Json
  if (typeof system !== 'string') return
  if (!system.includes(':')) {
    walk.report(messages.systemNotAbsolute, () => 'must be an absolute URI, such as http://loinc.org', {
      below: '.system',
    })
    return
  }
  if (typeof code !== 'string') return
  const answer = walk.memberOf(
    '',
    system,
    typeof version === 'string' ? version : undefined,
    code,
    typeof display === 'string' ? display : undefined,
  )
  if (answer) reportCoding(answer, system, code)
}

/** A Quantity: its code is a unit of its system. */
export const checkUnit: Rule = (node) => {
  const { system, code } = node as Json
  if (typeof system !== 'string' || typeof code !== 'string') return
  const answer = walk.memberOf('', system, undefined, code)
  if (answer) reportCoding(answer, system, code)
}

function reportCoding(answer: MembershipAnswer, system: string, code: string): void {
  if (answer.isIn === undefined) {
    reportUndecided(answer, system)
    return
  }
  if (!answer.isIn && answer.because === 'unknown-code') {
    const severity = walk.inOpenBinding || system === UCUM ? 'warning' : 'error'
    walk.report(messages.unknownCode, () => `${code} is not a code of ${system}`, { below: '.code', severity })
    return
  }
  if (answer.inactive && walk.isNews(`inactive ${system} ${code}`))
    walk.report(messages.inactive, () => `${code} of ${system} is inactive`, { severity: 'warning', below: '.code' })
  if (answer.displays)
    walk.report(messages.display, () => `should be ${quoted(answer.displays!)} for ${code} of ${system}`, {
      severity: walk.settings.displays,
      below: '.display',
    })
}

const quoted = (displays: readonly string[]) =>
  displays
    .slice(0, 3)
    .map((display) => `'${display}'`)
    .join(' or ')

/** A system that nobody knows is said once a resource, unless it is none at all. */
function reportUndecided({ because, missing }: MembershipAnswer & { isIn?: undefined }, system: string): void {
  if (because === 'too-costly') {
    if (walk.isNews(`costly ${system}`))
      walk.report(messages.uncheckable, () => `could not be checked against ${system}: that is too costly`, {
        severity: 'warning',
      })
    return
  }
  const codeSystem = walk.definition('CodeSystem', system)
  if (codeSystem?.content === 'supplement' || codeSystem?.supplements) {
    walk.report(messages.supplement, () => `${system} only adds to another code system: its codes are that one's`, {
      below: '.system',
    })
    return
  }
  const valueSet = walk.definition('ValueSet', system)
  if (valueSet) {
    walk.report(messages.systemIsValueSet, () => `${system} is a value set; a Coding has a code system`, {
      below: '.system',
    })
    return
  }
  if (codeSystem !== undefined && valueSet !== undefined && walk.isNews(`system ${missing ?? system}`))
    walk.report(messages.unknownSystem, () => `${missing ?? system} is not known here, so its codes were not checked`, {
      severity: 'warning',
      below: '.system',
    })
}

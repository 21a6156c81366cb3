import { isAbsolute, listOf, objectOf } from '../bundle/entries.js'
import type { Json, Place } from '../rule.js'
import { messages } from './messages.js'

/** https://hl7.org/fhir/R4/valueset.html#compositions */
export function checkValueSet({ compose, status }: Json, at: Place): void {
  const { include, exclude } = objectOf(compose)
  const parts = { include: listOf(include), exclude: listOf(exclude) }
  for (const [name, list] of Object.entries(parts)) {
    for (const [i, one] of list.entries()) {
      const below = `.compose.${name}[${i}]`
      checkInclude(one, below, at)
      // What is no longer used may have codes that no longer are.
      if (status !== 'retired') checkConcepts(one, below, at)
    }
  }
}

/** More are for a load, not for a check. */
const MOST_CONCEPTS = 1000

function checkConcepts({ system, version, concept }: Json, below: string, at: Place): void {
  if (typeof system !== 'string' || !isAbsolute(system)) return
  const concepts = listOf(concept)
  if (concepts.length > MOST_CONCEPTS) {
    const severity = 'information'
    at.report(messages.manyConcepts, () => `has more than ${MOST_CONCEPTS} codes, which were not looked up`, {
      below,
      severity,
    })
    return
  }
  for (const [i, { code }] of concepts.entries()) {
    if (typeof code !== 'string') continue
    const answer = at.member({ system, code, ...(typeof version === 'string' && { version }) })
    if (answer?.isIn !== false || answer.because !== 'unknown-code') continue
    at.report(messages.concept, () => `has a code that ${system} does not have`, { below: `${below}.concept[${i}]` })
  }
}

function checkInclude(include: Json, below: string, at: Place): void {
  checkExpressions(include, below, at)
  const { system, version } = include
  if (typeof system !== 'string') return
  if (!isAbsolute(system)) {
    at.report(messages.relative, () => 'must name its system by an absolute URI, also one that is contained', { below })
    return
  }
  const [url = '', own] = system.split('|', 2)
  if (own !== undefined) {
    at.report(messages.version, () => 'must have the version of its system in version, not behind |', { below })
  }
  const codeSystem = at.definition('CodeSystem', typeof version === 'string' ? `${url}|${version}` : url)
  if (codeSystem) {
    if (codeSystem.content !== 'supplement') return
    at.report(messages.supplementAsSystem, () => `must name ${codeSystem.supplements}, which ${url} supplements`, {
      below,
    })
  } else if (codeSystem === null && at.definition('ValueSet', url)) {
    at.report(messages.valueSetAsSystem, () => 'must name a code system; this is a value set', { below })
  }
}

/** Of rules that compute codes: `text/fhirpath` is the only language that a value set may ask for. */
function checkExpressions(node: Json, below: string, at: Place): void {
  for (const [key, value] of Object.entries(node)) {
    const many = Array.isArray(value)
    for (const [i, child] of (many ? value : [value]).entries()) {
      if (typeof child !== 'object' || child === null) continue
      const isExpression = key === 'valueExpression'
      // What is beside a primitive is of it.
      const name = isExpression ? 'value.ofType(Expression)' : key.replace(/^_/, '')
      const here = `${below}.${name}${many ? `[${i}]` : ''}`
      if (isExpression && child.language !== 'text/fhirpath') {
        at.report(messages.language, () => 'must be of the language text/fhirpath', { below: here })
      }
      checkExpressions(child, here, at)
    }
  }
}

import type { Json, Place } from '../rule.js'
import { messages } from './messages.js'

/** https://hl7.org/fhir/R4/codesystem.html */
export function checkCodeSystem(codeSystem: Json, at: Place): void {
  const { content, count, supplements } = codeSystem
  const concepts = allConcepts(codeSystem, '')
  if (content === 'not-present' && concepts.length > 0) {
    at.report(messages.noContent, () => 'must not be there, as the content is not present', { below: '.concept[0]' })
  }
  if (content === 'complete' && typeof count === 'number' && count !== concepts.length) {
    at.report(messages.count, () => `is ${count}, but there are ${concepts.length} concepts`, { below: '.count' })
  }
  if (supplements === undefined) {
    if (content === 'supplement') {
      at.report(messages.noSupplements, () => 'is supplement, so supplements must say of what', { below: '.content' })
    }
    return
  }
  if (content !== 'supplement') {
    at.report(messages.supplement, () => 'must be supplement, as supplements is there', { below: '.content' })
  }
  for (const name of ['caseSensitive', 'hierarchyMeaning']) {
    if (codeSystem[name] === undefined) continue
    at.report(messages.notOfSupplement, () => 'must not be said by a supplement', { below: `.${name}` })
  }
  checkSupplement(String(supplements), concepts, at)
}

interface Concept {
  readonly code: unknown
  readonly below: string
}

function allConcepts(holder: Json, around: string): Concept[] {
  if (!Array.isArray(holder.concept)) return []
  return (holder.concept as Json[]).flatMap((concept, i) => {
    const below = `${around}.concept[${i}]`
    return [{ code: concept?.code, below }, ...allConcepts(concept ?? {}, below)]
  })
}

function checkSupplement(canonical: string, concepts: readonly Concept[], at: Place): void {
  const [system = '', version] = canonical.split('|', 2)
  for (const { code, below } of concepts) {
    if (typeof code !== 'string') continue
    const answer = at.member({ system, code, ...(version !== undefined && { version }) })
    if (answer?.isIn === false && answer.because === 'unknown-code') {
      at.report(messages.supplementCode, () => `has a code that ${canonical} does not have`, { below })
    }
  }
}

import { resourceTypes, typeDefinition } from '../../definitions.js'
import { isAbsolute } from '../bundle/entries.js'
import type { Json, Place } from '../rule.js'
import { messages } from './messages.js'

/** Types that others name by a canonical url: `CodeSystem`, `Questionnaire` … */
export const definitionTypes: readonly string[] = resourceTypes.filter((type) => {
  const names = typeDefinition(type)!.elements.map(({ name }) => name)
  return names.includes('url') && names.includes('status')
})

/** https://hl7.org/fhir/R4/references.html#canonical */
export function checkUrl({ url }: Json, at: Place): void {
  if (typeof url !== 'string' || isAbsolute(url)) return
  at.report(messages.url, () => 'must be absolute, as others refer by it', { below: '.url' })
}

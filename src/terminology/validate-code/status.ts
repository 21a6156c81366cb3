import type { CodeSystem, ValueSet } from '@medplum/fhirtypes'
import { canonical } from '../../fhir/canonical.js'
import { issueOf, type Message } from '../messages.js'
import type { Notes } from './notes.js'

type Definition = Pick<
  CodeSystem | ValueSet,
  'resourceType' | 'url' | 'version' | 'status' | 'experimental' | 'extension'
>
type OfReference = Extract<Message, `referenceTo${string}`>

const STANDARDS_STATUS = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status'

export const standardsStatusOf = ({ extension }: Pick<Definition, 'extension'>): string | undefined =>
  extension?.find(({ url }) => url === STANDARDS_STATUS)?.valueCode

/** Notes that a value set refers to something which is on its way out, or not there yet. */
export function noteStatus(of: Definition, by: ValueSet, notes: Notes): void {
  const message = statusOf(of, by)
  if (message === undefined) return
  const filling = { type: of.resourceType, canonical: canonical(of.url ?? '', of.version) }
  const issue = issueOf(message, filling)
  // It is the same for all codes of a request.
  if (!notes.issues.some(({ details }) => details!.text === issue.details!.text)) notes.note(issue)
}

function statusOf(of: Definition, by: ValueSet): OfReference | undefined {
  const standards = standardsStatusOf(of)
  if (standards === 'deprecated') return 'referenceToDeprecated'
  if (standards === 'withdrawn') return 'referenceToWithdrawn'
  if (of.status === 'retired') return 'referenceToRetired'
  if (of.experimental && !by.experimental) return 'referenceToExperimental'
  const isDraft = (one: Definition) => one.status === 'draft' || standardsStatusOf(one) === 'draft'
  return isDraft(of) && !isDraft(by) ? 'referenceToDraft' : undefined
}

import type { Library } from '../../../src/fhir/library.js'
import type { MembershipAnswer, MembershipQuestion, MembershipSource } from '../../../src/fhir/terminology.js'
import { validate } from '../../../src/fhir/validation.js'

/** What is known beside R4 itself. */
export interface Known {
  definitions?: readonly { resourceType: string; url?: string }[]
  membership?: (question: MembershipQuestion) => MembershipAnswer
}

let revisions = 0

/** All that is said of a resource: `error Patient.name: …`, without what only asks for a narrative. */
export async function said(resource: unknown, { definitions = [], membership }: Known = {}): Promise<string[]> {
  const library: Library = {
    revision: `test ${++revisions}`,
    withUrl: async (type, url) => definitions.filter((one) => one.resourceType === type && one.url === url) as never,
    withId: async () => undefined,
    urls: async () => [],
  }
  const terminology: MembershipSource = {
    revision: library.revision,
    membership: async (questions) => questions.map(membership ?? (() => ({ isIn: true }))),
  }
  const issues = await validate(resource, { mode: 'full', library, terminology })
  return issues
    .filter(({ details }) => !details?.coding?.[0]?.code?.endsWith('#dom-6'))
    .map(({ severity, expression, diagnostics }) => `${severity} ${expression?.[0]}: ${diagnostics}`)
}

/** Of these, those that are errors: only where. */
export const errorsIn = async (resource: unknown, known?: Known): Promise<string[]> =>
  (await said(resource, known)).filter((one) => one.startsWith('error ')).map((one) => one.slice(6, one.indexOf(': ')))

import { refusal } from './messages.js'
import type { CodeSystemProvider } from './provider.js'
import { noSuchCode } from './unknown.js'

export type Subsumption = Awaited<ReturnType<CodeSystemProvider['subsumes']>>

/** What is below is no kind of what is above. https://hl7.org/fhir/R4/valueset-codesystem-hierarchy-meaning.html */
const OTHER_MEANINGS = new Set(['grouped-by', 'part-of'])

/**
 * How one concept stands to another.
 * @throws Unprocessable  the hierarchy of the code system means something else (422)
 * @throws NotFound  one of them is not in the code system (404)
 * @see https://hl7.org/fhir/R4/codesystem-operation-subsumes.html
 */
export async function subsumption(provider: CodeSystemProvider, a: string, b: string): Promise<Subsumption> {
  const { url: system, header } = provider
  const meaning = header.hierarchyMeaning
  if (meaning !== undefined && OTHER_MEANINGS.has(meaning)) throw refusal('otherHierarchy', { system, meaning })
  const known = await provider.locate([a, b])
  for (const [code, name] of [
    [a, 'codeA'],
    [b, 'codeB'],
  ] as const) {
    if (!known.has(code)) throw await noSuchCode(provider, code, name)
  }
  return provider.subsumes(a, b)
}

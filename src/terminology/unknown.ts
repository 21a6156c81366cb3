import type { OperationOutcomeIssue } from '@medplum/fhirtypes'
import { type FhirError, NotFound } from '../base/errors.js'
import { compareVersions } from '../fhir/canonical.js'
import { listOf } from './displays.js'
import { issueOf, refusal } from './messages.js'
import type { CodeSystemProvider } from './provider.js'
import type { CodeSystems } from './providers.js'
import { howToLoad } from './systems/loadable.js'

/** That a code system has no such code, as the answer of a validation; of a fragment only a warning. */
export function unknownCode(provider: CodeSystemProvider, code: string, expression: string): OperationOutcomeIssue {
  const { url: system, version = '', content } = provider
  if (content !== 'complete') return issueOf('unknownCodeInFragment', { code, system, version }, { expression })
  const [message, filling] = unknown(provider, code)
  return issueOf(message, filling, { expression })
}

/** The same as the end of an operation that is about this code: 404. */
export async function noSuchCode(provider: CodeSystemProvider, code: string, expression?: string): Promise<FhirError> {
  const [message, filling] = unknown(provider, code)
  const fault = await provider.fault?.(code)
  return refusal(message, filling, { Kind: NotFound, fault, expression })
}

/** Of SNOMED CT it says which edition was looked into. */
function unknown({ url: system, version, edition }: CodeSystemProvider, code: string) {
  const filling = { code, system, version: version ?? '', edition: edition ?? '' }
  if (version === undefined) return ['unknownCodeOfAnyVersion', filling] as const
  return [edition === undefined ? 'unknownCode' : 'unknownCodeOfEdition', filling] as const
}

/**
 * The end of an operation that is about a code system which nobody knows, of which only the name is known, or not this version.
 * @throws NotFound  always (404)
 */
export async function notKnown(systems: CodeSystems, system: string, version?: string): Promise<never> {
  if (version === undefined) throw refusal('unknownSystem', { system }, { Kind: NotFound, fault: howToLoad(system) })
  const known = (await systems.withUrl(system)).filter(({ content }) => content !== 'not-present')
  const versions = known.flatMap((one) => one.version ?? []).sort(compareVersions)
  if (versions.length === 0) throw refusal('noVersionAtAll', { system, version }, { Kind: NotFound })
  throw refusal('unknownVersion', { system, version, versions: listOf(versions) }, { Kind: NotFound })
}

import type { CodeSystem, ValueSet, ValueSetExpansionParameter } from '@medplum/fhirtypes'
import { canonical } from '../../fhir/canonical.js'
import type { Composition } from './composition.js'

/** What an expansion says of what it was made of. */
export function usedParameters({ valueSet, used, versionsMatched }: Composition): ValueSetExpansionParameter[] {
  const systems = [...used.codeSystems]
  const sets = [...used.valueSets]
  return [
    ...systems.map((one) => uri('used-codesystem', nameOf(one))),
    ...systems.flatMap((one) => (one.content === 'complete' ? [] : uri(`used-${one.content}`, nameOf(one)))),
    ...sets.map((one) => uri('used-valueset', nameOf(one))),
    ...[...used.supplements].map((one) => uri('used-supplement', one)),
    ...[...systems, ...sets].flatMap((one) => {
      const state = stateOf(one, valueSet)
      return state ? uri(`warning-${state}`, nameOf(one)) : []
    }),
    ...[...used.rules].map(({ mode, url, version }) => uri(RULES[mode], canonical(url, version))),
    ...[...used.valueSetRules].map(({ mode, url, version }) => uri(VALUE_SET_RULES[mode], canonical(url, version))),
    ...(versionsMatched ? [{ name: 'versionsMatch', valueBoolean: true }] : []),
  ]
}

/** Parameters of a request by what they ask for. */
const RULES = { default: 'system-version', check: 'check-system-version', force: 'force-system-version' }
const VALUE_SET_RULES = {
  default: 'default-valueset-version',
  check: 'check-valueset-version',
  force: 'force-valueset-version',
}

const uri = (name: string, valueUri: string): ValueSetExpansionParameter => ({ name, valueUri })
const nameOf = ({ url, version }: CodeSystem | ValueSet) => canonical(url ?? '', version)

const STANDARDS_STATUS = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status'

/** What the user of a value set should know about what it is made of; what is true of itself is no news. */
function stateOf(one: CodeSystem | ValueSet, of: ValueSet): string | undefined {
  const standards = standardsOf(one)
  if (standards === 'deprecated' || standards === 'withdrawn') return standards
  if (one.status === 'retired') return 'retired'
  if (one.experimental && !of.experimental) return 'experimental'
  const isDraft = one.status === 'draft' || standards === 'draft'
  return isDraft && of.status !== 'draft' && standardsOf(of) !== 'draft' ? 'draft' : undefined
}

const standardsOf = ({ extension = [] }: CodeSystem | ValueSet) =>
  extension.find(({ url }) => url === STANDARDS_STATUS)?.valueCode

import type { CodeSystem } from '@medplum/fhirtypes'
import { editionOf } from './editions.js'
import { SNOMED } from './ids.js'

type Property = NonNullable<CodeSystem['property']>[number]

const STANDARD = 'http://hl7.org/fhir/concept-properties#'
const OWN = 'http://snomed.info/field/'

/** https://hl7.org/fhir/R4/snomedct.html#4.3.1.0.4; attributes have their concept id as code beside these. */
const properties: readonly Property[] = [
  { code: 'inactive', uri: `${STANDARD}inactive`, type: 'boolean', description: 'The concept is not active' },
  { code: 'parent', uri: `${STANDARD}parent`, type: 'code', description: 'What the concept is a' },
  { code: 'child', uri: `${STANDARD}child`, type: 'code', description: 'What is a such concept' },
  { code: 'module', uri: `${OWN}Concept.moduleId`, type: 'code', description: 'The module that maintains it' },
  { code: 'moduleId', uri: `${OWN}Concept.moduleId`, type: 'code', description: 'The same as module' },
  {
    code: 'effectiveTime',
    uri: `${OWN}Concept.effectiveTime`,
    type: 'dateTime',
    description: 'Since when it is as it is',
  },
  {
    code: 'sufficientlyDefined',
    uri: `${OWN}Concept.definitionStatusId`,
    type: 'boolean',
    description: 'Its relationships say all that makes it',
  },
  { code: 'normalForm', type: 'string', description: 'Its definition as an expression, with terms' },
  { code: 'normalFormTerse', type: 'string', description: 'Its definition as an expression, without terms' },
]

/** What a CodeSystem resource says of a version of SNOMED CT, without its concepts. */
export function headerFor(version: string): CodeSystem & { url: string; version: string } {
  return {
    resourceType: 'CodeSystem',
    language: 'en',
    url: SNOMED,
    version,
    // Several editions and versions stand side by side: a name that were that of all of them would name none.
    name: `${SNOMED}|${version}`,
    title: `SNOMED CT (${editionOf(version)})`,
    status: 'active',
    experimental: false,
    publisher: 'SNOMED International',
    copyright: 'Use of SNOMED CT needs a licence of SNOMED International or of its national member.',
    caseSensitive: true,
    compositional: true,
    hierarchyMeaning: 'is-a',
    content: 'complete',
    property: [...properties],
    filter: [
      { code: 'concept', operator: ['is-a', 'descendent-of', 'in', '='], value: 'A concept, or a reference set' },
      { code: 'constraint', operator: ['='], value: 'An expression constraint (ECL)' },
      { code: 'expressions', operator: ['='], value: 'Whether postcoordinated expressions are meant: true, false' },
    ],
  }
}

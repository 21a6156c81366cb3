import { resourceTypes } from '../definitions.js'
import { checkBundle } from './bundle.js'
import { checkCodeSystem } from './conformance/code-system.js'
import { checkMeasure, checkMeasureReport } from './conformance/measure.js'
import { checkCapabilityStatement, checkSearchParameter } from './conformance/search-parameter.js'
import { checkStructureDefinition } from './conformance/structure-definition.js'
import { checkUrl, definitionTypes } from './conformance/url.js'
import { checkValueSet } from './conformance/value-set.js'
import { checkAttachment, checkIdentifier, checkIds } from './elements.js'
import { checkQuestionnaire } from './questionnaire/questionnaire.js'
import { checkResponse } from './questionnaire/response.js'
import type { Json, Place, Rule } from './rule.js'
import { checkCanonical, checkUri } from './uris.js'

export { invariant } from './invariants.js'

const ofOne: Readonly<Record<string, (node: Json, at: Place) => void>> = {
  Attachment: checkAttachment,
  Bundle: checkBundle,
  CapabilityStatement: checkCapabilityStatement,
  CodeSystem: checkCodeSystem,
  Identifier: checkIdentifier,
  Measure: checkMeasure,
  MeasureReport: checkMeasureReport,
  Questionnaire: checkQuestionnaire,
  QuestionnaireResponse: checkResponse,
  SearchParameter: checkSearchParameter,
  StructureDefinition: checkStructureDefinition,
  ValueSet: checkValueSet,
}

/**
 * What is said in prose of a type, and no structure can say, by the type's name: each rule sees every node of the type.
 */
export const rulesOfTypes: Readonly<Record<string, readonly Rule[]>> = merged([
  ...Object.entries(ofOne),
  ...resourceTypes.map((type) => [type, checkIds] as const),
  ...definitionTypes.map((type) => [type, checkUrl] as const),
])

function merged(pairs: readonly (readonly [string, (node: Json, at: Place) => void])[]): Record<string, Rule[]> {
  const rules: Record<string, Rule[]> = {}
  for (const [type, rule] of pairs) rules[type] = [...(rules[type] ?? []), rule as Rule]
  return rules
}

/** Of values of primitive types, beyond what their lexical form says. */
export const rulesOfPrimitives: Readonly<Record<string, readonly Rule[]>> = {
  canonical: [checkCanonical],
  uri: [checkUri],
  url: [checkUri],
}

import type { Element, ValueSetComposeIncludeFilter } from '@medplum/fhirtypes'

/** R4 has no code for some operators; they stand in an extension of the operator that is not there. */
const OPERATOR = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.compose.include.filter.op'

/** The operator of a filter: R4's, or `child-of` and `descendent-leaf` of R5; '' when it has none. */
export function operatorOf({ op, ...rest }: ValueSetComposeIncludeFilter): string {
  const { _op } = rest as { _op?: Element }
  return _op?.extension?.find(({ url }) => url === OPERATOR)?.valueCode ?? op ?? ''
}

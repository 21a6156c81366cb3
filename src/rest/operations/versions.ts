import { operation } from '../operation.js'

/** Major and minor number, as `fhirVersion` of a media type has them. https://hl7.org/fhir/R4/versioning.html#mt-version */
const R4 = '4.0'

/** @see https://hl7.org/fhir/R4/capabilitystatement-operation-versions.html */
export const versions = operation({
  code: 'versions',
  definition: 'http://hl7.org/fhir/OperationDefinition/CapabilityStatement-versions',
  title: 'Versions of FHIR',
  description: 'The versions of FHIR that this server speaks.',
  on: { levels: ['system'] },
  affectsState: false,
  needs: { letters: [], of: 'all' },
  in: {},
  out: { version: '1..* code', default: '1..1 code' },
  handle: async () => ({ version: [R4], default: R4 }),
})

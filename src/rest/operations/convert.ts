import { operation } from '../operation.js'
import { valid } from '../resource-body.js'

/**
 * A resource in the format that the answer is asked for in: what goes in as JSON may come out as XML, and back.
 * @see https://hl7.org/fhir/R4/resource-operation-convert.html
 */
export const convert = operation({
  code: 'convert',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-convert',
  title: 'Convert between formats',
  description: 'Gives back the resource that was sent, in the format that Accept or _format asks for.',
  on: { levels: ['system'] },
  affectsState: false,
  needs: { letters: [], of: 'all' },
  in: { input: '1..1 Resource' },
  out: { return: '1..1 Resource' },
  about: { input: 'May be the body itself' },
  handle: async ({ params: { input } }) => ({ return: valid(input) }),
})

import type { Parameter } from '../../fhir/fhirpath/parameters.js'
import { Direct, operation } from '../operation.js'
import { evaluateApart } from './fhirpath/evaluators.js'

/**
 * POST [base]/$fhirpath: what an expression finds in a resource, as FHIRPath Lab asks it of servers.
 * @throws Invalid    the expression is not FHIRPath, does not suit the types, or fails on the resource (400)
 * @throws TooCostly  it takes too much time or memory (422)
 * @see https://github.com/brianpos/fhirpath-lab/blob/master/server-api.md
 */
export const fhirpath = operation({
  code: 'fhirpath',
  title: 'Evaluate FHIRPath',
  description: 'Evaluates a FHIRPath expression on a resource that is sent along; nothing that is stored is read.',
  on: { levels: ['system'] },
  affectsState: false,
  needs: { letters: [], of: 'all' },
  in: {
    expression: '1..1 string',
    resource: '1..1 Resource',
    context: '0..1 string',
    variables: '0..1 Element',
    terminologyserver: '0..1 string',
  },
  out: { parameters: '1..1 Element', result: '0..* Element' },
  about: {
    expression: 'FHIRPath, by the specification of version N1 and the FHIRPath page of R4; names are checked, too',
    resource: 'What it is evaluated on: %resource, %rootResource and, without a context, %context',
    context: 'FHIRPath: the expression is evaluated on each of its results',
    variables: 'A part for each variable: its name, and its value or resource',
    terminologyserver: 'Is not asked: no function here needs a terminology server',
    parameters: 'The parameters, and the name and version of the evaluator',
    result: 'One for each item of the context, with a part for each value, named by its type, and for each trace()',
  },

  async handle({ core, ctx, params: { expression, resource, context, variables } }) {
    const asked = { expression, resource, context, variables: variables as Parameter | undefined }
    return new Direct({ status: 200, body: await evaluateApart(asked, core.config.fhirpathTimeoutMs, ctx.signal) })
  },
})

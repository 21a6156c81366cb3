import type { GraphDefinition } from '@medplum/fhirtypes'
import { Invalid } from '../../base/errors.js'
import { graphed, graphNamed } from '../graph.js'
import { current } from '../matching.js'
import { Direct, operation } from '../operation.js'
import { gathered } from '../searchset.js'

/**
 * A resource with what a GraphDefinition leads to from it.
 * @see https://hl7.org/fhir/R4/resource-operation-graph.html
 */
export const graph = operation({
  code: 'graph',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-graph',
  title: 'The graph of a resource',
  description: 'The resource and what a GraphDefinition leads to from it, as a Bundle.',
  on: { resource: '*', levels: ['instance'] },
  affectsState: false,
  // A graph may lead to every type.
  needs: { letters: ['r', 's'], of: 'all' },
  in: { graph: '0..1 uri', definition: '0..1 GraphDefinition' },
  out: { return: '1..1 Bundle' },
  about: {
    graph: 'Canonical URL, or reference to a GraphDefinition of this server',
    definition: 'The GraphDefinition itself, where it is not stored; it may be the body',
  },

  async handle({ core, ctx, exchange, type, id, params }) {
    if ((params.graph === undefined) === (params.definition === undefined))
      throw new Invalid('$graph needs either graph, the URL of a GraphDefinition, or definition, the GraphDefinition')
    const definition =
      (params.definition as GraphDefinition | undefined) ?? (await graphNamed(core, exchange, params.graph!))
    const start = await current(core, ctx, type!, id!)
    const found = await graphed(core, exchange, definition, start)
    return new Direct({ status: 200, body: gathered(exchange.base, { type: 'collection' }, [start, ...found]) })
  },
})

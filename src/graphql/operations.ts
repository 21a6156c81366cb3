import { parseJson } from '../fhir/json.js'
import { type Call, Direct, operation } from '../rest/operation.js'
import { authorizeTypes } from '../rest/scopes.js'
import { standard } from '../search/parameters.js'
import { readQuery } from './document.js'
import { execute } from './execution.js'
import type { Json } from './navigation.js'
import { jsonAnswer, Refused, refusal } from './problem.js'
import { bodyTypes, sentQuery } from './request.js'

/** https://hl7.org/fhir/R4/resource-operation-graphql.html */
export const graphql = operation({
  code: 'graphql',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-graphql',
  title: 'GraphQL',
  description: 'Executes a GraphQL query on the whole system, or on one resource and what belongs to it.',
  on: { resource: '*', levels: ['system', 'instance'] },
  affectsState: false,
  // Each resource and search of the query is asked for its own scopes.
  needs: { letters: [], of: 'type' },
  accepts: bodyTypes,
  in: { query: '0..1 string', operationName: '0..1 string', variables: '0..1 string' },
  out: { result: '1..1 Binary' },
  about: {
    query: 'A GraphQL document; in a POST it is the body, as application/graphql, or a member of it, in JSON',
    operationName: 'Which operation of the document is executed, when it has several',
    variables: 'A JSON object with the values of its variables',
    result: 'application/json: the data, or errors with an OperationOutcome each',
  },

  async handle({ core, ctx, exchange, type, id, params }) {
    try {
      const query = readQuery(sentQuery(exchange, params), core.config, exchange.parameters ?? standard)
      const root = type && id ? await resource(core, ctx, type, id) : undefined
      return new Direct(jsonAnswer(200, { data: await execute(core, exchange, query, root) }))
    } catch (cause) {
      if (cause instanceof Refused) return new Direct(refusal(cause))
      throw cause
    }
  },
})

async function resource(core: Call<never>['core'], ctx: Call<never>['ctx'], type: string, id: string): Promise<Json> {
  authorizeTypes(ctx.principal, [type], 'r')
  const { content } = await core.store.read(ctx.tenant, type, id)
  return parseJson(content) as Json
}

import { resourceTypes } from '../../fhir/definitions.js'
import { searchRequest } from '../../search/request.js'
import { operation } from '../operation.js'
import { authorizeSearch, explanation } from '../search.js'

/**
 * GET [base]/[Type]/$explain?…: how the search of the same parameters is answered. `_explain=true` on the search itself
 * tells the same beside its matches.
 */
export const explain = operation({
  code: 'explain',
  title: 'Explain a search',
  description:
    'Says of each search parameter which index serves it and how many resources are expected, then what is read for the first page and what would help. Administrators see the plan of the database, without values.',
  on: { resource: '*', levels: ['type'] },
  affectsState: false,
  needs: { letters: ['s'], of: 'type' },
  takesSearch: true,
  in: {},
  out: { return: '1..1 OperationOutcome' },
  async handle({ core: { config, store }, ctx, exchange, type, search }) {
    const { base, parameters, prefer } = exchange
    const lenient = (prefer.handling ?? config.searchHandling) === 'lenient'
    const request = searchRequest(
      { tenant: ctx.tenant, base, parameters },
      type,
      search,
      config,
      lenient,
      resourceTypes,
    )
    authorizeSearch(exchange, type, request)
    const issue = [...request.warnings, ...(await explanation(store, exchange, request, store.finder))]
    return { return: { resourceType: 'OperationOutcome' as const, issue } }
  },
})

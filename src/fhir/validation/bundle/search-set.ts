import { isResourceType } from '../../definitions.js'
import type { Json, Message, Place } from '../rule.js'
import { type Entry, listOf } from './entries.js'

const messages = {
  noResource: { id: 'BUNDLE_SEARCH_ENTRY_NO_RESOURCE', code: 'invalid', text: 'A search result holds a resource' },
  noId: { id: 'BUNDLE_SEARCH_ENTRY_NO_RESOURCE_ID', code: 'invalid', text: 'What was found has an id' },
  otherType: {
    id: 'BUNDLE_SEARCH_ENTRY_WRONG_RESOURCE_TYPE_MODE',
    code: 'invalid',
    text: 'A match is of a type searched for',
  },
  outcome: {
    id: 'BUNDLE_SEARCH_ENTRY_WRONG_RESOURCE_TYPE_OUTCOME',
    code: 'invalid',
    text: 'An outcome is an OperationOutcome',
  },
  noMode: { id: 'BUNDLE_SEARCH_NO_MODE', code: 'invalid', text: 'A search result says why it is there' },
  noSelf: { id: 'BUNDLE_SEARCH_NOSELF', code: 'invalid', text: 'Search results say what was searched for' },
} satisfies Record<string, Message>

/** https://hl7.org/fhir/R4/http.html#search-return */
export function checkSearchSet(bundle: Json, entries: readonly Entry[], at: Place): void {
  const self = listOf(bundle.link).find(({ relation }) => relation === 'self')
  const severity = 'warning'
  if (!self) at.report(messages.noSelf, () => 'should have a link self with the search that was made', { severity })
  const types = typesOf(self?.url)
  const withMode = entries.filter(({ mode }) => mode !== undefined).length
  if (withMode === 0 && entries.length > 0) {
    at.report(messages.noMode, () => 'should say of its entries whether they are matches, in search.mode', { severity })
  }
  for (const { index, resource, mode } of entries) {
    const below = `.entry[${index}]`
    if (!resource) {
      at.report(messages.noResource, () => 'must have a resource in search results', { below })
      continue
    }
    if (mode === undefined) {
      if (withMode > 0)
        at.report(messages.noMode, () => 'should have a search.mode, as others have', { severity, below })
      continue
    }
    const { resourceType, id } = resource
    const within = { below: `${below}.resource` }
    if (mode === 'outcome') {
      if (resourceType !== 'OperationOutcome') {
        at.report(
          messages.outcome,
          () => `is an outcome, so it must be an OperationOutcome, not ${resourceType}`,
          within,
        )
      }
      continue
    }
    if (id === undefined) at.report(messages.noId, () => 'must have an id, as it was found', within)
    if (mode === 'match' && types.length > 0 && !types.includes(resourceType)) {
      at.report(
        messages.otherType,
        () => `is a match, so it must be ${types.join(' or ')}, not ${resourceType}`,
        within,
      )
    }
  }
}

/** What a search was for, by its URL: the type before the question mark, or those of `_type`. */
function typesOf(url: unknown): readonly string[] {
  if (typeof url !== 'string') return []
  const [path, query = ''] = url.split('?', 2)
  const last = path!.split('/').at(-1)
  if (isResourceType(last)) return [last]
  const types = new URLSearchParams(query).get('_type')
  return types ? types.split(',').filter(isResourceType) : []
}

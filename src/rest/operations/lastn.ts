import { Invalid } from '../../base/errors.js'
import { newestByCode } from '../../search/lastn.js'
import type { Pair } from '../../search/query.js'
import { criteriaOf } from '../criteria.js'
import { operation } from '../operation.js'
import { queryText } from '../search.js'
import { searchset, shownEntry } from '../searchset.js'

/**
 * The newest Observations of a subject, so many of each code.
 * @see https://hl7.org/fhir/R4/observation-operation-lastn.html
 */
export const lastn = operation({
  code: 'lastn',
  definition: 'http://hl7.org/fhir/OperationDefinition/Observation-lastn',
  title: 'Last N Observations',
  description:
    'The newest Observations of one subject for each code, of those that match the search: patient or subject, category or code, and any other search parameter.',
  on: { resource: ['Observation'], levels: ['type'] },
  affectsState: false,
  needs: { letters: ['r', 's'], of: 'type' },
  takesSearch: true,
  in: { max: '0..1 positiveInt' },
  out: { return: '1..1 Bundle' },
  about: { max: 'Observations of each code; 1 when it is absent' },

  async handle({ core: { store }, ctx, exchange, params: { max = 1 }, search }) {
    const query = queryText(search)
    const { clauses } = criteriaOf(exchange, 'Observation', query.slice(1))
    checkSubject(search)
    if (!search.some(([name]) => CODED.test(name)))
      throw new Invalid('$lastn needs category, code or another search parameter with a code')
    const found = await newestByCode(store.session, store.finder, ctx, clauses, max)
    const { base, path } = exchange
    const self = `${base}/${path.join('/')}${queryText([['max', String(max)], ...search])}`
    return searchset(
      { self },
      found.map((one) => shownEntry(base, one)),
      found.length,
    )
  },
})

const CODED = /^(category|code|combo-code|component-code)(-|:|$)/
const SUBJECT = /^(patient|subject)(:[A-Za-z]+)?$/

/** Groups are made by code: those of several subjects would be mixed. */
function checkSubject(search: readonly Pair[]): void {
  const subjects = search.filter(([name]) => SUBJECT.test(name))
  if (subjects.length !== 1 || subjects[0]![1].includes(','))
    throw new Invalid('$lastn needs one subject: patient=… or subject=…, once and with one value')
}

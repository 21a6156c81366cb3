import { Invalid } from '../../base/errors.js'
import { isResourceType } from '../../fhir/definitions.js'
import { typeCode } from '../../fhir/type-codes.js'
import { ofPatientCompartment } from '../../search/compartment.js'
import { rangeOf } from '../../search/types/date.js'
import { pairsOf } from '../criteria.js'
import { Direct, operation } from '../operation.js'
import { queryText } from '../search.js'

/**
 * The patient, then what is in its compartment, in pages.
 * @throws NotFound  the patient was never there (404)
 * @throws Gone      it was deleted (410)
 * @see https://hl7.org/fhir/R4/patient-operation-everything.html
 */
export const everything = operation({
  code: 'everything',
  definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
  title: 'Everything of a patient',
  description: 'The patient and what is in the patient compartment, in pages.',
  on: { resource: ['Patient'], levels: ['instance'] },
  affectsState: false,
  // A compartment has resources of every type.
  needs: { letters: ['r', 's'], of: 'all' },
  in: { _count: '0..1 positiveInt', _since: '0..1 instant', _type: '0..* code', _cursor: '0..1 string' },
  out: { return: '1..1 Bundle' },
  about: {
    _since: 'Only what was last updated at or after this instant',
    _type: 'Only resources of these types',
    _cursor: 'Of a link to a further page, as it stands there',
  },

  async handle({ core: { config, store }, ctx, exchange: { base, path }, id, params: { _cursor: token, ...sent } }) {
    const place = path.join('/')
    const cursor = token === undefined ? undefined : store.cursors.unseal(token)
    if (cursor && cursor.path !== place) throw new Invalid('_cursor belongs to another operation')
    const asked = cursor ? askedBy(cursor.query) : sent
    const { _type: types = [], _since: from } = asked
    const unknown = types.find((type) => !isResourceType(type))
    if (unknown !== undefined) throw new Invalid(`_type: ${unknown} is not a resource type`)
    const since = from === undefined ? undefined : rangeOf(from)![0]
    const limit = Math.min(asked._count ?? config.defaultCount, config.maxCount)

    const patient = await store.read(ctx.tenant, 'Patient', id!)
    const isAsked = (types.length === 0 || types.includes('Patient')) && (since === undefined || patient.at >= since)
    const entries = isAsked && !cursor ? [entry(base, { type: 'Patient', id: id!, content: patient.content })] : []
    const room = limit - entries.length
    const after = cursor?.position ?? FIRST
    const part = { limit: room + 1, after, since, ...(types.length > 0 && { types }) }
    const found = await ofPatientCompartment(store.db, store.finder, ctx, id!, part)
    const page = found.slice(0, room)
    entries.push(...page.map((one) => entry(base, one)))

    const query = cursor?.query ?? queryOf(sent)
    const url = (text: string) => `${base}/${place}${text && `?${text}`}`
    const links = [{ relation: 'self', url: url(token === undefined ? query : `_cursor=${token}`) }]
    if (found.length > room) {
      const position = page.at(-1)?.position ?? after
      const next = store.cursors.seal({ path: place, query, position, backwards: false })
      links.push({ relation: 'next', url: url(`_cursor=${next}`) })
    }
    const body = entries.length ? `,"entry":[${entries.join()}]` : ''
    return new Direct({
      status: 200,
      body: `{"resourceType":"Bundle","type":"searchset","link":${JSON.stringify(links)}${body}}`,
    })
  },
})

interface Asked {
  _count?: number
  _since?: string
  _type?: string[]
}

/** What was asked for, as a URL has it; a page that is linked to has it from there. */
function queryOf({ _count, _since, _type = [] }: Asked): string {
  const pairs = Object.entries({ _count, _since, _type: _type.join() || undefined })
  return queryText(pairs.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]))).slice(1)
}

function askedBy(query: string): Asked {
  const { _count, _since, _type } = Object.fromEntries(pairsOf(query))
  return { _since, ...(_count && { _count: Number(_count) }), ...(_type && { _type: _type.split(',') }) }
}

/** Before the first row of the first type. */
const FIRST = { values: [String(typeCode('Account') - 1)], rid: '0' }

function entry(base: string, { type, id, content }: { type: string; id: string; content: string }): string {
  return `{"fullUrl":"${base}/${type}/${id}","resource":${content},"search":{"mode":"match"}}`
}

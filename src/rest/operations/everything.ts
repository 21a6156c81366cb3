import { Invalid } from '../../base/errors.js'
import { isResourceType } from '../../fhir/definitions.js'
import { typeCode } from '../../fhir/type-codes.js'
import { ofPatientCompartment, type Part } from '../../search/compartment.js'
import { rangeOf } from '../../search/types/date.js'
import type { Core } from '../core.js'
import { pairsOf } from '../criteria.js'
import type { Answer, Exchange } from '../exchange.js'

interface Asked extends Part {
  /** The query as it was understood, for the next page. */
  query: string
}

/**
 * GET [base]/Patient/[id]/$everything: the patient, then what is in its compartment, in pages.
 * @throws NotFound  the patient was never there (404)
 * @throws Gone      it was deleted (410)
 * @see https://hl7.org/fhir/R4/patient-operation-everything.html
 */
export async function everything({ config, store }: Core, { ctx, path, base, query }: Exchange): Promise<Answer> {
  const id = path[1]!
  const place = path.join('/')
  const token = new URLSearchParams(query).get('_cursor')
  const cursor = token === null ? undefined : store.cursors.unseal(token)
  if (cursor && cursor.path !== place) throw new Invalid('_cursor belongs to another operation')
  const asked = read(cursor?.query ?? query, config)
  const { limit, types, since } = asked

  const patient = await store.read(ctx.tenant, 'Patient', id)
  const isAsked = (!types || types.includes('Patient')) && (since === undefined || patient.at >= since)
  const entries = isAsked && !cursor ? [entry(base, { type: 'Patient', id, content: patient.content })] : []
  const room = limit - entries.length
  const after = cursor?.position ?? FIRST
  const found = await ofPatientCompartment(store.db, store.finder, ctx, id, { limit: room + 1, after, types, since })
  const page = found.slice(0, room)
  entries.push(...page.map((one) => entry(base, one)))

  const url = (text: string) => `${base}/${place}${text && `?${text}`}`
  const links = [{ relation: 'self', url: url(query) }]
  if (found.length > room) {
    const position = page.at(-1)?.position ?? after
    const next = store.cursors.seal({ path: place, query: asked.query, position, backwards: false })
    links.push({ relation: 'next', url: url(`_cursor=${next}`) })
  }
  const body = entries.length ? `,"entry":[${entries.join()}]` : ''
  return { status: 200, body: `{"resourceType":"Bundle","type":"searchset","link":${JSON.stringify(links)}${body}}` }
}

/** Before the first row of the first type. */
const FIRST = { values: [String(typeCode('Account') - 1)], rid: '0' }

function entry(base: string, { type, id, content }: { type: string; id: string; content: string }): string {
  return `{"fullUrl":"${base}/${type}/${id}","resource":${content},"search":{"mode":"match"}}`
}

function read(query: string, { defaultCount, maxCount }: Core['config']): Asked {
  const asked: Asked = { limit: defaultCount, query }
  for (const [name, value] of pairsOf(query)) {
    switch (name) {
      case '_count':
        if (!/^[1-9]\d{0,8}$/.test(value)) throw new Invalid('_count is a whole number from 1')
        asked.limit = Math.min(Number(value), maxCount)
        break
      case '_since': {
        const range = rangeOf(value.replace(/ (?=\d\d:\d\d$)/, '+'))
        if (!range) throw new Invalid('_since is an instant: 2026-03-14T10:00:00Z')
        asked.since = range[0]
        break
      }
      case '_type': {
        asked.types = value.split(',')
        const unknown = asked.types.find((type) => !isResourceType(type))
        if (unknown !== undefined) throw new Invalid(`_type: ${unknown} is not a resource type`)
        break
      }
      default:
        throw new Invalid(`$everything has no parameter ${name}; it has _count, _since, _type`)
    }
  }
  return asked
}

import { randomUUID } from 'node:crypto'
import type { Composition, Reference } from '@medplum/fhirtypes'
import { Invalid, TooCostly, Unprocessable } from '../../base/errors.js'
import { parseJson } from '../../fhir/json.js'
import { parseReference } from '../../fhir/references.js'
import { patientsOf } from '../../search/compartment.js'
import type { Found } from '../../search/find.js'
import { newId } from '../../store/identity.js'
import type { Resource } from '../../store/write.js'
import type { Core } from '../core.js'
import type { Exchange } from '../exchange.js'
import { graphed, graphNamed } from '../graph.js'
import { current } from '../matching.js'
import { Direct, operation } from '../operation.js'
import { referred } from '../referred.js'
import { authorizeTypes } from '../scopes.js'
import { gathered } from '../searchset.js'

/**
 * A Composition with all that it refers to, and what that refers to in turn, as a document.
 * @see https://hl7.org/fhir/R4/composition-operation-document.html
 */
export const document = operation({
  code: 'document',
  definition: 'http://hl7.org/fhir/OperationDefinition/Composition-document',
  title: 'Generate a document',
  description:
    'A Bundle of type document: the Composition, what it refers to, and what that refers to in turn, but nothing of other patients.',
  on: { resource: ['Composition'], levels: ['instance'] },
  affectsState: false,
  // What a Composition refers to may be of every type.
  needs: { letters: ['r', 's'], of: 'all' },
  in: { persist: '0..1 boolean', graph: '0..1 uri' },
  out: { return: '1..1 Bundle' },
  about: {
    persist: 'The document is stored, too; by POST only',
    graph: 'A GraphDefinition that says what belongs to the document, instead of all that is referred to',
  },

  async handle({ core, ctx, exchange, id, params: { persist = false, graph } }) {
    if (persist && exchange.method !== 'POST') throw new Invalid('persist stores the document: send it by POST')
    if (persist) authorizeTypes(ctx.principal, ['Bundle'], 'c')
    const start = await current(core, ctx, 'Composition', id!)
    const found = graph === undefined ? await allOf(core, exchange, start) : await graphOf(core, exchange, start, graph)
    const head = {
      identifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${randomUUID()}` },
      type: 'document',
      timestamp: new Date().toISOString(),
    }
    const body = gathered(exchange.base, head, [start, ...found])
    if (!persist) return new Direct({ status: 200, body })
    const resource = parseJson(body) as Resource
    const written = await core.store.write(ctx.tenant, { kind: 'create', type: 'Bundle', id: newId(), resource })
    const location = `${exchange.base}/Bundle/${written.id}/_history/${written.version}`
    return new Direct({ status: 200, headers: { Location: location }, body: written.content })
  },
})

const graphOf = async (core: Core, exchange: Exchange, start: Found, graph: string): Promise<Found[]> =>
  graphed(core, exchange, await graphNamed(core, exchange, graph), start)

async function allOf({ store, config }: Core, { ctx, base }: Exchange, start: Found): Promise<Found[]> {
  const composition = parseJson(start.content) as Composition & Resource
  const own = patientsOf(composition)
  const direct = references(composition)
  const named = new Set(direct.map(({ reference }) => reference.replace(/\/_history\/.*/, '')))
  // What the Composition itself names is meant to be there, whoever it is of.
  const follows = (one: Resource) =>
    named.has(`${one.resourceType}/${one.id}`) || [...patientsOf(one)].every((patient) => own.has(patient))
  const found = await referred(store.finder, ctx, [start], { follows }, config.maxIncludes)
  if (found.length > config.maxIncludes)
    throw new TooCostly(`The document would have more than ${config.maxIncludes} resources (INGLE_MAX_INCLUDES)`)
  const there = new Set(found.map(({ type, id }) => `${type}/${id}`))
  const missing = direct.filter(({ reference }) => {
    const { type, id, absolute, fragment } = parseReference(reference, base) ?? {}
    return fragment === undefined && (absolute !== undefined || !there.has(`${type}/${id}`))
  })
  if (missing.length > 0)
    throw new Unprocessable(
      `A document has what its Composition refers to, and this is not on this server: ${missing.map(({ at }) => at).join(', ')}`,
      { expression: missing.map(({ at }) => at) },
    )
  return found
}

interface Named {
  reference: string
  at: string
}

/** What a document shall have with its Composition: https://hl7.org/fhir/R4/documents.html#content */
function references(composition: Composition): Named[] {
  const { subject, encounter, author, custodian, attester = [], event = [], section } = composition
  const found: Named[] = []
  const add = (at: string, references: Reference | readonly Reference[] | undefined) => {
    const all = Array.isArray(references) ? (references as readonly Reference[]) : [references as Reference | undefined]
    all.forEach((one, i) => {
      if (one?.reference) found.push({ reference: one.reference, at: Array.isArray(references) ? `${at}[${i}]` : at })
    })
  }
  add('Composition.subject', subject)
  add('Composition.encounter', encounter)
  add('Composition.author', author)
  add('Composition.custodian', custodian)
  attester.forEach(({ party }, i) => {
    add(`Composition.attester[${i}].party`, party)
  })
  event.forEach(({ detail }, i) => {
    add(`Composition.event[${i}].detail`, detail)
  })
  const sections = (list: Composition['section'] = [], at: string) => {
    list.forEach((one, i) => {
      add(`${at}[${i}].author`, one.author)
      add(`${at}[${i}].focus`, one.focus)
      add(`${at}[${i}].entry`, one.entry)
      sections(one.section, `${at}[${i}].section`)
    })
  }
  sections(section, 'Composition.section')
  return found
}

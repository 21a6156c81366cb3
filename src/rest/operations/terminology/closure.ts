import { randomUUID } from 'node:crypto'
import type { ConceptMap, ConceptMapGroup } from '@medplum/fhirtypes'
import { Invalid } from '../../../base/errors.js'
import { begin, type Growth, grow, replay } from '../../../terminology/closure/closures.js'
import { operation } from '../../operation.js'

/** More concepts than a client collects between two calls; each costs two questions to its code system. */
const MOST_CONCEPTS = 1000

/**
 * Keeps a table of which concepts subsume which, as a client comes upon them.
 * @see https://hl7.org/fhir/R4/conceptmap-operation-closure.html
 */
export const closure = operation({
  code: 'closure',
  definition: 'http://hl7.org/fhir/OperationDefinition/ConceptMap-closure',
  title: 'Maintain a closure table',
  description:
    'With a name alone a table is begun, or begun anew. With concepts it grows by them, and the relations that are new are answered. With a version what was added after it is told again.',
  on: { levels: ['system'] },
  affectsState: true,
  bareOutcomes: true,
  needs: { letters: ['r'], of: 'all' },
  in: { name: '1..1 string', concept: '0..* Coding', version: '0..1 string' },
  out: { return: '1..1 ConceptMap' },
  about: {
    name: 'Of the table; all clients of the tenant see it',
    concept: `To be added: at most ${MOST_CONCEPTS}, each with system and code`,
    version: 'As a ConceptMap had it that was answered before',
    return: 'For each concept those that subsume it',
  },

  async handle({ core: { store }, ctx: { tenant }, params: { name, concept, version } }) {
    if (concept.length > MOST_CONCEPTS) throw new Invalid(`$closure takes at most ${MOST_CONCEPTS} concepts at a time`)
    if (version !== undefined) {
      if (concept.length) throw new Invalid('$closure takes either concepts or a version')
      if (!/^\d{1,9}$/.test(version)) throw new Invalid('version is the one of a ConceptMap that $closure has answered')
      return { return: mapOf(name, await replay(store.db, tenant, name, Number(version))) }
    }
    if (concept.length === 0) return { return: mapOf(name, await begin(store.db, tenant, name)) }
    const concepts = concept.map(({ system, version, code }) => {
      if (!system || !code) throw new Invalid('A concept of $closure has a system and a code')
      return { system, version, code }
    })
    const systems = await store.terminologies.of(tenant)
    return { return: mapOf(name, await grow(store.db, tenant, name, concepts, systems)) }
  },
})

function mapOf(name: string, { version, relations }: Growth): ConceptMap {
  const groups = new Map<string, Map<string, string[]>>()
  for (const { system, code, subsumer } of relations) {
    const group = groups.get(system) ?? new Map<string, string[]>()
    groups.set(system, group.set(code, [...(group.get(code) ?? []), subsumer]))
  }
  return {
    resourceType: 'ConceptMap',
    id: randomUUID(),
    version: String(version),
    name,
    status: 'active',
    experimental: true,
    date: new Date().toISOString(),
    ...(groups.size && { group: [...groups].map(([system, elements]) => groupOf(system, elements)) }),
  }
}

/** The target subsumes the source. */
const groupOf = (system: string, elements: ReadonlyMap<string, readonly string[]>): ConceptMapGroup => ({
  source: system,
  target: system,
  element: [...elements].map(([code, subsumers]) => ({
    code,
    target: subsumers.map((subsumer) => ({ code: subsumer, equivalence: 'subsumes' })),
  })),
})

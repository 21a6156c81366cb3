import type { StructureDefinition } from '@medplum/fhirtypes'
import { FhirError, Invalid, NotFound, Unprocessable } from '../../base/errors.js'
import { parseJson } from '../../fhir/json.js'
import { byCanonical, type Library } from '../../fhir/library.js'
import { snapshotOf } from '../../fhir/snapshot.js'
import { operation } from '../operation.js'
import { valid } from '../resource-body.js'
import { authorizeTypes } from '../scopes.js'

/**
 * A profile with the whole of what it says: its base, with what its differential changes.
 *
 * @throws Unprocessable  the differential says what it cannot, or the base is not known (422)
 * @see https://hl7.org/fhir/R4/structuredefinition-operation-snapshot.html
 */
export const snapshot = operation({
  code: 'snapshot',
  definition: 'http://hl7.org/fhir/OperationDefinition/StructureDefinition-snapshot',
  title: 'Snapshot of a profile',
  description: 'Makes the snapshot of a StructureDefinition from its differential and the snapshot of its base.',
  on: { resource: ['StructureDefinition'], levels: ['type', 'instance'] },
  affectsState: false,
  needs: { letters: [], of: 'type' },
  in: { definition: '0..1 StructureDefinition', url: '0..1 string' },
  out: { return: '1..1 StructureDefinition' },
  about: {
    definition: 'May be the body itself',
    url: 'Canonical of one that the server knows, instead',
    return: 'It is not stored',
  },

  async handle({ core, ctx, id, params: { definition, url } }) {
    if ([definition, url, id].filter((one) => one !== undefined).length !== 1)
      throw new Invalid('$snapshot takes one of definition, url, and the StructureDefinition of an instance')
    const library = await core.store.libraries.of(ctx.tenant)
    if (definition) return { return: await withSnapshot(valid(definition) as unknown as StructureDefinition, library) }
    authorizeTypes(ctx.principal, ['StructureDefinition'], 'r')
    const known = id === undefined ? await named(url!, library) : await stored(id)
    // Of what is shipped only the snapshot is kept.
    return { return: known.differential ? await withSnapshot(known, library) : known }

    async function stored(id: string): Promise<StructureDefinition> {
      return parseJson((await core.store.read(ctx.tenant, 'StructureDefinition', id)).content) as StructureDefinition
    }
  },
})

async function named(url: string, library: Library): Promise<StructureDefinition> {
  const found = await byCanonical(library, 'StructureDefinition', url)
  if (!found) throw new NotFound(`No StructureDefinition with the url ${url} is known here`)
  return found
}

async function withSnapshot(structure: StructureDefinition, library: Library): Promise<StructureDefinition> {
  const { element, issues } = await snapshotOf(structure, library)
  if (issues.length > 0) throw FhirError.ofIssues.call(Unprocessable, [...issues])
  return { ...structure, snapshot: { element: [...element] } }
}

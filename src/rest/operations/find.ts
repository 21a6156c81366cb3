import type { CodeableConcept, List, MedicationRequest, MedicationStatement, Reference } from '@medplum/fhirtypes'
import { Invalid, TooCostly } from '../../base/errors.js'
import { parseJson } from '../../fhir/json.js'
import { CURRENT } from '../../search/lists.js'
import type { Resource } from '../../store/write.js'
import { escaped, matching } from '../matching.js'
import { operation } from '../operation.js'
import { authorizeTypes } from '../scopes.js'

/**
 * A patient's list by what it is for: the current List that is stored, else one of what is current by itself.
 * @see https://hl7.org/fhir/R4/list-operation-find.html
 */
export const find = operation({
  code: 'find',
  definition: 'http://hl7.org/fhir/OperationDefinition/List-find',
  title: 'Find a functional list',
  description:
    'The current List of a patient for a purpose; where none is stored, a snapshot of what is current by its own status.',
  on: { resource: ['List'], levels: ['type'] },
  affectsState: false,
  needs: { letters: ['r', 's'], of: 'type' },
  in: { patient: '1..1 id', name: '1..1 code' },
  out: { return: '1..1 List' },
  about: { patient: 'Id of the Patient', name: `One of ${Object.keys(CURRENT).join(', ')}` },

  async handle({ core, ctx, exchange, params }) {
    const name = params.name.startsWith('$') ? params.name : `$${params.name}`
    const wanted = Object.hasOwn(CURRENT, name) ? CURRENT[name]! : undefined
    if (!wanted) throw new Invalid(`name: there is no such list; there are ${Object.keys(CURRENT).join(', ')}`)
    const types = Object.keys(wanted.otherwise)
    authorizeTypes(ctx.principal, types)
    const patient = `Patient/${params.patient}`
    await core.store.read(ctx.tenant, 'Patient', params.patient)

    const code = wanted.codes.map((text) => text.split('|').map(escaped).join('|')).join()
    const stored = await matching(
      core,
      exchange,
      'List',
      [
        ['subject', patient],
        ['status', 'current'],
        ['code', code],
      ],
      2,
    )
    // A list of all allergies is none of those to drugs, and of two lists neither is the one: then their members are.
    if (stored.length === 1 && name !== '$current-drug-allergies')
      return { return: parseJson(stored[0]!.content) as List }

    const most = core.config.maxIncludes
    const members: Resource[] = []
    for (const type of types) {
      const search = [['patient', patient] as const, ['_list', name] as const]
      const found = await matching(core, exchange, type, search, most + 1)
      members.push(...found.map(({ content }) => parseJson(content) as Resource))
    }
    if (members.length > most) throw new TooCostly(`The list would have more than ${most} entries (INGLE_MAX_INCLUDES)`)
    const [system, first] = wanted.codes[0]!.split('|')
    const entry = once(members).map(({ resourceType, id }) => ({ item: { reference: `${resourceType}/${id}` } }))
    return {
      return: {
        resourceType: 'List',
        status: 'current',
        mode: 'snapshot',
        title: name,
        code: { coding: [{ system, code: first }] },
        subject: { reference: patient },
        date: new Date().toISOString(),
        ...(entry.length > 0 && { entry }),
      },
    }
  },
})

type Taken = (MedicationRequest | MedicationStatement) & Resource

/** A medication that is both ordered and reported is there once, by its report. */
function once(members: readonly Resource[]): Resource[] {
  const reported = members.filter(
    ({ resourceType }) => resourceType === 'MedicationStatement',
  ) as (MedicationStatement & Resource)[]
  const orders = new Set(
    reported.flatMap(({ basedOn = [], derivedFrom = [] }) =>
      [...basedOn, ...derivedFrom].map(({ reference }) => reference),
    ),
  )
  const names = new Set(reported.flatMap((one) => namesOf(one)))
  return members.filter(
    (one) =>
      one.resourceType !== 'MedicationRequest' ||
      (!orders.has(`MedicationRequest/${one.id}`) && !namesOf(one as Taken).some((name) => names.has(name))),
  )
}

/** What the medication is called: its codes, or what it refers to. */
function namesOf({ medicationReference, medicationCodeableConcept }: Taken): string[] {
  const { reference } = (medicationReference ?? {}) as Reference
  const { coding = [] } = (medicationCodeableConcept ?? {}) as CodeableConcept
  const codes = coding.flatMap(({ system = '', code }) => (code ? [`${system}|${code}`] : []))
  return reference ? [reference, ...codes] : codes
}

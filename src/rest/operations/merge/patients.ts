import type { Identifier, Patient, PatientLink } from '@medplum/fhirtypes'
import { Invalid, NotFound, Unprocessable } from '../../../base/errors.js'
import { parseJson } from '../../../fhir/json.js'
import { parseReference } from '../../../fhir/references.js'
import type { Core } from '../../core.js'
import type { Exchange } from '../../exchange.js'
import { current, escaped, matching } from '../../matching.js'
import type { ParamTypes } from '../../operation.js'

/** How one of the two patients is named: by a reference, by identifiers, or by both, which then have to agree. */
export interface Named {
  /** `source-patient`, for who reads an error */
  name: string
  reference?: ParamTypes['Reference']
  identifiers: readonly ParamTypes['Identifier'][]
}

/**
 * The id of the patient that is named.
 * @throws Invalid        it is not named (400)
 * @throws NotFound       there is none (404)
 * @throws Unprocessable  the identifiers are not those of exactly one patient (422)
 */
export async function patientNamed(
  core: Core,
  exchange: Exchange,
  { name, reference, identifiers }: Named,
): Promise<string> {
  const all = [...identifiers, ...(reference?.identifier ? [reference.identifier] : [])]
  const { type, id, absolute } = (reference?.reference && parseReference(reference.reference, exchange.base)) || {}
  if (reference?.reference && (type !== 'Patient' || !id || absolute))
    throw new Invalid(`${name} is a reference to a Patient of this server: Patient/1`)
  if (id) {
    const { content } = await current(core, exchange.ctx, 'Patient', id)
    const { identifier: own = [] } = parseJson(content) as Patient
    if (!all.every((one) => own.some((other) => isSame(one, other))))
      throw new Unprocessable(`${name} does not have all of the identifiers that are given for it`)
    return id
  }
  if (all.length === 0) throw new Invalid(`${name} is needed, or ${name}-identifier`)
  const search = all.map(({ system, value }): [string, string] => {
    if (!value) throw new Invalid(`${name}-identifier needs a value`)
    return ['identifier', `${system ? `${escaped(system)}|` : ''}${escaped(value)}`]
  })
  const [first, second] = await matching(core, exchange, 'Patient', search, 2)
  if (!first) throw new NotFound(`No Patient has the identifiers of ${name}`)
  if (second) throw new Unprocessable(`Several Patients have the identifiers of ${name}`)
  return first.id
}

const isSame = (a: Pick<Identifier, 'system' | 'value'>, b: Identifier) =>
  a.value === b.value && (!a.system || a.system === b.system)

export const isReplaced = ({ link = [] }: Patient): boolean => link.some(({ type }) => type === 'replaced-by')

const without = ({ link = [] }: Patient, id: string): PatientLink[] =>
  link.filter(({ other }) => other.reference !== `Patient/${id}`)

/** What the source becomes: no longer in use, and pointing at who took its place. */
export function replaced(source: Patient, target: string): Patient {
  const link: PatientLink = { other: { reference: `Patient/${target}` }, type: 'replaced-by' }
  return { ...source, active: false, link: [...without(source, target), link] }
}

/** What the target becomes where the caller does not say: it has the identifiers of the source, too, as old ones. */
export function surviving(target: Patient, source: Patient): Patient {
  const { identifier: own = [] } = target
  const taken = (source.identifier ?? [])
    .filter((one) => !own.some((other) => isSame(one, other)))
    .map((one) => ({ ...one, use: 'old' as const }))
  const identifier = [...own, ...taken]
  const link: PatientLink = { other: { reference: `Patient/${source.id}` }, type: 'replaces' }
  return { ...target, ...(identifier.length > 0 && { identifier }), link: [...without(target, source.id!), link] }
}

/**
 * What the caller wants the target to become.
 * @throws Invalid  it is another patient, does not say what it replaces, or lacks an identifier by which it was named
 */
export function checkResult(
  result: Patient,
  target: Patient,
  source: Patient,
  identifiers: readonly ParamTypes['Identifier'][],
): void {
  if (result.id !== target.id) throw new Invalid('result-patient.id must be that of the target patient')
  const replaces = (result.link ?? []).some(
    ({ type, other }) => type === 'replaces' && other.reference === `Patient/${source.id}`,
  )
  if (!replaces) throw new Invalid('result-patient.link must say that it replaces the source patient')
  if (!identifiers.every((one) => (result.identifier ?? []).some((other) => isSame(one, other))))
    throw new Invalid('result-patient.identifier must have all identifiers that are given for the target patient')
}

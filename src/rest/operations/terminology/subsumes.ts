import { Invalid } from '../../../base/errors.js'
import { refusal } from '../../../terminology/messages.js'
import { subsumption } from '../../../terminology/subsumes.js'
import { operation } from '../../operation.js'
import { aboutCommon, asked, common } from './asked.js'
import { systemOf } from './lookup.js'

/** @see https://hl7.org/fhir/R4/codesystem-operation-subsumes.html */
export const subsumes = operation({
  code: 'subsumes',
  definition: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-subsumes',
  title: 'Subsumption Testing',
  description: 'Whether one code means all that the other does, and more.',
  on: { resource: ['CodeSystem'], levels: ['type', 'instance'] },
  affectsState: false,
  bareOutcomes: true,
  needs: { letters: ['r'], of: 'type' },
  in: {
    codeA: '0..1 code',
    codeB: '0..1 code',
    system: '0..1 uri',
    version: '0..1 string',
    codingA: '0..1 Coding',
    codingB: '0..1 Coding',
    ...common,
  },
  out: { outcome: '1..1 code' },
  about: {
    codeA: 'With codeB, of one system; or codingA and codingB',
    outcome: 'equivalent, subsumes (A does B), subsumed-by or not-subsumed',
    ...aboutCommon,
  },

  async handle(call) {
    const { params, id } = call
    const { codingA, codingB } = params
    const [a, b] = [params.codeA ?? codingA?.code, params.codeB ?? codingB?.code]
    if (a === undefined || b === undefined)
      throw new Invalid('$subsumes needs codeA and codeB, of one system, or codingA and codingB')
    const coding = codingA && codingB ? same(codingA, codingB) : undefined
    const { system, version } = params
    if (id === undefined && system === undefined && coding === undefined)
      throw refusal('subsumptionWithoutSystem', { parameter: 'codeA' }, { Kind: Invalid, expression: 'codeA' })
    const provider = await systemOf(await asked(call), { id, system, version, coding })
    return { outcome: await subsumption(provider, a, b) }
  },
})

interface Coding {
  readonly system?: string
  readonly version?: string
}

/** What two codings have in common, which has to be all but their codes. */
function same(a: Coding, b: Coding): Coding {
  for (const [parameter, coding] of Object.entries({ codingA: a, codingB: b }))
    if (!coding.system)
      throw refusal('subsumptionWithoutSystem', { parameter }, { Kind: Invalid, expression: parameter })
  const at = { Kind: Invalid, expression: 'codingB' }
  if (a.system !== b.system) throw refusal('subsumptionOfSystems', { a: a.system!, b: b.system! }, at)
  if (a.version !== undefined && b.version !== undefined && a.version !== b.version)
    throw refusal('subsumptionOfVersions', { system: a.system!, a: a.version, b: b.version }, at)
  return { system: a.system, version: a.version ?? b.version }
}

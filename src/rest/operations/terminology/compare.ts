import type { ValueSet } from '@medplum/fhirtypes'
import { Invalid, NotFound } from '../../../base/errors.js'
import { canonical, canonicalOf } from '../../../fhir/canonical.js'
import { refusal } from '../../../terminology/messages.js'
import { compare as compared, type Relation } from '../../../terminology/valueset/compare.js'
import { nameOf } from '../../../terminology/valueset/compose.js'
import { supplementsNamed } from '../../../terminology/valueset/supplements.js'
import { valueSetOf } from '../../../terminology/valueset/value-sets.js'
import { operation } from '../../operation.js'
import { type Asked, aboutCommon, asked, common } from './asked.js'

const sentences: Readonly<Record<Relation, (a: string, b: string) => string>> = {
  same: (a, b) => `The value sets ${a} and ${b} contain the same codes`,
  subset: (a, b) => `The valueSet ${a} is a sub-set of the valueSet ${b}`,
  superset: (a, b) => `The valueSet ${a} is a super-set of the valueSet ${b}`,
  overlapping: (a, b) => `Both value sets ${a} and ${b} contain the codes the other doesn't, but there is some overlap`,
  disjoint: (a, b) => `No shared codes between the value sets ${a} and ${b}`,
  empty: (a, b) => `Both the value sets ${a} and ${b} are empty`,
}

/**
 * How two value sets stand to each other.
 * @see https://build.fhir.org/ig/HL7/fhir-tx-ecosystem-ig/
 */
export const compare = operation({
  code: 'compare',
  title: 'Compare two value sets',
  description:
    'Whether two value sets have the same codes, one has those of the other, or some. As the terminology ecosystem proposes it.',
  on: { resource: ['ValueSet'], levels: ['type'] },
  affectsState: false,
  bareOutcomes: true,
  needs: { letters: ['r'], of: 'type' },
  in: {
    ...common,
    thisUrl: '0..1 uri',
    thisVersion: '0..1 string',
    thisValueSet: '0..1 ValueSet',
    otherUrl: '0..1 uri',
    otherVersion: '0..1 string',
    otherValueSet: '0..1 ValueSet',
  },
  out: {
    result: '1..1 code',
    message: '0..1 string',
    'performed-expansion': '0..1 boolean',
    'common-codes': '0..1 string',
    'missing-codes': '0..1 string',
    'extra-codes': '0..1 string',
  },
  about: {
    ...aboutCommon,
    thisValueSet: 'The value set itself, for one that is not stored',
    otherValueSet: 'The value set itself, for one that is not stored',
    result: 'same, subset (this one of the other), superset, overlapping, disjoint or empty',
    'performed-expansion': 'The definitions alone did not tell it',
    'common-codes': 'That both have, where codes were looked at and are not too many to list',
    'missing-codes': 'That the other does not have',
    'extra-codes': 'That only the other has',
  },

  async handle(call) {
    const { core, params } = call
    const { thisValueSet, otherValueSet } = params
    const request = await asked(call, [thisValueSet, otherValueSet])
    const a = thisValueSet ?? (await named('this', params.thisUrl, params.thisVersion, request))
    const b = otherValueSet ?? (await named('other', params.otherUrl, params.otherVersion, request))
    const { systems, versions, valueSetVersions } = request
    const supplements = await supplementsNamed(params.useSupplement, systems)
    const reading = { systems, versions, valueSetVersions, supplements }
    const { relation, expanded, common, missing, extra } = await compared(a, b, reading, core.config.maxExpansion)
    return {
      result: relation,
      message: sentences[relation](nameOf(a), nameOf(b)),
      'performed-expansion': expanded,
      ...(common?.length && { 'common-codes': common.join() }),
      ...(missing?.length && { 'missing-codes': missing.join() }),
      ...(extra?.length && { 'extra-codes': extra.join() }),
    }
  },
})

async function named(
  which: 'this' | 'other',
  url: string | undefined,
  beside: string | undefined,
  request: Asked,
): Promise<ValueSet> {
  if (url === undefined) throw new Invalid(`$compare needs ${which}Url or ${which}ValueSet`)
  const found = await valueSetOf(url, request, beside)
  if (found) return found
  const { url: name, version = beside } = canonicalOf(url)
  throw refusal('unknownValueSet', { valueSet: canonical(name, version) }, { Kind: NotFound })
}

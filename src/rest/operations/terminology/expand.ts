import type { ValueSet } from '@medplum/fhirtypes'
import { NotFound, Unprocessable } from '../../../base/errors.js'
import { canonical, canonicalOf } from '../../../fhir/canonical.js'
import { refusal } from '../../../terminology/messages.js'
import { composition } from '../../../terminology/valueset/compositions.js'
import { expansion } from '../../../terminology/valueset/expansions.js'
import { supplementsNamed } from '../../../terminology/valueset/supplements.js'
import { valueSetOf } from '../../../terminology/valueset/value-sets.js'
import { Direct, operation } from '../../operation.js'
import { type Asked, aboutCommon, asked, common } from './asked.js'
import { boundTo } from './bound-to.js'
import { aboutControls, controls, controlsOf } from './controls.js'

/**
 * The codes of a value set, all or a page of them.
 * @see https://hl7.org/fhir/R4/valueset-operation-expand.html
 */
export const expand = operation({
  code: 'expand',
  definition: 'http://hl7.org/fhir/OperationDefinition/ValueSet-expand',
  title: 'Expand a value set',
  description: 'The codes of a value set, all or a page of them; with a filter those that match it, the best first.',
  on: { resource: ['ValueSet'], levels: ['type', 'instance'] },
  affectsState: false,
  bareOutcomes: true,
  needs: { letters: ['r'], of: 'type' },
  in: {
    ...common,
    url: '0..1 uri',
    valueSet: '0..1 ValueSet',
    valueSetVersion: '0..1 string',
    context: '0..1 uri',
    contextDirection: '0..1 code',
    ...controls,
  },
  out: { return: '1..1 ValueSet' },
  about: {
    ...aboutCommon,
    ...aboutControls,
    url: 'Canonical url, with or without |version; SNOMED CT and LOINC have implicit ones, too',
    valueSet: 'The value set itself, for one that is not stored',
    valueSetVersion: 'Of the value set that url names',
    context: 'StructureDefinition#path of an element: the value set that it is bound to',
    contextDirection: 'Makes no difference: a binding is the same for what comes in and what goes out',
  },

  async handle({ core, ctx, exchange, id, params }) {
    const request = await asked({ core, ctx, exchange, params }, [params.valueSet])
    const valueSet = await meant(params, id, request)
    const wanted = controlsOf(params, valueSet, request)
    const composed = await composition(valueSet, {
      systems: request.systems,
      versions: request.versions,
      valueSetVersions: request.valueSetVersions,
      supplements: await supplementsNamed(params.useSupplement, request.systems),
      versionsMatch: wanted.versionsMatch,
      date: wanted.date,
      without: params['exclude-system'],
    })
    const most = core.config.maxExpansion * (params.allowMaximumSizeExpansion ? 10 : 1)
    return new Direct({ status: 200, body: await expansion(composed, { ...wanted, most }) })
  },
})

interface Named {
  url?: string
  valueSet?: ValueSet
  valueSetVersion?: string
  context?: string
}

/** The value set that is asked for. */
async function meant(
  { url, valueSet, valueSetVersion, context }: Named,
  id: string | undefined,
  { systems, valueSetVersions }: Asked,
): Promise<ValueSet> {
  if (id !== undefined) {
    const found = await systems.library.withId('ValueSet', id)
    if (!found) throw new NotFound(`ValueSet/${id} is not known`)
    return found
  }
  if (valueSet) return valueSet
  const name = url ?? (context && (await boundTo(context, systems.library)))
  if (!name) throw new Unprocessable('$expand needs a url, a valueSet or a context, or to be called on a ValueSet')
  const found = await valueSetOf(name, { systems, valueSetVersions }, valueSetVersion)
  if (!found) {
    const { url, version = valueSetVersion } = canonicalOf(name)
    throw refusal('unknownValueSet', { valueSet: canonical(url, version) }, { Kind: NotFound })
  }
  return found
}

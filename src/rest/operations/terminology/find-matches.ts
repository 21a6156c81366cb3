import type { ParametersParameter } from '@medplum/fhirtypes'
import { Invalid, Unprocessable } from '../../../base/errors.js'
import { type Found, findMatches as found, type Property } from '../../../terminology/matches.js'
import type { CodeSystemProvider } from '../../../terminology/provider.js'
import { operation } from '../../operation.js'
import { aboutCommon, asked, common } from './asked.js'
import { systemOf } from './lookup.js'

/**
 * The concepts that have some properties.
 * @see https://hl7.org/fhir/R4/codesystem-operation-find-matches.html
 */
export const findMatches = operation({
  code: 'find-matches',
  definition: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-find-matches',
  title: 'Find concepts by properties',
  description:
    'The concepts of a code system that have all of some properties; or, where none has, those that have most.',
  on: { resource: ['CodeSystem'], levels: ['type', 'instance'] },
  affectsState: false,
  bareOutcomes: true,
  needs: { letters: ['r'], of: 'type' },
  in: {
    system: '0..1 uri',
    version: '0..1 string',
    property: '0..* part',
    exact: '1..1 boolean',
    compositional: '0..1 boolean',
    ...common,
  },
  out: { match: '0..* part' },
  about: {
    ...aboutCommon,
    property: 'With the parts code and value',
    exact: 'Only concepts that have all properties',
    compositional: 'Makes no difference: codes that are made of others are not made here',
    match: 'code, a Coding; and of the properties that it does not have each as unmatched, with code and value',
  },

  async handle(call) {
    const { core, params, id } = call
    if (params.property.length === 0) throw new Invalid('$find-matches needs a property')
    const properties = params.property.map(propertyOf)
    const provider = await systemOf(await asked(call), { ...params, id })
    const matches = await found(provider, properties, { exact: params.exact, most: core.config.maxExpansion })
    return { match: matches.map((one) => partsOf(one, provider)) }
  },
})

interface Given extends Property {
  /** As it was sent: `value[x]`. */
  readonly part: ParametersParameter
}

function propertyOf(parts: ParametersParameter[], i: number): Given {
  const [code, part] = ['code', 'value'].map((wanted) => parts.find(({ name }) => name === wanted))
  const other = parts.find(({ name }) => name !== 'code' && name !== 'value')
  if (other) throw new Unprocessable(`property[${i}] has ${other.name}, which is not supported: it has code and value`)
  const { name: _, ...value } = part ?? {}
  const text = Object.values(value)[0]
  const name = code?.valueCode ?? code?.valueString
  if (!part || name === undefined || text === undefined)
    throw new Invalid(`property[${i}] has the parts code and value`)
  return { code: name, value: String(part.valueCoding?.code ?? text), part }
}

const partsOf = (
  { concept: { code, display }, unmatched }: Found<Given>,
  { url, version }: CodeSystemProvider,
): ParametersParameter[] => [
  {
    name: 'code',
    valueCoding: { system: url, ...(version !== undefined && { version }), code, ...(display && { display }) },
  },
  ...unmatched.map((one) => ({ name: 'unmatched', part: [{ name: 'code', valueCode: one.code }, one.part] })),
]

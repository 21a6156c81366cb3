import type { ConceptMap, ParametersParameter } from '@medplum/fhirtypes'
import { Invalid, NotFound } from '../../../base/errors.js'
import { canonical, canonicalOf } from '../../../fhir/canonical.js'
import { isMatch, relationshipOf } from '../../../terminology/concept-maps/equivalence.js'
import { allMaps, mapNamed, sourceOf, targetOf } from '../../../terminology/concept-maps/maps.js'
import {
  type Code,
  type Dependency,
  type Match,
  type Translating,
  translate as translated,
  translateImplied,
} from '../../../terminology/concept-maps/translate.js'
import type { ImplicitMap } from '../../../terminology/provider.js'
import type { CodeSystems } from '../../../terminology/providers.js'
import { operation, type ParamTypes, type Values } from '../../operation.js'
import { aboutCommon, asked, common } from './asked.js'

const parameters = {
  url: '0..1 uri',
  conceptMap: '0..1 ConceptMap',
  conceptMapVersion: '0..1 string',
  code: '0..1 code',
  system: '0..1 uri',
  version: '0..1 string',
  source: '0..1 uri',
  coding: '0..1 Coding',
  codeableConcept: '0..1 CodeableConcept',
  target: '0..1 uri',
  targetsystem: '0..1 uri',
  dependency: '0..* part',
  reverse: '0..1 boolean',
  sourceCode: '0..1 code',
  sourceSystem: '0..1 uri',
  sourceVersion: '0..1 string',
  sourceCoding: '0..1 Coding',
  sourceCodeableConcept: '0..1 CodeableConcept',
  sourceScope: '0..1 uri',
  targetCode: '0..1 code',
  targetCoding: '0..1 Coding',
  targetCodeableConcept: '0..1 CodeableConcept',
  targetScope: '0..1 uri',
  targetSystem: '0..1 uri',
  ...common,
} as const

type Params = Values<typeof parameters>

/**
 * What a code is in another code system, by the concept maps that are known.
 * @see https://hl7.org/fhir/R4/conceptmap-operation-translate.html
 */
export const translate = operation({
  code: 'translate',
  definition: 'http://hl7.org/fhir/OperationDefinition/ConceptMap-translate',
  title: 'Translate a code',
  description:
    'What a code is in another code system: by one concept map, or by all that are known between the two. R5 names are taken, too.',
  on: { resource: ['ConceptMap'], levels: ['type', 'instance'] },
  affectsState: false,
  bareOutcomes: true,
  needs: { letters: ['r'], of: 'type' },
  in: parameters,
  out: { result: '1..1 boolean', message: '0..1 string', match: '0..* part' },
  about: {
    ...aboutCommon,
    url: 'Canonical url of the map, with or without |version; without it all maps that are about the systems are asked',
    conceptMap: 'The map itself, for one that is not stored',
    code: 'With system; or coding or codeableConcept',
    source: 'Value set that the map is from',
    target: 'Value set that the map is to',
    targetsystem: 'Code system that is translated to',
    dependency: 'With the parts element and concept: what else is known, where a map depends on it',
    reverse: 'From target to source',
    sourceCode: 'As code, in R5; and so on with source…',
    targetCode: 'In R5 what is translated to the source: as code with reverse; and so on with target…',
    result: 'Whether there is a match that stands for the code',
    match: 'equivalence, concept, and by which map: source, or for R5 originMap and relationship',
  },

  async handle(call) {
    const { params, id } = call
    const { systems } = await asked(call, [params.conceptMap])
    const { codes, reverse, isR5, to } = whatOf(params)
    const maps = await mapsFor(params, id, systems, { codes, reverse })
    const matches: Match[] = []
    for (const code of codes) {
      const one: Translating = {
        code,
        reverse,
        targetSystem: to,
        dependencies: params.dependency.flatMap(dependencyOf),
        mapNamed: (url) => mapNamed(url, systems.library),
      }
      for (const map of maps)
        matches.push(...(await ('resourceType' in map ? translated(map, one) : translateImplied(map, one))))
    }
    const result = matches.some(({ equivalence, concept }) => concept && isMatch(equivalence))
    return {
      result,
      ...(!result && { message: `No translation was found for ${codes.map(nameOf).join(', ')}` }),
      match: matches.map((one) => partsOf(one, isR5)),
    }
  },
})

interface What {
  readonly codes: readonly Code[]
  readonly reverse: boolean
  /** The request has R5's names, and gets them. */
  readonly isR5: boolean
  /** The code system that they are translated to. */
  readonly to?: string
}

/** @throws Invalid  there is nothing to translate, or several things (400) */
function whatOf(params: Params): What {
  const { coding, codeableConcept, sourceCoding, sourceCodeableConcept, targetCoding, targetCodeableConcept } = params
  const ofR4 = codesOf(params.code, params.system, params.version, coding, codeableConcept)
  const fromR5 = codesOf(
    params.sourceCode,
    params.sourceSystem ?? params.system,
    params.sourceVersion ?? params.version,
    sourceCoding,
    sourceCodeableConcept,
  )
  const toR5 = codesOf(params.targetCode, params.targetSystem, undefined, targetCoding, targetCodeableConcept)
  const given = [ofR4, fromR5, toR5].filter((codes) => codes.length > 0)
  if (given.length !== 1)
    throw new Invalid('$translate needs one of code with system, coding or codeableConcept; or the like of R5')
  const isBack = given[0] === toR5
  return {
    codes: given[0]!,
    reverse: params.reverse ?? isBack,
    isR5: given[0] !== ofR4,
    to: params.targetsystem ?? (isBack ? params.sourceSystem : params.targetSystem),
  }
}

type Coding = ParamTypes['Coding']

function codesOf(
  code: string | undefined,
  system: string | undefined,
  version: string | undefined,
  coding: Coding | undefined,
  concept: ParamTypes['CodeableConcept'] | undefined,
): Code[] {
  const all = [...(code === undefined ? [] : [{ code, system, version }]), ...(coding ? [coding] : [])]
  return [...all, ...(concept?.coding ?? [])].flatMap(({ code, system, version }) =>
    code === undefined ? [] : { code, system, version },
  )
}

const nameOf = ({ system, version, code }: Code) => `${system ? `${canonical(system, version)}#` : ''}${code}`

/** The maps that may say something about the codes. */
async function mapsFor(
  params: Params,
  id: string | undefined,
  systems: CodeSystems,
  { codes, reverse }: Pick<What, 'codes' | 'reverse'>,
): Promise<readonly (ConceptMap | ImplicitMap)[]> {
  const { url, conceptMap, conceptMapVersion } = params
  if (id !== undefined) {
    const found = await systems.library.withId('ConceptMap', id)
    if (!found) throw new NotFound(`ConceptMap/${id} is not known`)
    return [found]
  }
  if (conceptMap) return [conceptMap]
  if (url !== undefined) {
    const found =
      (await mapNamed(url, systems.library, conceptMapVersion)) ?? (await systems.implicitMap(canonicalOf(url).url))
    if (!found) throw new NotFound(`The concept map ${url} is not known`)
    return [found]
  }
  const [from, to] = [params.source ?? params.sourceScope, params.target ?? params.targetScope]
  return (await allMaps(systems.library)).filter(
    (map) =>
      (from === undefined || sourceOf(map) === from) &&
      (to === undefined || targetOf(map) === to) &&
      map.group?.some((group) => codes.some(({ system }) => system === (reverse ? group.target : group.source))),
  )
}

function dependencyOf(parts: ParametersParameter[]): Dependency[] {
  const part = (...names: string[]) => parts.find(({ name }) => names.includes(name!))
  const property = part('element', 'attribute')
  const value = part('concept', 'value')
  const codings = value?.valueCodeableConcept?.coding ?? (value?.valueCoding ? [value.valueCoding] : [])
  const texts = [...codings.map(({ code }) => code), value?.valueCode, value?.valueString]
  const name = property?.valueUri ?? property?.valueString
  return name === undefined ? [] : texts.flatMap((text) => (text === undefined ? [] : { property: name, value: text }))
}

function partsOf({ equivalence, concept, comment, products, map }: Match, isR5: boolean): ParametersParameter[] {
  const relationship = relationshipOf(equivalence)
  return [
    { name: 'equivalence', valueCode: equivalence },
    ...(isR5 && relationship ? [{ name: 'relationship', valueCode: relationship }] : []),
    ...(concept ? [{ name: 'concept', valueCoding: concept }] : []),
    ...products.map(({ property, system, value, display }) => ({
      name: 'product',
      part: [
        { name: 'element', valueUri: property },
        { name: 'concept', valueCoding: { system, code: value, display } },
      ],
    })),
    ...(comment === undefined ? [] : [{ name: 'comment', valueString: comment }]),
    ...(map === undefined
      ? []
      : [isR5 ? { name: 'originMap', valueCanonical: map } : { name: 'source', valueUri: map }]),
  ]
}

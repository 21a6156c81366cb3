import type { Coding, ValueSet } from '@medplum/fhirtypes'
import { Invalid, NotFound } from '../../../base/errors.js'
import type { Canonicals } from '../../../fhir/library.js'
import { Languages } from '../../../terminology/languages.js'
import { refusal } from '../../../terminology/messages.js'
import type { Answer } from '../../../terminology/validate-code/answer.js'
import { Ground, type Meant } from '../../../terminology/validate-code/ground.js'
import { inCodeSystem } from '../../../terminology/validate-code/in-code-system.js'
import { inValueSet } from '../../../terminology/validate-code/in-value-set.js'
import type { Question } from '../../../terminology/validate-code/question.js'
import { supplementsNamed } from '../../../terminology/valueset/supplements.js'
import { operation, type Values } from '../../operation.js'
import { type Asked, aboutCommon, asked, common } from './asked.js'
import { boundTo } from './bound-to.js'

/** HL7's validator sends the same parameters with all that it asks. */
const ofExpansions = {
  'profile-url': '0..1 uri',
  excludeNested: '0..1 boolean',
  includeDesignations: '0..1 boolean',
  includeDefinition: '0..1 boolean',
  count: '0..1 integer',
  offset: '0..1 integer',
  'default-to-latest-version': '0..1 boolean',
  'incomplete-ok': '0..1 boolean',
} as const

/** What both of them take. */
const about = {
  code: 'With a system; or coding, or codeableConcept',
  date: 'The code must be in effect then; of a system without a version the one that was is meant',
  abstract: 'false: codes that only group others are wrong',
  inferSystem: 'The value set tells the system of a code that comes without one',
  'lenient-display-validation': 'A wrong display is a warning, not an error',
  'valueset-membership-only': 'Nothing is checked but whether the code is in the value set',
  activeOnly: 'Codes that are no longer in use are wrong',
  ...Object.fromEntries(Object.keys(ofExpansions).map((name) => [name, 'Of expansions: taken, and of no consequence'])),
  ...aboutCommon,
} as const

const coded = {
  code: '0..1 code',
  display: '0..1 string',
  coding: '0..1 Coding',
  codeableConcept: '0..1 CodeableConcept',
  date: '0..1 dateTime',
  abstract: '0..1 boolean',
  activeOnly: '0..1 boolean',
  inferSystem: '0..1 boolean',
  'lenient-display-validation': '0..1 boolean',
  'valueset-membership-only': '0..1 boolean',
  ...ofExpansions,
  ...common,
} as const

const out = {
  result: '1..1 boolean',
  code: '0..1 code',
  system: '0..1 uri',
  version: '0..1 string',
  display: '0..1 string',
  message: '0..1 string',
  inactive: '0..1 boolean',
  status: '0..1 code',
  'normalized-code': '0..1 code',
  codeableConcept: '0..1 CodeableConcept',
  'x-unknown-system': '0..* canonical',
  'x-caused-by-unknown-system': '0..* canonical',
  issues: '0..1 OperationOutcome',
} as const

const ofValueSet = {
  url: '0..1 uri',
  context: '0..1 uri',
  valueSet: '0..1 ValueSet',
  valueSetVersion: '0..1 string',
  system: '0..1 uri',
  systemVersion: '0..1 string',
  version: '0..1 string',
  ...coded,
} as const

/** @see https://hl7.org/fhir/R4/valueset-operation-validate-code.html */
export const validateCodeOfValueSet = operation({
  code: 'validate-code',
  definition: 'http://hl7.org/fhir/OperationDefinition/ValueSet-validate-code',
  title: 'Value Set based Validation',
  description: 'Whether a code is in a value set, and what else there is to say about it.',
  on: { resource: ['ValueSet'], levels: ['type', 'instance'] },
  affectsState: false,
  bareOutcomes: true,
  needs: { letters: ['r'], of: 'type' },
  in: ofValueSet,
  out,
  about: {
    url: 'Of the value set; also `http://…|version`',
    context: '`StructureDefinition#path` of an element: the value set that it is bound to',
    valueSet: 'The value set itself',
    systemVersion: 'Of the system that stands beside the code',
    version: 'The same as systemVersion',
    ...about,
  },

  async handle(call) {
    const { params, id } = call
    const { valueSet, system, systemVersion, version } = params
    const all = await asked(call, params['cache-id'] === undefined ? [] : [valueSet])
    const meant = await meantBy(params, all)
    const found =
      valueSet ?? (id === undefined ? await valueSetNamed(params, meant) : await stored('ValueSet', id, all))
    const question = questionOf(params, { system, version: systemVersion ?? version }, languagesOf(all, found))
    return outOf(await inValueSet(question, found, meant))
  },
})

const ofCodeSystem = {
  url: '0..1 uri',
  system: '0..1 uri',
  codeSystem: '0..1 CodeSystem',
  version: '0..1 string',
  ...coded,
} as const

/** @see https://hl7.org/fhir/R4/codesystem-operation-validate-code.html */
export const validateCodeOfCodeSystem = operation({
  code: 'validate-code',
  definition: 'http://hl7.org/fhir/OperationDefinition/CodeSystem-validate-code',
  title: 'Code System based Validation',
  description: 'Whether a code is in a code system, and what else there is to say about it.',
  on: { resource: ['CodeSystem'], levels: ['type', 'instance'] },
  affectsState: false,
  bareOutcomes: true,
  needs: { letters: ['r'], of: 'type' },
  in: ofCodeSystem,
  out,
  about: {
    url: 'Of the code system; without it that of the coding is meant',
    system: 'The same as url',
    codeSystem: 'The code system itself',
    version: 'Of the code system',
    ...about,
  },

  async handle(call) {
    const { params, id } = call
    const all = await asked(call, [params.codeSystem])
    const meant = await meantBy(params, all)
    const resource = params.codeSystem ?? (id === undefined ? undefined : await stored('CodeSystem', id, all))
    if (resource && !resource.url) throw new Invalid('codeSystem needs a url, by which its codes are known')
    const { url = params.url ?? params.system, version = params.version } = resource ?? {}
    const question = questionOf(params, { system: url, version }, languagesOf(all))
    return outOf(await inCodeSystem(question, { url, version }, meant))
  },
})

type Params = Values<typeof coded>

async function meantBy(params: Params, { systems, versions, valueSetVersions }: Asked): Promise<Meant> {
  return { systems, versions, valueSetVersions, supplements: await supplementsNamed(params.useSupplement, systems) }
}

/** @throws Unprocessable  it is not known (422) */
async function valueSetNamed(params: Values<typeof ofValueSet>, meant: Meant): Promise<ValueSet> {
  const { context, valueSetVersion } = params
  const url = params.url ?? (context === undefined ? undefined : await boundTo(context, meant.systems.library))
  if (url === undefined)
    throw new Invalid('$validate-code needs a url, a valueSet or a context, or to be called on a ValueSet')
  const ground = new Ground(meant)
  const found = await ground.valueSet(url, valueSetVersion)
  if (!found) throw refusal('unknownValueSet', { valueSet: ground.nameOfValueSet(url, valueSetVersion) })
  return found
}

async function stored<T extends 'CodeSystem' | 'ValueSet'>(
  type: T,
  id: string,
  { systems }: Asked,
): Promise<Canonicals[T]> {
  const found = await systems.library.withId(type, id)
  if (!found) throw new NotFound(`${type}/${id} is not known`)
  return found
}

const MOST_CODINGS = 1000

/** The code, coding or codings of a request. */
function questionOf(
  params: Params,
  ofCode: Pick<Coding, 'system' | 'version'>,
  languages: Languages | undefined,
): Question {
  const { codeableConcept, coding, code, display, date } = params
  const inferSystem = params.inferSystem ?? false
  const ways = [codeableConcept, coding, code].filter((one) => one !== undefined)
  if (ways.length > 1) throw new Invalid('$validate-code takes one of code, coding and codeableConcept')
  const base = {
    inferSystem: false,
    abstract: params.abstract ?? true,
    activeOnly: params.activeOnly ?? false,
    membershipOnly: params['valueset-membership-only'] ?? false,
    lenientDisplay: params['lenient-display-validation'] ?? false,
    ...(languages && { languages }),
    ...(date !== undefined && { date: date.slice(0, '2026-10-01'.length) }),
  }
  if (codeableConcept) {
    if ((codeableConcept.coding ?? []).length > MOST_CODINGS)
      throw new Invalid(`A CodeableConcept has ${MOST_CODINGS} codings at most: they are judged one by one`)
    const concept = codeableConcept as Question['concept']
    return { ...base, form: 'codeableConcept', codings: codeableConcept.coding ?? [], concept }
  }
  if (coding) return { ...base, form: 'coding', codings: [coding] }
  if (code === undefined || (ofCode.system === undefined && !inferSystem))
    throw refusal('nothingToValidate', {}, { Kind: Invalid })
  return {
    ...base,
    form: 'code',
    inferSystem,
    codings: [{ ...ofCode, code, ...(display !== undefined && { display }) }],
  }
}

const EXPANSION_PARAMETER = /^http:\/\/hl7\.org\/fhir\/(tools\/)?StructureDefinition\/valueset-expansion-parameter$/

/** Those of the request, or those that the value set is made for. */
function languagesOf({ displayLanguages, acceptLanguages }: Asked, valueSet?: ValueSet): Languages | undefined {
  if (displayLanguages) return displayLanguages
  for (const { url, extension = [] } of valueSet?.compose?.extension ?? []) {
    if (!EXPANSION_PARAMETER.test(url ?? '')) continue
    const part = (name: string) => extension.find((one) => one.url === name)
    const { valueString, valueCode = valueString } = part('name') ?? {}
    const value = part('value')
    if (valueCode === 'displayLanguage') return Languages.read(value?.valueCode ?? value?.valueString ?? '')
  }
  return acceptLanguages ?? (valueSet?.language === undefined ? undefined : Languages.read(valueSet.language))
}

const outOf = ({ 'x-unknown-system': unknown = [], 'x-caused-by-unknown-system': cause = [], ...answer }: Answer) => ({
  ...answer,
  'x-unknown-system': unknown,
  'x-caused-by-unknown-system': cause,
})

import type { Resource } from '@medplum/fhirtypes'
import type { Context } from '../../../base/context.js'
import { FhirError, Invalid, type Issue } from '../../../base/errors.js'
import { canonicalOf } from '../../../fhir/canonical.js'
import { validateStructure } from '../../../fhir/validation/structure.js'
import { Languages } from '../../../terminology/languages.js'
import { refusal } from '../../../terminology/messages.js'
import type { CodeSystems } from '../../../terminology/providers.js'
import type { VersionRule } from '../../../terminology/versions.js'
import type { Core } from '../../core.js'
import type { Exchange } from '../../exchange.js'
import type { Values } from '../../operation.js'
import { broughtBefore } from './cache.js'

/**
 * What every terminology operation takes beside its own parameters, as the terminology ecosystem defines it.
 * @see https://build.fhir.org/ig/HL7/fhir-tx-ecosystem-ig/
 */
export const common = {
  'tx-resource': '0..* Resource',
  'cache-id': '0..1 id',
  displayLanguage: '0..1 code',
  useSupplement: '0..* canonical',
  'system-version': '0..* canonical',
  'check-system-version': '0..* canonical',
  'force-system-version': '0..* canonical',
  'default-valueset-version': '0..* canonical',
  'check-valueset-version': '0..* canonical',
  'force-valueset-version': '0..* canonical',
  diagnostics: '0..1 boolean',
  uuid: '0..1 uuid',
} as const

export const aboutCommon = {
  'tx-resource': 'A CodeSystem, ValueSet or ConceptMap that is used for this request, ahead of what is stored',
  'cache-id': 'Keeps what comes in tx-resource for further requests with the same id',
  displayLanguage: 'Of displays, as in Accept-Language, which it comes before: `de-AT, de;q=0.8`',
  useSupplement: 'A CodeSystem that adds to another one, and must be known',
  'system-version': '`system|version`: of a system that is named without a version',
  'check-system-version': '`system|version`: any other version is an error',
  'force-system-version': '`system|version`: whatever version is named',
  'default-valueset-version': '`url|version`: of a value set that is named without a version',
  'check-valueset-version': '`url|version`: any other version is an error',
  'force-valueset-version': '`url|version`: whatever version is named',
  diagnostics: 'Taken, and of no consequence: the issues say all there is to say',
  uuid: 'Taken, and of no consequence: it tells requests apart',
} as const

type Common = Values<typeof common>

/** What a request means by the names that it uses. */
export interface Asked {
  readonly systems: CodeSystems
  /** Of code systems. */
  readonly versions: readonly VersionRule[]
  readonly valueSetVersions: readonly VersionRule[]
  /** Of displays; undefined where the request says nothing about it. */
  readonly displayLanguages?: Languages
  /** Of the header, which speaks of all that is for people. */
  readonly acceptLanguages?: Languages
}

/**
 * Reads the common parameters.
 * @param brought  definitions that came as parameters of their own (`valueSet`), which others may refer to
 * @throws Invalid  a resource is not FHIR, a version has no url or no version, or a language is none (400)
 */
export async function asked(
  { core, ctx, exchange, params }: { core: Core; ctx: Context; exchange: Exchange; params: Common },
  brought: readonly (Resource | undefined)[] = [],
): Promise<Asked> {
  const resources = params['tx-resource'] as unknown as Resource[]
  const cacheId = params['cache-id']
  const all = [...resources, ...brought.flatMap((one) => one ?? [])]
  const isPlain = cacheId === undefined && all.length === resources.length
  return {
    systems: await (isPlain
      ? opened(core, ctx.tenant, resources)
      : open(core, ctx.tenant, cacheId === undefined ? all : broughtBefore(ctx.tenant, cacheId, all))),
    versions: rulesOf(params, 'system'),
    valueSetVersions: rulesOf(params, 'valueset'),
    displayLanguages: languagesOf(params.displayLanguage),
    acceptLanguages: Languages.ofHeader(exchange.acceptLanguage),
  }
}

/** By what a request brought: all validations of a batch share it. */
const bySource = new WeakMap<readonly Resource[], Promise<CodeSystems>>()

function opened(core: Core, tenant: number, resources: readonly Resource[]): Promise<CodeSystems> {
  let systems = bySource.get(resources)
  if (!systems) {
    systems = open(core, tenant, resources)
    bySource.set(resources, systems)
  }
  return systems
}

async function open({ store }: Core, tenant: number, brought: readonly Resource[]): Promise<CodeSystems> {
  for (const [i, one] of brought.entries()) check(one, `tx-resource[${i}]`)
  return store.terminologies.of(tenant, brought)
}

/** What is used as a definition has the shape of one; what others call by R5's names, or have left open, does no harm. */
function check(resource: Resource, name: string): void {
  const errors = validateStructure(resource, name).filter(isHarmful)
  if (errors.length) throw FhirError.ofIssues.call(Invalid, errors)
}

const HARMLESS = new Set<string | undefined>(['Unrecognised_property_', 'Terminology_TX_NoValid_1'])
/** Elements that are required, and that nothing here is built on; of a filter without a value more is said later. */
const DISPENSABLE = /^(status|value) is required/

function isHarmful({ severity, details, diagnostics = '' }: Issue): boolean {
  const isError = severity === 'error' || severity === 'fatal'
  return isError && !HARMLESS.has(details?.coding?.[0]?.code) && !DISPENSABLE.test(diagnostics)
}

function languagesOf(text: string | undefined): Languages | undefined {
  if (text === undefined) return undefined
  const languages = Languages.read(text)
  if (!languages) throw refusal('badLanguage', { language: text }, { Kind: Invalid })
  return languages
}

const MODES = [
  ['default', { system: 'system-version', valueset: 'default-valueset-version' }],
  ['check', { system: 'check-system-version', valueset: 'check-valueset-version' }],
  ['force', { system: 'force-system-version', valueset: 'force-valueset-version' }],
] as const

const NO_RULES: readonly VersionRule[] = []

function rulesOf(params: Common, of: 'system' | 'valueset'): readonly VersionRule[] {
  if (MODES.every(([, names]) => params[names[of]].length === 0)) return NO_RULES
  return MODES.flatMap(([mode, names]) =>
    params[names[of]].map((asked) => {
      const { url, version } = canonicalOf(asked)
      if (!url || version === undefined)
        throw new Invalid(`${names[of]} is a url and a version: \`http://loinc.org|2.80\``)
      return { mode, url, version }
    }),
  )
}

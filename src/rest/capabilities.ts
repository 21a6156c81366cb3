import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type {
  CapabilityStatement,
  CapabilityStatementRest,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceOperation,
  CapabilityStatementRestResourceSearchParam,
  TerminologyCapabilities,
} from '@medplum/fhirtypes'
import { Invalid } from '../base/errors.js'
import { root } from '../base/root.js'
import { Spliced } from '../base/spliced.js'
import { version } from '../base/version.js'
import { resourceTypes } from '../fhir/definitions.js'
import { compartmentNames } from '../search/compartment.js'
import { type Parameters, type SearchParameter, standard } from '../search/parameters.js'
import { isSupported } from '../search/query.js'
import type { TenantParameters } from '../search/tenant-parameters.js'
import { isMatched, projected, projectionOf } from './answers.js'
import type { Answer, Exchange } from './exchange.js'
import { type InteractionName, type Offers, places } from './interactions.js'
import type { Operation } from './operation.js'
import { definitionUrl } from './operation-definition.js'
import type { Serving } from './serving.js'
import { offeredTerminology } from './terminology-capabilities.js'

/**
 * GET [base]/metadata, and with `mode=terminology` what is offered of terminology.
 * @see https://hl7.org/fhir/R4/http.html#capabilities
 */
export async function capabilities(
  serving: Serving,
  { ctx, query, base, parameters, ifNoneMatch }: Exchange,
): Promise<Answer> {
  const mode = new URLSearchParams(query).get('mode') ?? 'full'
  if (mode === 'terminology') return terminology(serving, ctx.tenant, base)
  const make = modes.get(mode)
  if (!make) throw new Invalid(`mode is one of ${[...modes.keys(), 'terminology'].join(', ')}`)
  const { text, etag } = madeOf({ ...serving, parameters }, make, base)
  const projection = projectionOf(query)
  if (projection) return { status: 200, body: projected(text.toString(), projection) }
  const headers = { ETag: etag }
  if (isMatched(ifNoneMatch, etag)) return { status: 304, headers }
  return { status: 200, headers, body: new Spliced([text]) }
}

/** What is offered: the same to all, but for the parameters that a tenant has defined. */
type Offering = Pick<Serving, 'config' | 'places'> & { parameters?: TenantParameters }
type Make = (offering: Offering) => CapabilityStatement

/** `normative` may leave out what is trial use; the whole says no less. */
const modes = new Map<string, Make>(Object.entries({ full: statement, normative: statement }))

/** Stands for the base in what is kept: a client may call it by any number of names. */
const BASE = '{base}'

interface Made {
  template: string
  /** The template for the base that was last asked for, nearly always the only one. */
  base: string
  /** As it is sent: it is half a megabyte, and asked for by every client. */
  text: Buffer
  etag: string
}
const kept = new WeakMap<object, Map<Make, Made>>()

/** The statement, made when first asked for. */
function madeOf(offering: Offering, make: Make, base: string): Made {
  const { parameters, places } = offering
  const whose = parameters?.declared.length ? parameters : places
  const statements = kept.get(whose) ?? new Map<Make, Made>()
  kept.set(whose, statements)
  let made = statements.get(make)
  if (made?.base !== base) {
    const template = made?.template ?? JSON.stringify(make(offering))
    const text = Buffer.from(template.replaceAll(BASE, () => JSON.stringify(base).slice(1, -1)))
    made = { template, base, text, etag: `W/"${createHash('sha256').update(text).digest('base64url')}"` }
    statements.set(make, made)
  }
  return made
}

/** What both kinds of statement begin with. */
function head(base = BASE) {
  // The definitions are written by each build, so their date is its date.
  const date = statSync(join(root, 'build', 'r4.json')).mtime.toISOString()
  return {
    url: `${base}/metadata`,
    version,
    name: 'Ingle',
    title: 'Ingle, a FHIR R4 server',
    status: 'active',
    date,
    kind: 'instance',
    software: { name: 'Ingle', version },
    implementation: { description: 'Ingle, a FHIR R4 server', url: base },
  } as const
}

/** Which code systems there are changes while the server serves. */
async function terminology({ store, places }: Serving, tenant: number, base: string): Promise<Answer> {
  const systems = await store.terminologies.of(tenant)
  const expand = places.operations.ofType('ValueSet').find(({ code }) => code === 'expand')
  const statement: TerminologyCapabilities = {
    resourceType: 'TerminologyCapabilities',
    ...head(base),
    ...(await offeredTerminology(systems, expand)),
  }
  return { status: 200, body: JSON.stringify(statement) }
}

const FEATURE = 'http://hl7.org/fhir/uv/application-feature/StructureDefinition/feature'

/** What clients of the terminology ecosystem look for. https://build.fhir.org/ig/HL7/fhir-tx-ecosystem-ig/ */
const features = [
  ['http://hl7.org/fhir/uv/tx-tests/FeatureDefinition/test-version', { valueCode: '1.9.3' }],
  ['http://hl7.org/fhir/uv/tx-ecosystem/FeatureDefinition/CodeSystemAsParameter', { valueBoolean: true }],
] as const

function statement(offering: Offering): CapabilityStatement {
  const made = head()
  return {
    resourceType: 'CapabilityStatement',
    extension: features.map(([definition, value]) => ({
      url: FEATURE,
      extension: [
        { url: 'definition', valueCanonical: definition },
        { url: 'value', ...value },
      ],
    })),
    ...made,
    software: { ...made.software, releaseDate: made.date },
    instantiates: ['http://hl7.org/fhir/CapabilityStatement/terminology-server'],
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json', 'application/fhir+xml', 'xml', 'application/fhir+ndjson'],
    patchFormat: [
      'application/json-patch+json',
      'application/xml-patch+xml',
      'application/fhir+json',
      'application/fhir+xml',
    ],
    rest: [rest(offering)],
  }
}

function rest(offering: Offering): CapabilityStatementRest {
  const { config, places: own, parameters } = offering
  const { authJwksUrl, maxTransactionEntries } = config
  const including = revIncludes()
  return {
    mode: 'server',
    documentation: `A batch or transaction has at most ${maxTransactionEntries} entries.`,
    ...(authJwksUrl && { security }),
    resource: resourceTypes.map((type) => resource(type, including.get(type) ?? [], offering)),
    interaction: offered(places.base, places.systemHistory, places.systemSearch)
      .flatMap((name) => (name === 'bundle' ? (['transaction', 'batch'] as const) : name))
      .map((code) => ({ code })) as CapabilityStatementRest['interaction'],
    searchParam: searchParams('Resource', parameters),
    // relatedPerson is the one with two words.
    compartment: compartmentNames.map(
      (type) => `http://hl7.org/fhir/CompartmentDefinition/${type[0]!.toLowerCase()}${type.slice(1)}`,
    ),
    ...listed(own.operations.ofSystem()),
  }
}

const security: CapabilityStatementRest['security'] = {
  service: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'OAuth' }] }],
  description: 'A bearer token with SMART scopes, system/ or user/, is needed for all but this statement.',
}

const typeInteractions = offered(
  places.instance,
  places.version,
  places.instanceHistory,
  places.typeHistory,
  places.type,
  places.typeSearch,
)

function resource(
  type: string,
  revInclude: string[],
  { config, places: { operations }, parameters }: Offering,
): CapabilityStatementRestResource {
  return {
    type: type as CapabilityStatementRestResource['type'],
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    interaction: typeInteractions
      .filter((name) => !name.startsWith('conditional-'))
      .map((code) => ({ code })) as CapabilityStatementRestResource['interaction'],
    versioning: 'versioned-update',
    readHistory: typeInteractions.includes('vread'),
    updateCreate: true,
    conditionalCreate: true,
    conditionalRead: 'full-support',
    conditionalUpdate: typeInteractions.includes('conditional-update'),
    conditionalDelete: config.maxConditionalDeletes > 1 ? 'multiple' : 'single',
    searchInclude: ['*', ...references(type, parameters).map(({ code }) => `${type}:${code}`)],
    searchRevInclude: ['*', ...revInclude],
    searchParam: searchParams(type, parameters),
    ...listed(operations.ofType(type)),
  }
}

function listed(operations: readonly Operation[]): { operation?: CapabilityStatementRestResourceOperation[] } {
  if (operations.length === 0) return {}
  return { operation: operations.map((one) => ({ name: one.code, definition: definitionUrl(one, BASE) })) }
}

/** The interactions at these places, each once. */
function offered(...of: Offers[]): InteractionName[] {
  return [...new Set(of.flatMap((offers) => Object.values(offers).map(({ name }) => name as InteractionName)))]
}

/** The standard's, and what the tenant has declared: what of that cannot be searched by yet says so. */
function searchParams(
  type: string,
  parameters: TenantParameters | undefined,
): CapabilityStatementRestResourceSearchParam[] {
  const ours = [...standard.of(type).values()].filter(isSupported)
  return [
    ...ours.map(({ code, url, type }) => ({ name: code, definition: url, type })),
    ...(parameters?.own(type) ?? []).map(({ definition: { code, url, type: kind } }) => ({
      name: code,
      definition: url,
      type: kind,
      documentation: parameters?.documentation(type, code),
    })),
  ]
}

const references = (type: string, parameters: Parameters = standard): SearchParameter[] =>
  [...parameters.of(type).values()].filter((one) => one.type === 'reference')

/** So many targets are all that there are: R4 lets nothing refer to Parameters. */
const ANY = resourceTypes.length - 1

/**
 * Resource type → `Type:parameter` of what can refer to it, but for what can refer to anything: the same dozens
 * of names under every type would be most of the statement.
 */
function revIncludes(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const source of resourceTypes) {
    for (const { code, targets } of references(source)) {
      if (targets.length === 0 || targets.length >= ANY) continue
      for (const target of targets) {
        const those = found.get(target)
        if (those) those.push(`${source}:${code}`)
        else found.set(target, [`${source}:${code}`])
      }
    }
  }
  return found
}

import { FhirError, Invalid, UnsupportedMediaType } from '../base/errors.js'
import { parseJson } from '../fhir/json.js'
import { rewriteReferences } from '../fhir/references.js'
import { validateStructure } from '../fhir/validation/structure.js'
import type { Resource } from '../store/write.js'
import type { Core } from './core.js'
import type { Exchange } from './exchange.js'
import type { Checked } from './validation.js'

const ID = /^[A-Za-z0-9.-]{1,64}$/

/**
 * The resource in the body, of the type that the URL names, when it may be stored.
 * @throws Invalid, Unprocessable  as `Validation.check`
 */
export async function resourceIn({ validation }: Core, exchange: Exchange, type: string): Promise<Checked> {
  const resource = parsedBody(exchange)
  if (isObject(resource) && typeof resource.resourceType === 'string' && resource.resourceType !== type)
    throw new Invalid(`The body is a ${resource.resourceType.slice(0, 64)}, the URL names ${type}`, {
      expression: ['resourceType'],
    })
  return validation.check(exchange, localized(exchange.base, resource))
}

/** What was sent, with references to this server by its full address made local. */
export function localized<T>(base: string, resource: T): T {
  if (typeof resource === 'object' && resource !== null) rewriteReferences(resource, (url) => ownReference(base, url))
  return resource
}

/** `http://this.server/fhir/Patient/1` is `Patient/1`: stored so, it is found however it is asked for. */
export function ownReference(base: string, url: string): string | undefined {
  return url.startsWith(`${base}/`) ? url.slice(base.length + 1) : undefined
}

export function parsedBody({ body, contentType }: Exchange): unknown {
  if (body === undefined || body === '') throw new Invalid('There is no body; it should be a resource')
  if (contentType === 'application/json-patch+json')
    throw new UnsupportedMediaType('A JSON Patch is sent by PATCH; a resource is application/fhir+json')
  return parseJson(body)
}

/**
 * What is taken for a while and never stored, of the form that its type has.
 * @throws Invalid  with all that is not (400)
 */
export function valid(resource: unknown): Resource {
  const issues = validateStructure(resource)
  if (issues.some(({ severity }) => severity === 'error' || severity === 'fatal'))
    throw FhirError.ofIssues.call(Invalid, issues)
  return resource as Resource
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws Invalid  not an id that FHIR allows */
export function checkId(id: string): void {
  if (!ID.test(id))
    throw new Invalid(
      'The id has characters or a length that FHIR does not allow; right are 1 to 64 of A-Z a-z 0-9 - .',
    )
}

/** The body of an update names the resource that the URL names. */
export function checkSameId(resource: Resource, type: string, id: string): void {
  if (resource.id === undefined)
    throw new Invalid(`${type}.id is missing; it should be the id of the URL`, { expression: [`${type}.id`] })
  if (resource.id !== id) throw new Invalid(`${type}.id is not the id of the URL`, { expression: [`${type}.id`] })
}

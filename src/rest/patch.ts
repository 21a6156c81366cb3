import { NotFound, UnsupportedMediaType } from '../base/errors.js'
import { parseJson } from '../fhir/json.js'
import { applyFhirPathPatch } from '../fhir/patch/fhirpath-patch.js'
import { applyJsonPatch } from '../fhir/patch/json-patch.js'
import { xmlPatch } from '../fhir/patch/xml-patch.js'
import type { Resource, Write } from '../store/write.js'
import { versionsOf } from './answers.js'
import type { Core } from './core.js'
import { criteriaOf, oneMatch } from './criteria.js'
import type { Answer, Exchange } from './exchange.js'
import { localized, parsedBody, valid } from './resource-body.js'
import type { Checked } from './validation.js'
import { answerOfWrite, type Made } from './written.js'

/** PATCH [base]/Type/id, JSON, XML or FHIRPath Patch; https://hl7.org/fhir/R4/http.html#patch */
export async function patch(core: Core, exchange: Exchange): Promise<Answer> {
  const [type, id] = exchange.path as [string, string]
  const made: Made = { issues: [] }
  const write = patchOf(core, exchange, type, id, (checked) => Object.assign(made, checked))
  return answerOfWrite(core, exchange, made, core.store.write(exchange.ctx.tenant, write))
}

/** PATCH [base]/Type?criteria of the one match. */
export async function conditionalPatch(core: Core, exchange: Exchange): Promise<Answer> {
  const type = exchange.path[0]!
  const criteria = criteriaOf(exchange, type, exchange.query)
  const made: Made = { issues: [] }
  const writing = core.store.transaction(async (unit) => {
    await unit.lock([criteria.name])
    const match = await oneMatch(unit.finder, exchange, criteria)
    if (!match) throw new NotFound(`The criteria match no ${type}`)
    const write = patchOf(core, exchange, type, match.id, (checked) => Object.assign(made, checked))
    const [one] = await unit.write(exchange.ctx.tenant, [write], true)
    return one!
  })
  return answerOfWrite(core, exchange, made, writing)
}

type Apply = (resource: Resource) => unknown

/**
 * The write of a patch; what comes out of it has to be valid.
 * @param tell  is told what the patch makes, once it is applied
 */
export function patchOf(
  { validation }: Core,
  exchange: Exchange,
  type: string,
  id: string,
  tell: (made: Checked) => void,
): Write {
  const patched = applyOf(exchange)
  const ifMatch = versionsOf(exchange.ifMatch)
  const apply = async (current: Resource) => {
    const made = await validation.check(exchange, localized(exchange.base, patched(current)))
    tell(made)
    return made.resource
  }
  return { kind: 'patch', type, id, apply, ...(ifMatch && { ifMatch }) }
}

function applyOf(exchange: Exchange): Apply {
  const { contentType, body = '' } = exchange
  if (contentType === 'application/json-patch+json') {
    const operations = parseJson(body)
    return (resource) => applyJsonPatch(resource, operations)
  }
  if (contentType === 'application/xml-patch+xml') return xmlPatch(body)
  const parameters = parsedBody(exchange)
  // An array is a JSON Patch sent as the wrong type: say so instead of judging it as Parameters.
  if (Array.isArray(parameters))
    throw new UnsupportedMediaType(
      'A JSON Patch is sent as application/json-patch+json, a FHIRPath Patch as Parameters in application/fhir+json',
    )
  const { resourceType } = parameters as Resource
  if (resourceType !== 'Parameters')
    throw new UnsupportedMediaType(
      'A patch is Parameters (FHIRPath Patch), application/json-patch+json or application/xml-patch+xml',
    )
  valid(parameters)
  return (resource) => applyFhirPathPatch(resource, parameters)
}

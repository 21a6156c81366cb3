import { NotFound } from '../base/errors.js'
import { isResourceType } from '../fhir/definitions.js'
import { isCompartment, placing } from '../search/compartment.js'
import type { Core } from './core.js'
import type { Answer, Exchange } from './exchange.js'
import { checkId } from './resource-body.js'
import { search } from './search.js'

/**
 * GET [base]/Patient/1/Observation?…: a search of the type, of what is in the compartment. Its links say which search
 * that is.
 * @throws NotFound  the compartment never has resources of this type (404)
 * @see https://hl7.org/fhir/R4/search.html#2.1.1.2
 */
export async function searchCompartment(core: Core, exchange: Exchange): Promise<Answer> {
  const [compartment, id, type] = exchange.path as [string, string, string]
  if (!isResourceType(type)) throw new NotFound(`${String(type).slice(0, 64)} is not a resource type of FHIR R4`)
  checkId(id)
  const codes = isCompartment(compartment) ? placing(compartment, type) : []
  if (codes.length === 0 && type !== compartment)
    throw new NotFound(`${type} is no part of a compartment of ${compartment}: no parameter places it there`)
  const tests = codes.map((code) => `${code} eq ${compartment}/${id}`)
  if (type === compartment) tests.unshift(`_id eq ${id}`)
  const within = `_filter=${encodeURIComponent(tests.join(' or '))}`
  const query = exchange.query === '' ? within : `${exchange.query}&${within}`
  return search(core, { ...exchange, path: [type], query })
}

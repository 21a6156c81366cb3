import { Invalid } from '../base/errors.js'
import { parseJson } from '../fhir/json.js'
import type { Exchange } from '../rest/exchange.js'
import { isObject } from '../rest/resource-body.js'
import type { Sent } from './document.js'

/** Media types of a body that are not FHIR's own. */
export const bodyTypes = ['application/json', 'application/graphql']

/** What GraphQL over HTTP has in a body; `extensions` are for what server and client have agreed on: nothing. */
const members = ['query', 'operationName', 'variables', 'extensions']

/**
 * The query of a request: from the body, be it JSON, GraphQL or Parameters, or from the URL.
 *
 * @param url  what the URL has
 * @throws Invalid  there is no query, or more than one
 * @see https://hl7.org/fhir/R4/graphql.html#invoking and https://graphql.org/learn/serving-over-http/
 */
export function sentQuery(
  { body, contentType }: Exchange,
  url: { query?: string; operationName?: string; variables?: string },
): Sent {
  if (!body) return whole(url)
  if (url.query !== undefined) throw new Invalid('The query is in the URL or in the body, not in both')
  if (contentType === 'application/graphql') return whole({ ...url, query: body })
  return whole({ ...url, ...fromJson(parseJson(body)) })
}

const wrongVariables = () => new Invalid('variables is a JSON object with a value for each variable')

function parsedVariables(text: string): Record<string, unknown> {
  const value = parseJson(text)
  if (!isObject(value)) throw wrongVariables()
  return value
}

function fromJson(value: unknown): Record<string, unknown> {
  if (Array.isArray(value)) throw new Invalid('One query at a time: the body is an object with the member query')
  if (!isObject(value)) throw new Invalid('The body is not a JSON object with the member query')
  const given = value.resourceType === 'Parameters' ? fromParameters(value) : value
  const unknown = Object.keys(given).find((name) => !members.includes(name))
  if (unknown !== undefined)
    throw new Invalid(`The body has a member ${unknown.slice(0, 64)}; it can have ${members.join(', ')}`)
  return Object.fromEntries(Object.entries(given).filter(([, one]) => one !== null))
}

/** The operation's own parameter: https://hl7.org/fhir/R4/resource-operation-graphql.html */
function fromParameters({ parameter }: Record<string, unknown>): Record<string, unknown> {
  const parameters = (Array.isArray(parameter) ? parameter : []).filter(isObject)
  return Object.fromEntries(parameters.map(({ name, valueString }) => [String(name), valueString]))
}

function whole({ query, operationName, variables }: { [name in keyof Sent]?: unknown }): Sent {
  if (typeof query !== 'string') throw new Invalid('$graphql needs a query, the text of a GraphQL document')
  if (operationName !== undefined && typeof operationName !== 'string') throw new Invalid('operationName is text')
  const values = typeof variables === 'string' ? parsedVariables(variables) : variables
  if (values !== undefined && !isObject(values)) throw wrongVariables()
  return { query, operationName: operationName || undefined, variables: values as Sent['variables'] }
}

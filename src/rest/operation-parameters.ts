import type { Parameters, ParametersParameter } from '@medplum/fhirtypes'
import { FhirError, Invalid, type Issue } from '../base/errors.js'
import { isResourceType, typeDefinition } from '../fhir/definitions.js'
import { parseJson, stringifyJson } from '../fhir/json.js'
import { primitives } from '../fhir/validation/primitives.js'
import { validateStructure } from '../fhir/validation/structure.js'
import type { Pair } from '../search/query.js'
import { pairsOf } from './criteria.js'
import type { Answer, Exchange } from './exchange.js'
import type { Operation } from './operation.js'
import { isObject } from './resource-body.js'

interface Parts {
  least: 0 | 1
  most: 1 | typeof Number.POSITIVE_INFINITY
  type: string
}

/** There are some fifty specs, and each call of an operation asks for those of all its parameters. */
const known = new Map<string, Parts>()

export function partsOf(spec: string): Parts {
  let parts = known.get(spec)
  if (!parts) {
    parts = split(spec)
    known.set(spec, parts)
  }
  return parts
}

function split(spec: string): Parts {
  const [cardinality, type] = spec.split(' ') as [string, string]
  return {
    least: cardinality.startsWith('1') ? 1 : 0,
    most: cardinality.endsWith('*') ? Number.POSITIVE_INFINITY : 1,
    type,
  }
}

interface Read {
  params: Record<string, unknown>
  search: Pair[]
}

/**
 * The parameters of a call, from the query and from the body: a Parameters resource, or the resource itself when one
 * parameter is a resource.
 *
 * @throws Invalid  names what is unknown, missing, there too often or not of its type (400)
 * @see https://hl7.org/fhir/R4/operations.html#request
 */
export function readParameters(operation: Operation, exchange: Exchange): Read {
  const read: Read = { params: {}, search: [] }
  for (const [name, value] of pairsOf(exchange.query)) {
    if (Object.hasOwn(operation.in, name)) fromQuery(operation, read, name, value)
    else if (operation.takesSearch) read.search.push([name, value])
    else throw unknown(operation, name)
  }
  if (exchange.body && !operation.accepts && !operation.readsBody) fromBody(operation, read, parseJson(exchange.body))
  for (const name in operation.in) {
    const { least, most, type } = partsOf(operation.in[name]!)
    const values = (read.params[name] as unknown[] | undefined) ?? []
    if (values.length < least) throw new Invalid(`$${operation.code} needs the parameter ${name}, a ${type}`)
    if (values.length > most) throw new Invalid(`$${operation.code} takes the parameter ${name} once`)
    if (most > 1) read.params[name] = values
    else if (values.length > 0) read.params[name] = values[0]
  }
  return read
}

function unknown({ code, in: specs }: Operation, name: string): Invalid {
  const names = Object.keys(specs)
  const has = names.length ? `it has ${names.join(', ')}` : 'it has none'
  return new Invalid(`$${code} has no parameter ${name.slice(0, 64)}; ${has}`)
}

function put({ params }: Read, name: string, value: unknown): void {
  const values = params[name] as unknown[] | undefined
  if (values) values.push(value)
  else params[name] = [value]
}

function fromQuery(operation: Operation, read: Read, name: string, text: string): void {
  const { type, most } = partsOf(operation.in[name]!)
  // Only primitives go into a URL by the letter; a plain reference is written there all the same, as in a search.
  if (type === 'Reference') {
    put(read, name, { reference: text })
    return
  }
  if (typeDefinition(type)?.kind !== 'primitive-type')
    throw new Invalid(`${name} is a ${type}: a URL cannot hold it; send it by POST, in a Parameters resource`)
  // As in a search, a list of codes may be one value with commas.
  for (const one of type === 'code' && most !== 1 ? text.split(',') : [text]) {
    const value = inQuery(type, one)
    const { accepts, form } = primitives[type]!
    if (!accepts(value)) throw new Invalid(`${name} must be ${form}`)
    put(read, name, value)
  }
}

const NUMBERS = new Set(['integer', 'positiveInt', 'unsignedInt', 'decimal'])

function inQuery(type: string, text: string): unknown {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (NUMBERS.has(type))
    return /^-?\d+(\.\d+)?$/.test(text) ? parseJson(text.replace(/^(-?)0+(?=\d)/, '$1')) : Number.NaN
  // In a URL an offset's plus is often left as it is, which means a blank.
  return type === 'instant' || type === 'dateTime' ? text.replace(/ (?=\d\d:\d\d$)/, '+') : text
}

function fromBody(operation: Operation, read: Read, body: unknown): void {
  if (!isObject(body) || typeof body.resourceType !== 'string')
    throw new Invalid('The body is not a resource; it should be Parameters')
  const whole = Object.entries(operation.in).filter(([, spec]) => isResource(partsOf(spec).type))
  if (body.resourceType !== 'Parameters') {
    const exact = whole.filter(([, spec]) => partsOf(spec).type === body.resourceType)
    const meant = exact.length ? exact : whole
    if (meant.length !== 1)
      throw new Invalid(`The body of $${operation.code} is Parameters, not ${body.resourceType.slice(0, 64)}`)
    const [name, spec] = meant[0]!
    put(read, name, resource(partsOf(spec).type, body, body.resourceType))
    return
  }
  if (Array.isArray(body.parameter)) body.parameter.forEach(readBoolean)
  checkParameters(body)
  const parameters = (body.parameter ?? []) as ParametersParameter[]
  parameters.forEach((parameter, i) => {
    const { name } = parameter
    if (name === undefined)
      throw new Invalid('A parameter has a name', { expression: [`Parameters.parameter[${i}].name`] })
    if (Object.hasOwn(operation.in, name))
      put(read, name, fromParameter(operation, parameter, `Parameters.parameter[${i}]`))
    else if (operation.takesSearch) read.search.push([name, searchValue(parameter, i)])
    else throw unknown(operation, name)
  })
}

/** A boolean that was sent as text says the same: HL7's own requests have some. */
function readBoolean(parameter: unknown): void {
  if (isObject(parameter) && (parameter.valueBoolean === 'true' || parameter.valueBoolean === 'false'))
    parameter.valueBoolean = parameter.valueBoolean === 'true'
}

/** Types whose value is in `resource`. */
const isResource = (type: string) => type === 'Resource' || type === 'ViewDefinition' || isResourceType(type)

/** As structure has it; but resources in it are looked at one by one, as some operations take what is not valid. */
function checkParameters(body: Record<string, unknown>): void {
  const { parameter } = body
  const bare = Array.isArray(parameter)
    ? { ...body, parameter: parameter.map((one) => (isObject(one) ? { ...one, resource: undefined } : one)) }
    : body
  refuse(validateStructure(JSON.parse(JSON.stringify(bare))))
}

function refuse(issues: readonly Issue[]): void {
  if (issues.some(({ severity }) => severity === 'error' || severity === 'fatal'))
    throw FhirError.ofIssues.call(Invalid, [...issues])
}

function fromParameter(operation: Operation, parameter: ParametersParameter, at: string): unknown {
  const { type } = partsOf(operation.in[parameter.name!]!)
  if (type === 'Element') return parameter
  if (isResource(type)) {
    if (parameter.resource === undefined) throw wrong(type, parameter, at)
    return resource(type, parameter.resource as unknown as Record<string, unknown>, `${at}.resource`)
  }
  if (type === 'part') {
    if (!parameter.part) throw wrong(type, parameter, at)
    return parameter.part
  }
  const key = Object.keys(parameter).find((one) => one.startsWith('value'))
  const value = key && (parameter as unknown as Record<string, unknown>)[key]
  if (!key || !fits(key.slice('value'.length), type)) throw wrong(type, parameter, at)
  const primitive = primitives[type]
  if (primitive && !primitive.accepts(value))
    throw new Invalid(`${parameter.name} must be ${primitive.form}`, { expression: [`${at}.${key}`] })
  return value
}

/** Strings stand in for each other in practice: a code sent as valueString says the same. */
const TEXTS = new Set([
  'string',
  'code',
  'uri',
  'url',
  'canonical',
  'id',
  'markdown',
  'uuid',
  'date',
  'dateTime',
  'instant',
])
const WHOLES = new Set(['integer', 'positiveInt', 'unsignedInt'])

function fits(sent: string, type: string): boolean {
  const name = sent.charAt(0).toLowerCase() + sent.slice(1)
  return (
    name === type ||
    sent === type ||
    (TEXTS.has(name) && TEXTS.has(type)) ||
    (WHOLES.has(name) && (WHOLES.has(type) || type === 'decimal'))
  )
}

function wrong(type: string, { name }: ParametersParameter, at: string): Invalid {
  const where = isResource(type)
    ? `resource, a ${type}`
    : type === 'part'
      ? 'part'
      : `value${type.charAt(0).toUpperCase()}${type.slice(1)}`
  return new Invalid(`The parameter ${name} has its value in ${where}`, { expression: [at] })
}

function resource(type: string, value: Record<string, unknown>, at: string): unknown {
  if (typeof value.resourceType !== 'string')
    throw new Invalid('The value is no resource: it has no resourceType', { expression: [at] })
  if (type === 'Resource') return value
  if (value.resourceType !== type)
    throw new Invalid(`The value is a ${value.resourceType.slice(0, 64)}; it should be a ${type}`, { expression: [at] })
  if (isResourceType(type)) refuse(validateStructure(value, at))
  return value
}

/** A search parameter's value as a URL has it. */
function searchValue(parameter: ParametersParameter, i: number): string {
  const [key, value] = Object.entries(parameter).find(([name]) => name.startsWith('value')) ?? []
  if (key && (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number'))
    return String(value)
  if (key === 'valueReference' && isObject(value) && typeof value.reference === 'string') return value.reference
  throw new Invalid(`${parameter.name} is a search parameter: its value is a string, as in a URL`, {
    expression: [`Parameters.parameter[${i}]`],
  })
}

/**
 * What an operation returned, as it is served: the one resource called `return` as itself, all else as Parameters.
 * @see https://hl7.org/fhir/R4/operations.html#response
 */
export function answerOf(operation: Operation, values: Record<string, unknown>): Answer {
  const { out } = operation
  const names = Object.keys(out)
  if (names.length === 1 && names[0] === 'return' && isResource(partsOf(out.return!).type))
    return { status: 200, body: stringifyJson(values.return) }
  return { status: 200, body: stringifyJson(parametersOf(operation, values)) }
}

export function parametersOf({ out }: Operation, values: Record<string, unknown>): Parameters {
  const parameter: Record<string, unknown>[] = []
  for (const name in out) {
    const value = values[name]
    if (value === undefined) continue
    const { type, most } = partsOf(out[name]!)
    for (const one of most > 1 ? (value as readonly unknown[]) : [value]) parameter.push(parameterOf(name, type, one))
  }
  return { resourceType: 'Parameters', ...(parameter.length > 0 && { parameter: parameter as never[] }) }
}

function parameterOf(name: string, type: string, value: unknown): Record<string, unknown> {
  if (isResource(type)) return { name, resource: value }
  if (type === 'part') return { name, part: value }
  if (type === 'Element') return { ...(value as object), name }
  return { name, [`value${type.charAt(0).toUpperCase()}${type.slice(1)}`]: value }
}

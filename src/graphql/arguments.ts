import { type ArgumentNode, Kind, type ValueNode } from 'graphql'
import { Invalid } from '../base/errors.js'
import { isResourceType } from '../fhir/definitions.js'
import { decimalText, isDecimal } from '../fhir/json.js'
import { nearest } from '../fhir/validation/nearest.js'
import type { Parameters } from '../search/parameters.js'
import type { Pair } from '../search/query.js'
import { type Field, ownFields, pageOf, searchedType } from './fields.js'

/** Which elements of a list are wanted: https://hl7.org/fhir/R4/graphql.html#list */
export interface Navigation {
  fhirpath?: string
  /** Members and the values they must have. */
  members: readonly (readonly [name: string, value: string])[]
  offset: number
  count: number
}

/** https://hl7.org/fhir/R4/graphql.html#references */
export interface Following {
  /** Absent = any. */
  types?: ReadonlySet<string>
  optional: boolean
}

/** https://hl7.org/fhir/R4/graphql.html#searching */
export interface Searching {
  /** As a search by URL has them. */
  pairs: readonly Pair[]
  /** What is left of the matches. */
  fhirpath?: string
  /** Where a connection goes on. */
  cursor?: string
  /** The search parameter by which matches refer to the resource around the field. */
  reference?: string
}

export type Values = ReadonlyMap<string, readonly string[]>
type Variables = Readonly<Record<string, unknown>>

/** Where a field stands, and what its arguments are read with. */
export interface Setting {
  /** At the root of the system; in a resource a search is about what refers to that. */
  isRoot: boolean
  /** What can be searched by. */
  parameters: Parameters
}

/** What an argument is: its scalar by FHIR type or search type, and whether several values may be given. */
export interface Argument {
  readonly type: string
  readonly list?: true
  readonly about?: string
}

const one = (type: string, about: string): Argument => ({ type, about })
const some = (type: string, about: string): Argument => ({ type, about, list: true })

const paging = {
  fhirpath: one('string', 'FHIRPath that must hold for an element'),
  _offset: one('integer', 'How many are left out'),
  _count: one('integer', 'How many at most'),
}
const following = {
  optional: one('boolean', 'A reference that does not resolve is no error'),
  type: some('code', 'Types of resources; others are left out'),
}
const searching = {
  ...paging,
  _filter: some('string', 'Expression of the _filter language: https://hl7.org/fhir/R4/search_filter.html'),
  _sort: some('string', 'Search parameters, - before one for descending order'),
  _total: one('code', 'none, estimate or accurate'),
}
const reverse = { _reference: one('string', 'Search parameter by which matches refer to this resource') }
const onward = {
  cursor: one('id', 'One of first, previous and next of a page before; stands alone'),
  _cursor: one('id', 'The same as cursor'),
}

/** The arguments that a field can have. */
export function argumentsOf(field: Field, { isRoot, parameters }: Setting): ReadonlyMap<string, Argument> {
  const { kind, scalar, type } = field
  switch (kind) {
    case 'element':
      return new Map(Object.entries(scalar || isOfSearch(type) ? {} : { ...paging, ...filters(type) }))
    case 'resource':
      return new Map(Object.entries(following))
    case 'read':
      return new Map([['id', one('id', 'Logical id')]])
    case 'list':
      return new Map(Object.entries({ ...searching, ...criteria(parameters, type), ...(isRoot ? {} : reverse) }))
    case 'connection':
      return new Map(
        Object.entries({ ...searching, ...criteria(parameters, searchedType(field)), ...(isRoot ? onward : reverse) }),
      )
    default:
      return new Map()
  }
}

/** An edge of a search's page, or the match in it: what is there was found by the search's own arguments. */
const isOfSearch = (type: string) => pageOf(type) !== undefined || isResourceType(type)

/** Members that a list can be narrowed by. */
function filters(type: string): Record<string, Argument> {
  const scalars = [...ownFields(type).values()].filter(({ scalar }) => scalar)
  return Object.fromEntries(scalars.map((field) => [field.name, one(field.type, 'Value that the element must have')]))
}

/** GraphQL names have no dash. */
const argumentName = (code: string) => code.replaceAll('-', '_')

function criteria(parameters: Parameters, type: string): Record<string, Argument> {
  const all = [...parameters.of(type).values()]
  return Object.fromEntries(all.map((one) => [argumentName(one.code), some(one.type, one.description)]))
}

/** The search parameter of an argument: `clinical_status` is `clinical-status`. */
function codeOf(parameters: Parameters, type: string, argument: string): string | undefined {
  const known = parameters.of(type)
  if (known.has(argument)) return argument
  return [...known.keys()].find((code) => argumentName(code) === argument)
}

/**
 * The values of the arguments, as text; those that are null or an absent variable are left out.
 * @throws Invalid  the field has no such argument, or the value is an object
 */
export function valuesOf(field: Field, setting: Setting, nodes: readonly ArgumentNode[], variables: Variables): Values {
  const values = new Map<string, readonly string[]>()
  // GraphQL's own fields know their arguments themselves.
  if (nodes.length === 0 || field.kind === 'introspection') return values
  const known = argumentsOf(field, setting)
  for (const { name, value } of nodes) {
    const argument = known.get(name.value)
    if (!argument) throw unknown(field, name.value, known)
    const texts = textsOf(value, variables)
    if (texts === undefined) continue
    if (texts.length === 0) throw new Invalid(`${field.name}: ${name.value} has no value`)
    if (texts.length > 1 && !argument.list) throw new Invalid(`${field.name}: ${name.value} takes one value`)
    values.set(name.value, texts)
  }
  return values
}

function unknown(field: Field, name: string, known: ReadonlyMap<string, Argument>): Invalid {
  if (field.kind === 'element' && field.scalar)
    return new Invalid(`${field.name} is a primitive: it takes no arguments`)
  const meant = nearest(name, known.keys())
  const hint = meant ? `did you mean ${meant}?` : `it has ${[...known.keys()].join(', ') || 'none'}`
  return new Invalid(`${field.name} has no argument ${name}; ${hint}`)
}

function textsOf(node: ValueNode, variables: Variables): string[] | undefined {
  switch (node.kind) {
    case Kind.VARIABLE:
      return textsOfValue(variables[node.name.value])
    case Kind.NULL:
      return undefined
    case Kind.LIST:
      return node.values.flatMap((value) => textsOf(value, variables) ?? [])
    case Kind.OBJECT:
      throw new Invalid('An object cannot be the value of an argument')
    default:
      return [String(node.value)]
  }
}

function textsOfValue(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value)) return value.flatMap((one) => textsOfValue(one) ?? [])
  return [isDecimal(value) ? decimalText(value) : String(value)]
}

/** Of a field of kind `element`. */
export function navigationOf(values: Values): Navigation {
  const { fhirpath, _offset, _count, ...members } = Object.fromEntries(values)
  return {
    fhirpath: fhirpath?.[0],
    offset: whole('_offset', _offset) ?? 0,
    count: whole('_count', _count) ?? Number.POSITIVE_INFINITY,
    members: Object.entries(members).map(([name, texts]) => [name, texts![0]!] as const),
  }
}

/** Of a field of kind `resource`. */
export function followingOf(values: Values): Following {
  const types = values.get('type')
  const wrong = types?.find((type): boolean => !isResourceType(type))
  if (wrong !== undefined) throw new Invalid(`resource: ${wrong.slice(0, 64)} is not a resource type of FHIR R4`)
  const optional = values.get('optional')?.[0] ?? 'false'
  if (optional !== 'true' && optional !== 'false') throw new Invalid('resource: optional is true or false')
  return { types: types && new Set(types), optional: optional === 'true' }
}

/** Of a field of kind `read`. */
export function idOf(field: Field, values: Values): string {
  const [id] = values.get('id') ?? []
  if (id === undefined) throw new Invalid(`${field.name} needs an id; to search, ask for ${field.name}List`)
  return id
}

/** Of a field of kind `list` or `connection`. */
export function searchingOf(field: Field, { isRoot, parameters }: Setting, values: Values): Searching {
  const type = searchedType(field)
  const { fhirpath, cursor: plain, _cursor, _reference, ...rest } = Object.fromEntries(values)
  const cursor = (plain ?? _cursor)?.[0]
  if (cursor !== undefined && values.size > 1)
    throw new Invalid(`${field.name}: the cursor knows the search; no other argument can stand beside it`)
  const pairs = Object.entries(rest).flatMap(([name, texts]): Pair[] => {
    // Several filters must all hold, so each is a parameter of its own.
    if (name === '_filter') return texts!.map((text) => [name, text])
    const code = codeOf(parameters, type, name)
    return [code === undefined ? [name, texts!.join(',')] : [code, texts!.map(escaped).join(',')]]
  })
  if (!isRoot && _reference === undefined)
    throw new Invalid(`${field.name} needs the argument _reference: the parameter by which they refer to this resource`)
  return {
    pairs,
    fhirpath: fhirpath?.[0],
    cursor,
    reference: _reference && referenceCode(parameters, type, _reference[0]!),
  }
}

/** In GraphQL several values are a list: a comma is no more than a comma. What is escaped already stays so. */
const escaped = (text: string) => text.replace(/\\.|,/gs, (found) => (found === ',' ? '\\,' : found))

function referenceCode(parameters: Parameters, type: string, argument: string): string {
  const code = codeOf(parameters, type, argument)
  const known = parameters.of(type)
  if (code && known.get(code)?.type === 'reference') return code
  const names = [...known.values()].filter((one) => one.type === 'reference').map((one) => argumentName(one.code))
  throw new Invalid(`_reference: ${type} has no reference parameter ${argument}; it has ${names.join(', ') || 'none'}`)
}

function whole(name: string, values: readonly string[] | undefined): number | undefined {
  const text = values?.[0]
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new Invalid(`${name} is a whole number from 0`)
  return Number(text)
}

import { Conflict, FhirError, Unprocessable } from '../base/errors.js'
import {
  isResourceType,
  resourceTypes,
  type SearchParameterDefinition,
  type SearchType,
  typeDefinition,
} from '../fhir/definitions.js'
import { compilePaths, type Path } from '../fhir/path.js'
import { type ParameterRegistry, standard, typesOf } from './parameters.js'
import { members } from './sources.js'
import { isSupported } from './types/composite.js'

/** What a SearchParameter resource says, structure checked. */
export interface SearchParameterResource {
  id?: string
  url: string
  status: string
  code: string
  base: string[]
  type: SearchType
  description?: string
  expression?: string
  target?: string[]
  derivedFrom?: string
  component?: { definition: string; expression: string }[]
}

/** Functions that look beyond the resource: nothing that a write has at hand could answer them. */
const BEYOND = /\b(resolve|memberOf|subsumes|subsumedBy|conformsTo)\s*\(|%terminologies\b/

/**
 * What a SearchParameter asks of the index.
 *
 * @param known  the parameters that there are, without this one
 * @returns undefined when it asks nothing: it is retired or has no expression, or says what a standard parameter says
 * @throws Unprocessable  it cannot be indexed: names the part that is at fault (422)
 * @throws Conflict  another parameter of a base type has its code (409)
 */
export function definitionOf(
  resource: SearchParameterResource,
  known: ParameterRegistry,
): SearchParameterDefinition | undefined {
  const { url, status, code, base, type, description = '', expression, component } = resource
  if ((status !== 'active' && status !== 'draft') || expression === undefined) return undefined
  base.forEach((one, i) => {
    if (!isResourceType(one) && one !== 'Resource' && one !== 'DomainResource')
      throw fault(`base[${i}]`, `${one} is not a resource type of FHIR R4`)
  })
  if (isStandard(resource)) return undefined
  if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(code))
    throw fault('code', 'a name in a query is 1 to 64 of A-Z a-z 0-9 - and starts with a letter; _ is for the standard')
  if (type === 'special') throw fault('type', 'no expression can say what a special parameter does')
  const types = typesOf(base)
  for (const one of types) {
    const other = known.of(one).get(code)
    if (other)
      throw new Conflict(
        `${one} has a search parameter ${code} already, ${other.url}: give this one another code, or say what that one says`,
        { expression: ['SearchParameter.code'] },
      )
  }
  if (known.definition(url))
    throw new Conflict(`Another SearchParameter has the url ${url}`, { expression: ['SearchParameter.url'] })

  const paths = new Map(types.map((one) => [one, pathsOf(expression, one)]))
  if (type !== 'composite') checkValues(type, expression, paths)
  const definition: SearchParameterDefinition = {
    url,
    code,
    base,
    type,
    expression,
    descriptions: Object.fromEntries(types.map((one) => [one, description])),
    ...(type === 'reference' && { target: targetsOf(resource, paths) }),
    ...(type === 'composite' && {
      component: (component ?? []).map((one) => ({
        definition: one.definition.split('|', 1)[0]!,
        expression: one.expression,
      })),
    }),
  }
  if (type === 'composite') checkComposite(definition, types, known)
  return definition
}

/** Whether two definitions put the same into the index. */
export function indexesAlike(a: SearchParameterDefinition, b: SearchParameterDefinition): boolean {
  const what = ({ code, type, base, expression, target, component }: SearchParameterDefinition) =>
    JSON.stringify([
      code,
      type,
      [...base].sort(),
      expression,
      [...(target ?? [])].sort(),
      component?.map((c) => [c.definition, c.expression]),
    ])
  return what(a) === what(b)
}

/** Whether it is interpreted for every write, many times slower than what is compiled. */
export function isInterpreted(definition: SearchParameterDefinition): boolean {
  return typesOf(definition.base).some((type) =>
    compilePaths(definition.expression!, type).some((path) => path.type === 'dynamic'),
  )
}

/**
 * It is the standard's own, or derived from that and finds the same, as those of implementation guides do: the
 * standard's index serves it. One that has the url of a standard parameter and says something else is refused: what
 * other clients know by that name must stay what it is.
 */
function isStandard({ url, derivedFrom, code, base, type, expression }: SearchParameterResource): boolean {
  const origin = [url, derivedFrom].find((one) => one !== undefined && standard.definition(one))
  if (origin === undefined) return false
  const isAlike = typesOf(base).every((one) => {
    const theirs = standard.of(one).get(code)
    // What the standard says of every resource, guides say of one type: Resource.id, Patient.id
    const parts = (text: string) =>
      [one, 'Resource', 'DomainResource']
        .flatMap((root) => members(text, root).map((member) => member.replace(root, one)))
        .map((member) => member.replace(/\s+/g, ' '))
        .sort()
        .join('|')
    return theirs?.url === origin && theirs.type === type && parts(theirs.expression) === parts(expression ?? '')
  })
  if (isAlike) return true
  if (origin !== url) return false
  throw new Conflict(
    `${url} is a parameter of FHIR R4, which this server has as the standard defines it, and this one says otherwise: give it a url and a code of its own`,
    { expression: ['SearchParameter.url'] },
  )
}

function pathsOf(expression: string, type: string): readonly Path[] {
  const paths = asFault('expression', type, () => compilePaths(expression, type), hint(expression))
  if (paths.length === 0) throw fault('expression', `it says nothing of ${type}, which is a base`)
  const [beyond] = paths.some(({ type }) => type === 'dynamic') ? (BEYOND.exec(expression) ?? []) : []
  if (beyond)
    throw fault(
      'expression',
      `${beyond.replace(/\s*\($/, '()')} looks beyond the resource, which an index cannot follow; where(resolve() is Type) is possible`,
    )
  return paths
}

/** Guides write `valueDateTime`, as JSON does. */
function hint(expression: string): string {
  const [, written, type] = /\.(value([A-Z]\w*))/.exec(expression) ?? []
  if (!written || !type) return ''
  const primitive = type[0]!.toLowerCase() + type.slice(1)
  return `; what JSON calls ${written} is value.ofType(${typeDefinition(primitive) ? primitive : type}) in FHIRPath`
}

const TEXT = ['string', 'markdown', 'code', 'id']
const URIS = ['uri', 'url', 'canonical', 'oid', 'uuid']
const QUANTITIES = [
  'Quantity',
  'Age',
  'Count',
  'Distance',
  'Duration',
  'Money',
  'MoneyQuantity',
  'SimpleQuantity',
  'Range',
]
const NUMBERS = ['decimal', 'integer', 'positiveInt', 'unsignedInt']
const CODED = ['CodeableConcept', 'Coding', 'Identifier', 'ContactPoint']

/** FHIR types that have a meaning for a search type; what else an expression finds is passed over. */
const VALUES: Partial<Record<SearchType, readonly string[]>> = {
  number: [...NUMBERS, 'Range'],
  date: ['date', 'dateTime', 'instant', 'Period', 'Timing'],
  string: [...TEXT, ...URIS, ...CODED, 'HumanName', 'Address', 'Annotation', 'Reference'],
  token: [...TEXT, ...URIS, ...CODED, 'boolean', 'date', 'dateTime', 'instant', 'time', ...NUMBERS],
  reference: ['Reference', ...URIS],
  quantity: [...QUANTITIES, ...NUMBERS],
  uri: [...URIS, 'string'],
}

function checkValues(type: SearchType, expression: string, paths: ReadonlyMap<string, readonly Path[]>) {
  for (const [base, those] of paths) {
    const found = [...new Set(those.map((path) => path.type))]
    if (found.some((one) => one === 'dynamic' || VALUES[type]?.includes(one))) continue
    const listed = found.length > 5 ? `${found.slice(0, 5).join(', ')} …` : found.join(', ')
    throw fault(
      'expression',
      `on ${base} ${expression} finds ${listed}, which a parameter of type ${type} cannot search; it can ${VALUES[type]?.join(', ')}`,
    )
  }
}

/** Those listed, else those that the elements allow: a bare id in a query needs to know of which type it is. */
function targetsOf(
  { target }: SearchParameterResource,
  paths: ReadonlyMap<string, readonly Path[]>,
): readonly string[] {
  target?.forEach((one, i) => {
    if (!isResourceType(one)) throw fault(`target[${i}]`, `${one} is not a resource type of FHIR R4`)
  })
  if (target?.length) return target
  const all = [...paths.values()].flat()
  return all.some((path) => !path.targets) ? resourceTypes : [...new Set(all.flatMap((path) => path.targets!))]
}

function checkComposite(definition: SearchParameterDefinition, types: readonly string[], known: ParameterRegistry) {
  const component = definition.component ?? []
  if (component.length < 2) throw fault('component', 'a composite has two components or more')
  component.forEach((one, i) => {
    if (!known.definition(one.definition))
      throw fault(`component[${i}].definition`, `${one.definition} is no search parameter that this server knows`)
  })
  const own = known.with([definition])
  for (const type of types) {
    const parameter = own.of(type).get(definition.code)!
    asFault('component', type, () => parameter.components).forEach(({ paths }, i) => {
      if (paths.every((those) => those.length === 0))
        throw fault(`component[${i}].expression`, `it finds nothing where the composite starts on ${type}`)
    })
    if (!isSupported(parameter))
      throw fault(
        'component',
        'this combination cannot be indexed; a token with a token, a quantity or a reference can',
      )
  }
}

/** What a compiler says of an expression, as a fault of the element that holds it. */
function asFault<T>(element: string, type: string, compile: () => T, hint = ''): T {
  try {
    return compile()
  } catch (cause) {
    if (cause instanceof FhirError) throw fault(element, `on ${type}: ${cause.message}${hint}`)
    throw cause
  }
}

function fault(element: string, what: string): Unprocessable {
  return new Unprocessable(`SearchParameter.${element}: ${what}`, { expression: [`SearchParameter.${element}`] })
}
